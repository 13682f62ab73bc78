'use strict';
// What there is, with the processes that have it mapped and whether anybody is left to care.

const shm = require('../index');
const { judge, unsureOf } = require('./orphans');
const { findProcesses } = require('./processes');

/**
 * `{ entries, unseen }`: what `list()` tells, each with `processes` and `orphan`; and what there is
 * to say about processes that cannot be looked into, and objects that the kernel does not tell of.
 *
 * @param {{ [flag: string]: any }} flags `mine`: only this user's; `orphans`: only orphans; `prefix`: only objects whose
 * names begin like this
 */
function inventory(flags) {
  const { of, unseen } = findProcesses();
  const uid = /** @type {any} */ (process).getuid();
  let unsure = 0;
  const entries = shm
    .list()
    .filter((status) => (!flags.mine || status.uid === uid) && isNamed(status.key, flags.prefix))
    .map((status) => withProcesses(status, of, () => unsure++))
    .filter((entry) => !flags.orphans || entry.orphan);
  return { entries, unseen: unseen + unsureOf(unsure) };
}

/** Whether a key is a name that begins like this, with or without its slash. */
function isNamed(key, prefix) {
  return prefix === undefined || String(key).startsWith(prefix.startsWith('/') ? prefix : `/${prefix}`);
}

/**
 * What is told of memory, with `processes` that have it mapped and whether it is an `orphan`. `unsure()` is
 * called if only /proc tells that.
 */
function withProcesses(status, processesOf, unsure) {
  const processes = processesOf(status);
  const { orphan, isSure } = judge(status, processes);
  if (!isSure) unsure();
  return Object.assign({}, status, { processes, orphan });
}

module.exports = { inventory, withProcesses };
