'use strict';
// What there is, with the processes that have it mapped and whether anybody is left to care.

const shm = require('../index');
const { isOrphan } = require('./orphans');
const { findProcesses } = require('./processes');

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

/** What is told of memory, with `processes` that have it mapped and whether it is an `orphan`. */
function withProcesses(status, processesOf) {
  const processes = processesOf(status);
  return Object.assign({}, status, { processes, orphan: isOrphan(status, processes) });
}

module.exports = { inventory, withProcesses };
