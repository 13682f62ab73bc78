'use strict';
// Atomics on memory that is no SharedArrayBuffer: engines have them from Node 16 on.

const { withCode } = require('../errors');

function hasAtomics() {
  try {
    Atomics.load(new Int32Array(1), 0);
    return true;
  } catch (_) {
    return false;
  }
}

/** What `load()` gives; where the engine has no such Atomics, a class of that name that can only say so. */
function classOf(name, load) {
  if (hasAtomics()) return load();
  const unavailable = function () {
    const message = `A ${name} takes Node.js 16 or newer: the Atomics of ${process.version} refuse memory that other processes share`;
    throw withCode(new Error(message), 'ERR_SHM_UNAVAILABLE');
  };
  Object.defineProperty(unavailable, 'name', { value: name });
  return unavailable;
}

module.exports = { classOf };
