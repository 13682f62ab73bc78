'use strict';
// Fresh keys for System V segments, and keys that have become strings.

const { KEY_MAX, isSegmentKey } = require('./arguments');

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

let hasWarned = false;

/** Warns once if there is no object of that name, and a segment of that number (`stat(number)`). */
function warnOfDigits(name, stat) {
  const digits = name.slice(1);
  const number = Number(digits);
  if (hasWarned || !isSegmentKey(number) || !isThere(number, stat)) return;
  hasWarned = true;
  process.emitWarning(
    `There is no object '${name}', but a System V segment ${digits}: its key is a number, get(${digits})`,
    { code: 'SHM_STRING_KEY' },
  );
}

function isThere(number, stat) {
  try {
    return stat(number) !== null;
  } catch (_) {
    return true; // it is there, and may not be looked at
  }
}

module.exports = { freshKey, warnOfDigits };
