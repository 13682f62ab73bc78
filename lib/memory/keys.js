'use strict';
// Fresh keys for System V segments.

const { KEY_MAX } = require('./arguments');

// Asking the system for random bytes costs more than a shmget, so they are fetched for many keys.
const pool = new Uint32Array(64);
let used = pool.length;

/** A random key. Whether anybody uses it already, only the kernel can tell. */
function freshKey() {
  for (;;) {
    if (used === pool.length) {
      require('crypto').randomFillSync(pool);
      used = 0;
    }
    const key = pool[used++];
    if (key >= 1 && key <= KEY_MAX) return key;
  }
}

module.exports = { freshKey };
