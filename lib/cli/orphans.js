'use strict';
// What an orphan is: memory that no process has attached. What became of its creator says nothing, for others may
// use what it has made.

const binding = require('../runtime/binding');
const { counted } = require('./text');

/**
 * `{ orphan, isSure }`: whether no process has that memory attached, and whether the kernel says so. It
 * tells only an object's owner and root; else this relies on /proc.
 *
 * @param {any} status of `stat` or `list`
 * @param {{ pid: number, name: string }[]} processes those that are known to have it mapped
 */
function judge(status, processes) {
  const told = binding.isOrphan(...identified(status));
  if (told !== null) return { orphan: told, isSure: true };
  if (status.kind === 'sysv') return { orphan: status.attaches === 0, isSure: true };
  return { orphan: processes.length === 0, isSure: false };
}

/** What to say if that many objects were judged by /proc alone. */
function unsureOf(count) {
  if (count === 0) return '';
  return `The kernel tells only its owner and root who has an object attached: for ${counted(count, 'object')} this relies on /proc.\n`;
}

/** Destroys it if it is an orphan by the kernel's word; null if that cannot be had. */
function destroyOrphan(...identity) {
  try {
    return binding.destroyOrphan(...identity);
  } catch (error) {
    if (error.syscall === 'fcntl') return null;
    throw error;
  }
}

/** The name of an object, null for a segment, and the numbers that tell it from later memory of its key. */
function identified({ kind, key, id }) {
  if (kind === 'sysv') return [null, id];
  const { inode = 0, device = 0 } = binding.stat(key) || {};
  return [key, inode, device];
}

module.exports = { destroyOrphan, identified, judge, unsureOf };
