'use strict';
// What there is, with the processes that have it mapped and whether anybody is left to care.

const shm = require('../index');
const { findProcesses, isAlive } = require('./processes');

/**
 * `{ entries, hidden }`: what `list()` tells, each with `processes` and `orphan`; and how many
 * processes may not be looked into.
 *
 * @param {{ [flag: string]: any }} flags `mine`: only this user's; `orphans`: only orphans
 */
function inventory(flags) {
  const { of, hidden } = findProcesses();
  const uid = /** @type {any} */ (process).getuid();
  const entries = shm
    .list()
    .map((status) => withProcesses(status, of))
    .filter((entry) => !flags.mine || entry.uid === uid)
    .filter((entry) => !flags.orphans || entry.orphan);
  return { entries, hidden };
}

/** An orphan: nobody has it attached, or the process that created it has ended. */
function withProcesses(status, processesOf) {
  const processes = processesOf(status);
  const orphan =
    status.kind === 'sysv' ? status.attaches === 0 || !isAlive(status.creatorPid) : processes.length === 0;
  return Object.assign({}, status, { processes, orphan });
}

/** What the user should know about processes that could not be looked into. */
function hiddenNote(hidden) {
  if (hidden === 0) return '';
  return `${hidden} ${hidden === 1 ? 'process' : 'processes'} may not be looked into by this user.\n`;
}

module.exports = { hiddenNote, inventory, withProcesses };
