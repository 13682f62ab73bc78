'use strict';
// What there is, with the processes that have it mapped and whether anybody is left to care.

const shm = require('../index');
const { findProcesses, isAlive } = require('./processes');

/**
 * `{ entries, unseen }`: what `list()` tells, each with `processes` and `orphan`; and what there is
 * to say about processes that cannot be looked into.
 *
 * @param {{ [flag: string]: any }} flags `mine`: only this user's; `orphans`: only orphans
 */
function inventory(flags) {
  const { of, unseen } = findProcesses();
  const uid = /** @type {any} */ (process).getuid();
  const entries = shm
    .list()
    .map((status) => withProcesses(status, of))
    .filter((entry) => !flags.mine || entry.uid === uid)
    .filter((entry) => !flags.orphans || entry.orphan);
  return { entries, unseen };
}

/** An orphan: nobody has it attached, or the process that created it has ended. */
function withProcesses(status, processesOf) {
  const processes = processesOf(status);
  const orphan =
    status.kind === 'sysv' ? status.attaches === 0 || !isAlive(status.creatorPid) : processes.length === 0;
  return Object.assign({}, status, { processes, orphan });
}

module.exports = { inventory, withProcesses };
