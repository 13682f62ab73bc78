'use strict';
// The keys that a benchmark works with; nothing under them outlives it.

const crypto = require('crypto');
const shm = require('..');

const handedOut = new Set();

/**
 * `count` fresh keys. `kind` is `'sysv'` (numbers, one after the other) or `'posix'` (names that end
 * in numbers, one after the other); `first` is how a contestant is told of them.
 */
function keys(kind, count) {
  const random = crypto.randomBytes(4);
  // Far enough from the end that `count` more are keys as well.
  const first = kind === 'sysv' ? random.readUInt32LE(0) % 2 ** 31 + 1 : `/shm-bench-${random.toString('hex')}-`;
  const all = Array.from({ length: count }, (_, i) => (kind === 'sysv' ? first + i : `${first}${i}`));
  return {
    first,
    all,
    /** Makes 4 KB under each. */
    create(bytes = 4096) {
      all.forEach((key) => shm.create(bytes, 'Buffer', track(key)));
    },
    destroy() {
      all.forEach(destroy);
    },
  };
}

/** Notes a key under which something is about to be made. */
function track(key) {
  handedOut.add(key);
  return key;
}

function destroy(key) {
  shm.destroy(key);
  handedOut.delete(key);
}

/** Destroys all that is left. */
function destroyAll() {
  handedOut.forEach(destroy);
}

module.exports = { destroyAll, keys, track };
