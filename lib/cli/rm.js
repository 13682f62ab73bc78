'use strict';

const shm = require('../index');
const { inventory, withProcesses } = require('./inventory');
const { UsageError, keyOf } = require('./options');
const { findProcesses, identityOf } = require('./processes');
const { printable, processesText, sizeText } = require('./text');

const help = `Usage: shm-typed-array rm [--yes] [--] KEY…
       shm-typed-array rm [--yes] --orphans [--mine]

Destroys segments (a number, decimal or 0x…) and objects (a /name). Processes that have them
attached keep them until they detach; nobody can get them anew. On a terminal it asks first.
What has been replaced since it was looked at stays.

  --yes       do not ask
  --orphans   destroy what nobody has attached (see ls --orphans)
  --mine      of these, only what belongs to this user
  --          no options follow: rm -- -5
`;

const options = /** @type {any} */ ({ yes: 'flag', orphans: 'flag', mine: 'flag' });

async function run({ keys, flags }) {
  if ((keys.length > 0) === Boolean(flags.orphans)) throw new UsageError('either KEYs or --orphans');
  if (flags.mine && !flags.orphans) throw new UsageError('--mine is for --orphans');
  const found = (flags.orphans ? orphans(flags) : keys.map(look)).map(identified);
  const targets = found.filter((target) => target !== null);
  if (targets.length > 0 && !flags.yes && !(await confirmed(targets))) return 1;
  const destroyed = targets.filter((target) => destroy(target, flags.orphans));
  return destroyed.length === found.length ? 0 : 1;
}

/** What `stat` tells of a key as typed; null if there is nothing, which the user is told. */
function look(text) {
  const status = shm.stat(keyOf(text));
  if (status === null) complain(text, 'is not there');
  return status;
}

function orphans(flags) {
  const { entries, unseen } = inventory(Object.assign({}, flags, { orphans: true }));
  process.stderr.write(unseen);
  return entries.filter((entry) => entry.key !== null);
}

/** With what tells it from later memory of the same key. */
function identified(status) {
  return status === null ? null : { key: status.key, size: status.size, identity: identityOf(status) };
}

/** Destroys what has been shown, unless another has its key by now or, if asked for, somebody has it attached. */
function destroy({ key, identity }, onlyOrphans) {
  let reason;
  try {
    reason = reasonToKeep(key, identity, onlyOrphans);
    if (reason === null && !shm.destroy(key)) reason = 'has gone meanwhile';
  } catch (error) {
    reason = `stays: ${error.message}`;
  }
  if (reason === null) process.stdout.write(`destroyed ${printable(String(key))}\n`);
  else complain(key, reason);
  return reason === null;
}

function reasonToKeep(key, identity, onlyOrphans) {
  const status = shm.stat(key);
  if (status === null) return null;
  if (identityOf(status) !== identity) return 'stays: it has been replaced meanwhile';
  if (!onlyOrphans) return null;
  const { orphan, processes } = withProcesses(status, findProcesses().of);
  const who = processesText(processes, 3);
  return orphan ? null : `stays: it has been attached meanwhile${who && `, by ${who}`}`;
}

function complain(key, what) {
  process.stderr.write(`shm-typed-array rm: ${printable(`${key} ${what}`)}\n`);
}

function confirmed(targets) {
  if (!process.stdin.isTTY) throw new UsageError('there is no terminal to ask on: add --yes');
  for (const { key, size } of targets) process.stdout.write(`  ${printable(String(key))}  ${sizeText(size)}\n`);
  const terminal = require('readline').createInterface({ input: process.stdin, output: process.stdout });
  return new Promise((resolve) => {
    const leave = () => {
      process.stdout.write('\n'); // Ctrl-C and Ctrl-D leave the cursor behind the question
      resolve(false);
    };
    terminal.once('close', leave);
    terminal.question(`Destroy ${targets.length === 1 ? 'it' : `these ${targets.length}`}? [y/N] `, (answer) => {
      terminal.removeListener('close', leave);
      terminal.close();
      resolve(/^y(es)?$/i.test(answer.trim()));
    });
  });
}

module.exports = { help, options, run };
