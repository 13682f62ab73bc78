'use strict';
// What an orphan is: memory that nobody has any more. What became of its creator says nothing, for
// others may use what it has made.

/**
 * Whether nobody has that memory attached.
 *
 * @param {any} status of `stat` or `list`
 * @param {{ pid: number, name: string }[]} processes those that are known to have it mapped
 */
function isOrphan(status, processes) {
  return status.kind === 'sysv' ? status.attaches === 0 : processes.length === 0;
}

module.exports = { isOrphan };
