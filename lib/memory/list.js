'use strict';
// What there is, or the part of it that is wanted; and the end of what nobody has any more.

const { everything } = require('./stat');
const binding = require('../runtime/binding');
const { isLinux } = require('../runtime/places');
const { withCode } = require('../errors');
const { flag, optionsReader, timeout } = require('../options');

const readers = {
  list: optionsReader('list', { orphans: flag, mine: flag, olderThan: timeout }),
  destroyOrphans: optionsReader('destroyOrphans', { mine: flag, olderThan: timeout }),
};

/** What `stat` tells, of all memory that this user can see and that `filter` lets through. */
function list(filter) {
  const wanted = readers.list(filter);
  return chosen(wanted)
    .filter((memory) => !wanted.orphans || isOrphan(memory) === true)
    .map(({ status }) => status);
}

/** Destroys the orphans among it, and tells of those that it has destroyed. */
function destroyOrphans(filter) {
  const wanted = readers.destroyOrphans(filter);
  return chosen(Object.assign(wanted, { orphans: true }))
    .filter(destroyed)
    .map(({ status }) => status);
}

function chosen({ orphans, mine, olderThan }) {
  if (orphans && !isLinux) {
    const message = 'ENOTSUP: this system tells nobody who has an object attached. `stat(key).attaches` tells of a segment; what is created with { transient: true } goes with its last user';
    throw withCode(new Error(message), 'ENOTSUP');
  }
  const uid = /** @type {any} */ (process).getuid();
  const since = olderThan === undefined ? Infinity : Date.now() - olderThan;
  return everything().filter(({ status }) => (!mine || status.uid === uid) && lastUse(status) <= since);
}

/**
 * When the memory was last changed or, where the kernel tells, attached or detached: milliseconds since 1970.
 *
 * @param {any} status
 */
function lastUse({ changedAt, modifiedAt, attachedAt, detachedAt }) {
  return Math.max(...[changedAt, modifiedAt, attachedAt, detachedAt].map((time) => Number(time || 0)));
}

/** Whether nobody has it attached; null if the system does not tell. */
function isOrphan({ name, id }) {
  return binding.isOrphan(name, id);
}

/** Destroys it if it is an orphan and this user may do that. */
function destroyed({ name, id }) {
  try {
    return binding.destroyOrphan(name, id);
  } catch (error) {
    if (error.code === 'EACCES' || error.code === 'EPERM') return false;
    throw error;
  }
}

module.exports = { destroyOrphans, isOrphan, list };
