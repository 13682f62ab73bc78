'use strict';

const { NOBODY } = require('../mutex/word');
const owners = require('../runtime/owner');
const { look } = require('./looking');
const { UsageError, keyOf } = require('./options');
const { jsonText, printable, table } = require('./text');

const help = `Usage: shm-typed-array locks [--json] [KEY]

Shows the locks of a LockManager: who holds which, who waits, and since when. Without a KEY, those
of shm.locks, which all processes of this user have in common. Nothing is changed.

  --json   as JSON, an array
`;

/** How many are shown, the oldest first: about each the kernel is asked whether its owner lives. */
const MOST = 1000;

const options = /** @type {any} */ ({ json: 'flag' });

function run({ keys, flags }) {
  if (keys.length > 1) throw new UsageError('locks takes at most one KEY');
  const key = keys.length === 1 ? keyOf(keys[0]) : keyOfUser();
  const seen = look(key, { type: 'Int32Array' });
  if (seen === null && keys.length === 1) throw new Error(`there is no ${key}`);
  const { requests, count } = seen === null ? { requests: [], count: 0 } : requestsIn(key, seen.array);
  if (seen !== null) seen.end();
  if (flags.json) process.stdout.write(`${jsonText(requests)}\n`);
  else if (requests.length > 0) process.stdout.write(`${table(HEADINGS, requests.map(rowOf), ['PID']).join('\n')}\n`);
  if (count > requests.length) process.stderr.write(`… and ${count - requests.length} more\n`);
  if (requests.length === 0 && !flags.json) process.stderr.write('No lock is held or waited for.\n');
}

const keyOfUser = () => require('../locks/key').keyOfUser();

function requestsIn(key, words) {
  const { describe, requestsIn: read } = require('../locks/describe');
  const facts = describe(words);
  if (facts === null) throw new Error(`there are no locks in ${key}: it is something else`);
  const requests = read(words, facts.requests, MOST).map(({ name, state, mode, permits, owner, pid, since }) => ({
    name,
    state,
    mode: permits > 1 ? `${mode}, ${permits} permits` : mode,
    pid,
    alive: isAlive(owner),
    since: new Date(since),
  }));
  return { requests, count: facts.held + facts.pending };
}

/** Whether the thread with that number lives; forged memory names some that there cannot be. */
function isAlive(owner) {
  return owner !== 0 && owner !== NOBODY && owners.isAlive(owner);
}

const HEADINGS = ['NAME', 'STATE', 'MODE', 'PID', 'SINCE'];

function rowOf({ name, state, alive, mode, pid, since }) {
  const time = Number.isNaN(since.getTime()) ? '?' : since.toISOString();
  return [printable(JSON.stringify(name)), alive ? state : `${state} (dead)`, mode, String(pid), time];
}

module.exports = { help, options, run };
