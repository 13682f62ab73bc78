'use strict';
// What an orphan is: memory that nobody has any more. What became of its creator says nothing, for
// others may use what it has made.

const binding = require('../runtime/binding');

/**
 * `{ orphan, isSure }`: whether nobody has that memory attached, and whether that is the kernel's word. It
 * tells of an object to its owner and root only; else what /proc tells has to do.
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
  return `Of ${count} ${count === 1 ? 'object' : 'objects'} the kernel does not tell this user who has ${count === 1 ? 'it' : 'them'}: /proc has to do.\n`;
}

/** Destroys it if it is an orphan by the kernel's word; null if that cannot be had. */
function destroyOrphan(name, id) {
  try {
    return binding.destroyOrphan(name, id);
  } catch (error) {
    if (error.syscall === 'fcntl') return null;
    throw error;
  }
}

/** The name of an object, null for a segment, and the number that tells it from later memory of its key. */
function identified({ kind, key, id }) {
  if (kind === 'sysv') return [null, id];
  const found = binding.stat(key);
  return [key, found === null ? 0 : found.inode];
}

module.exports = { destroyOrphan, identified, judge, unsureOf };
