'use strict';

const shm = require('../index');
const { isOurs } = require('../memory/ours');
const { inventory, withProcesses } = require('./inventory');
const { UsageError, keyOf } = require('./options');
const { destroyOrphan, identified: idOf } = require('./orphans');
const { findProcesses, identityOf } = require('./processes');
const { counted, keyText, printable, processesText, sizeText } = require('./text');

const help = `Usage: shm-typed-array rm [--yes] [--] KEY…
       shm-typed-array rm [--yes] --orphans [--mine] [--prefix NAME] [--all]

Destroys segments (a number, decimal or 0x…) and objects (a /name). Processes that have them
attached keep them until they detach, and no others can get them. On a terminal it asks first.
What has been replaced since it was looked at stays.

  --yes           do not ask
  --orphans       destroy what no process has attached (see ls --orphans) and what carries a mark
                  of this package: the header of an object, the mark of transient memory, or the
                  magic number of a structure
  --mine          of these, only what belongs to this user
  --prefix NAME   of these, only objects whose names begin like this
  --all           also orphans that carry no mark: plain segments, and files of other programs
  --              no options follow: rm -- -5
`;

const options = /** @type {any} */ ({ yes: 'flag', orphans: 'flag', mine: 'flag', prefix: 'text', all: 'flag' });

async function run({ keys, flags }) {
  if ((keys.length > 0) === Boolean(flags.orphans)) throw new UsageError('rm takes KEYs, or --orphans');
  const narrowing = ['mine', 'prefix', 'all'].find((name) => flags[name] !== undefined);
  if (narrowing !== undefined && !flags.orphans) throw new UsageError(`--${narrowing} goes with --orphans`);
  const found = (flags.orphans ? orphans(flags) : eachOnce(keys.map(look))).map(identified);
  const targets = found.filter((target) => target !== null);
  if (targets.length > 0 && !flags.yes && !(await confirmed(targets))) return 1;
  const destroyed = targets.filter((target) => destroy(target, flags.orphans));
  return destroyed.length === found.length ? 0 : 1;
}

/** What `stat` tells of a key as typed; null if there is nothing, which the user is told. */
function look(text) {
  const status = shm.stat(keyOf(text));
  if (status === null) complain(`there is no ${text}`);
  return status;
}

/** Memory that was named twice is destroyed once. */
function eachOnce(statuses) {
  const keys = statuses.map((status) => status && status.key);
  return statuses.filter((status, index) => status === null || keys.indexOf(status.key) === index);
}

function orphans(flags) {
  const { entries, unseen } = inventory(Object.assign({}, flags, { orphans: true }));
  const chosen = entries.filter((entry) => flags.all || isOurs(entry));
  const rest = entries.length - chosen.length;
  process.stderr.write(unseen);
  if (rest > 0) process.stderr.write(`${counted(rest, 'orphan carries', 'orphans carry')} no mark of this package: --all destroys ${rest === 1 ? 'it' : 'them'}, too.\n`);
  if (chosen.length === 0) process.stdout.write('There are no orphans to destroy.\n');
  return chosen;
}

/** With what tells it from later memory of the same key. */
function identified(status) {
  if (status === null) return null;
  return { key: status.key, label: keyText(status), size: status.size, identity: identityOf(status), id: idOf(status) };
}

/** Destroys what has been shown, unless another has its key by now or, if asked for, somebody has it attached. */
function destroy({ key, label, identity, id }, onlyOrphans) {
  /** @type {string | null} */
  let reason = null;
  try {
    // A segment without a key is known by its id alone.
    if (key !== null) reason = reasonToKeep(key, identity, onlyOrphans);
    const told = reason === null && onlyOrphans ? destroyOrphan(...id) : null;
    if (told === false) reason = 'somebody has attached or removed it meanwhile';
    else if (told === null && reason === null && !shm.destroy(key)) reason = 'somebody else has removed it';
  } catch (error) {
    reason = error.message;
  }
  if (reason === null) process.stdout.write(`destroyed ${label}\n`);
  else complain(`${label} was not destroyed: ${reason}`);
  return reason === null;
}

function reasonToKeep(key, identity, onlyOrphans) {
  const status = shm.stat(key);
  if (status === null) return null;
  if (identityOf(status) !== identity) return 'it has been replaced meanwhile';
  if (status.destroyed) return 'it is marked for destruction, and goes with its last user';
  if (!onlyOrphans) return null;
  const { orphan, processes } = withProcesses(status, findProcesses().of, () => {});
  const who = processesText(processes, 3);
  return orphan ? null : `somebody has attached it meanwhile${who && `: ${who}`}`;
}

function complain(what) {
  process.stderr.write(`shm-typed-array rm: ${printable(what)}\n`);
}

function confirmed(targets) {
  if (!process.stdin.isTTY) throw new UsageError('rm asks before it destroys, and there is no terminal to ask on: add --yes');
  process.stdout.write('This destroys:\n');
  for (const { label, size } of targets) process.stdout.write(`  ${label}  ${sizeText(size)}\n`);
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
