'use strict';

const shm = require('../index');
const { inventory } = require('./inventory');
const { UsageError, keyOf } = require('./options');
const { printable, sizeText } = require('./text');

const help = `Usage: shm-typed-array rm [--yes] KEY…
       shm-typed-array rm [--yes] --orphans [--mine]

Destroys segments (a number, decimal or 0x…) and objects (a /name). Processes that have them
attached keep them until they detach; nobody can get them anew. On a terminal it asks first.

  --yes       do not ask
  --orphans   destroy what nobody has attached, or whose creator has ended (see ls --orphans)
  --mine      of these, only what belongs to this user
`;

const options = /** @type {any} */ ({ yes: 'flag', orphans: 'flag', mine: 'flag' });

async function run({ keys, flags }) {
  if ((keys.length > 0) === Boolean(flags.orphans)) throw new UsageError('either KEYs or --orphans');
  if (flags.mine && !flags.orphans) throw new UsageError('--mine is for --orphans');
  const targets = flags.orphans ? orphans(flags) : keys.map(keyOf);
  const there = targets.filter((key) => shm.stat(key) !== null);
  for (const key of targets.filter((target) => !there.includes(target))) complain(key, 'is not there');
  if (there.length > 0 && !flags.yes && !(await confirmed(there))) return 1;
  const destroyed = there.filter(destroy);
  return destroyed.length === targets.length ? 0 : 1;
}

function orphans(flags) {
  const { entries, unseen } = inventory(flags);
  process.stderr.write(unseen);
  return entries.map((entry) => entry.key).filter((key) => key !== null);
}

function destroy(key) {
  try {
    if (shm.destroy(key)) {
      process.stdout.write(`destroyed ${printable(String(key))}\n`);
      return true;
    }
    complain(key, 'has gone meanwhile');
  } catch (error) {
    complain(key, `stays: ${error.message}`);
  }
  return false;
}

function complain(key, what) {
  process.stderr.write(`shm-typed-array rm: ${printable(`${key} ${what}`)}\n`);
}

function confirmed(keys) {
  if (!process.stdin.isTTY) throw new UsageError('there is no terminal to ask on: add --yes');
  for (const key of keys) {
    const status = shm.stat(key);
    if (status !== null) process.stdout.write(`  ${printable(String(key))}  ${sizeText(status.size)}\n`);
  }
  const terminal = require('readline').createInterface({ input: process.stdin, output: process.stdout });
  return new Promise((resolve) => {
    terminal.on('close', () => resolve(false));
    terminal.question(`Destroy ${keys.length === 1 ? 'it' : `these ${keys.length}`}? [y/N] `, (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()));
      terminal.close();
    });
  });
}

module.exports = { help, options, run };
