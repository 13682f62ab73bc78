'use strict';
// list: all memory, or a part of it. destroyOrphans: the end of memory that is not attached any more.

const { nameOf } = require('./keys');
const { isOurs } = require('./ours');
const { everything } = require('./stat');
const binding = require('../runtime/binding');
const { isLinux } = require('../runtime/places');
const { systemError } = require('../errors');
const { flag, optionsReader, timeout } = require('../options');

/** What names of objects begin with, as a name with its slash. */
function prefix(value, argument) {
  return nameOf(value, argument);
}

const readers = {
  list: optionsReader('list', { orphans: flag, mine: flag, olderThan: timeout, prefix }),
  destroyOrphans: optionsReader('destroyOrphans', { mine: flag, olderThan: timeout, prefix, all: flag }),
};

/** What `stat` tells, of all memory that this user can see and that `filter` lets through. */
function list(filter) {
  const wanted = readers.list(filter);
  if (wanted.orphans) checkTold();
  return chosen(wanted)
    .filter((memory) => !wanted.orphans || isOrphan(memory) === true)
    .map(({ status }) => status);
}

/** Destroys the orphans among it, this package's or with `all` any, and returns what `stat` told of each. */
function destroyOrphans(filter) {
  const wanted = readers.destroyOrphans(filter);
  checkTold();
  return chosen(wanted)
    .filter((memory) => isOrphan(memory) === true && (wanted.all || isOurs(memory.status)) && destroyed(memory))
    .map(({ status }) => status);
}

/** Throws where the system does not know orphans. */
function checkTold() {
  if (!isLinux) {
    const message = 'this system does not tell which processes have an object attached. `stat(key).attaches` tells it of a segment; what is created with { transient: true } goes with its last user';
    throw systemError('ENOTSUP', 'fcntl', message);
  }
}

function chosen({ mine, olderThan, prefix: start }) {
  const uid = /** @type {any} */ (process).getuid();
  const since = olderThan === undefined ? Infinity : Date.now() - olderThan;
  const isNamed = (key) => start === undefined || (typeof key === 'string' && key.startsWith(start));
  return everything().filter(({ status }) => (!mine || status.uid === uid) && isNamed(status.key) && lastUse(status) <= since);
}

/**
 * When the memory was last changed or, where the kernel tells, attached or detached: milliseconds since 1970.
 *
 * @param {any} status
 */
function lastUse({ changedAt, modifiedAt, attachedAt, detachedAt }) {
  return Math.max(...[changedAt, modifiedAt, attachedAt, detachedAt].map((time) => Number(time || 0)));
}

/** Whether no process has it attached; null if the system does not tell. @param {any} memory */
function isOrphan({ name, id, device }) {
  return name === null ? binding.isOrphan(null, id) : binding.isOrphan(name, id, device);
}

/** Destroys it if it is still that very memory, an orphan, and this user may do that. @param {any} memory */
function destroyed({ name, id, device }) {
  try {
    return name === null ? binding.destroyOrphan(null, id) : binding.destroyOrphan(name, id, device);
  } catch (error) {
    if (error.code === 'EACCES' || error.code === 'EPERM') return false;
    throw error;
  }
}

module.exports = { destroyOrphans, isOrphan, list };
