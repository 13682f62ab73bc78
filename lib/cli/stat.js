'use strict';

const shm = require('../index');
const { rowsOf } = require('./facts');
const { withProcesses } = require('./inventory');
const { unsureOf } = require('./orphans');
const { UsageError, keyOf } = require('./options');
const { findProcesses } = require('./processes');
const { structureOf } = require('./structures');
const { jsonText, keyText, printable, processesText, sizeText, userText } = require('./text');

const help = `Usage: shm-typed-array stat [--json] KEY…

Tells everything that the system tells about segments (a number, decimal or 0x…) and objects
(a /name), which processes have them attached, and what a Channel, Topic or SharedMap holds.

  --json   as JSON, an array
`;

const options = /** @type {any} */ ({ json: 'flag' });

function run({ keys, flags }) {
  if (keys.length === 0) throw new UsageError('stat takes at least one KEY');
  const { of, unseen } = findProcesses();
  const found = [];
  let unsure = 0;
  for (const key of keys.map(keyOf)) {
    const status = shm.stat(key);
    if (status === null) process.stderr.write(`shm-typed-array stat: there is no ${printable(String(key))}\n`);
    else found.push(withStructure(withProcesses(status, of, () => unsure++)));
  }
  const text = flags.json ? jsonText(found) : found.map(describe).join('\n\n');
  if (text !== '') process.stdout.write(`${text}\n`);
  process.stderr.write(unseen + unsureOf(unsure));
  return found.length === keys.length ? 0 : 1;
}

/** With what it is beyond memory, if that is a channel, a topic or a map. */
function withStructure(entry) {
  const structure = structureOf(entry, entry.processes);
  return structure === null ? entry : Object.assign(entry, { structure });
}

function describe(entry) {
  const time = (date) => (date === null ? 'never' : date.toISOString());
  const fields = [
    ['key', entry.kind === 'sysv' ? `${entry.key} (0x${entry.key.toString(16)})` : keyText(entry)],
    ['kind', entry.kind === 'sysv' ? 'System V segment' : 'POSIX object'],
    ['size', `${entry.size} bytes${entry.size >= 1024 ? ` (${sizeText(entry.size)})` : ''}`],
    ['owner', `${userText(entry.uid)} (uid ${entry.uid}, gid ${entry.gid})`],
    ['permissions', entry.perm],
    ['processes', processesText(entry.processes, Infinity) || 'none that this user can see'],
    ['changed', time(entry.changedAt)],
  ];
  if (entry.transient || entry.destroyed) fields.push(['lifetime', 'goes with its last user']);
  if (entry.kind === 'posix') fields.push(['modified', time(entry.modifiedAt)]);
  else {
    fields.push(
      ['attaches', entry.attaches],
      ['id', entry.id],
      ['created by', `process ${entry.creatorPid}`],
      ['last used by', `process ${entry.lastPid}`],
      ['attached', time(entry.attachedAt)],
      ['detached', time(entry.detachedAt)],
    );
  }
  if (entry.structure) fields.push(...rowsOf(entry.structure));
  return fields.map(([name, value]) => `${`${name}:`.padEnd(14)}${value}`).join('\n');
}

module.exports = { help, options, run };
