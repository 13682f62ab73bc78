'use strict';
// Failures of the calls that the addon makes, to the system or to Node-API: what
// test/torture/inject/inject.c is told, and the processes that it is preloaded into.

const fs = require('fs');
const path = require('path');
const { check, compile, ended, forkArgv, isLinux, start, temporaryFolder } = require('./harness');

const NUMBERS = 9;
const NAME = 64;
const BYTES = NUMBERS * 4 + 2 * NAME;

const file = process.env.SHM_INJECT ? fs.openSync(process.env.SHM_INJECT, 'r+') : -1;

/**
 * The call number `left` (1: the next; 0: none) is to fail with `error`, and, if `sticky`, all of its name
 * from then on; `times` lets so many in a row fail. Only calls of the name `only` count, if it is given. `nodeApi` counts calls to Node-API in place of those to the system.
 * With `stop` the process stops before that call instead. With `noLease` no lease is granted.
 */
function order({ left = 0, error = 0, sticky = false, noPageSize = false, nodeApi = false, refuseExternal = false, times = 1, stop = false, noLease = false, only = '' }) {
  const bytes = Buffer.alloc(BYTES);
  const numbers = [left, error, sticky, noPageSize, nodeApi, refuseExternal, times, stop, noLease];
  numbers.forEach((value, index) => bytes.writeInt32LE(Number(value), index * 4));
  bytes.write(only, NUMBERS * 4 + NAME, 'latin1');
  fs.writeSync(file, bytes, 0, bytes.length, 0);
}

/** The name of the call that failed, or '' if there were fewer. */
function failedCall() {
  const bytes = Buffer.alloc(BYTES);
  fs.readSync(file, bytes, 0, bytes.length, 0);
  return bytes.toString('latin1', NUMBERS * 4).replace(/\0.*/, '');
}

/** The number of a call by syscall(2) that inject.c has no name for; 0 if there was none. */
function unnamedCall() {
  const bytes = Buffer.alloc(4);
  fs.readSync(file, bytes, 0, 4, BYTES);
  return bytes.readInt32LE(0);
}

/**
 * Runs `script` as `--role=victim` for each part, with the calls of its addon under orders, and adds up
 * the counts that it sends.
 */
async function runVictims(script, parts, counts) {
  if (!isLinux) return { skip: 'preloading is done on Linux only' };
  const library = compile(path.join('inject', 'inject.c'));
  if (library === null) return { skip: 'needs a C compiler (cc)' };
  const orders = path.join(temporaryFolder(), 'orders');
  fs.writeFileSync(orders, Buffer.alloc(BYTES + 4));
  const env = Object.assign({}, process.env, { LD_PRELOAD: library, SHM_INJECT: orders });
  for (const part of parts) {
    const child = start(script, ['--role=victim', `--part=${part}`], {
      env,
      execArgv: ['--expose-gc'].concat(forkArgv),
      stdio: ['ignore', 'ignore', part === 'panic' ? 'ignore' : 'inherit', 'ipc'],
    });
    child.on('message', (found) => add(counts, found));
    const { code, signal } = await ended(child);
    check(code === 0, `${part} ended with`, code, signal);
  }
  return undefined;
}

function add(counts, found) {
  for (const name of Object.keys(found).filter((key) => key !== 'calls')) counts[name] = (counts[name] || 0) + found[name];
  if (found.calls.length > 0) counts[`kinds of call (${found.calls.sort().join(' ')})`] = found.calls.length;
}

module.exports = { failedCall, order, runVictims, unnamedCall };
