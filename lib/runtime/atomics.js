'use strict';
// What the structures take of the engine: Atomics on memory that is no SharedArrayBuffer, which Node 16 brought, and
// `static` blocks in classes, without which their files cannot be parsed.

const { withCode } = require('../errors');

/** The first Node that has both: major and minor version. */
const FIRST = [16, 11];

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < FIRST[0] || (major === FIRST[0] && minor < FIRST[1]);
}

/** What `load()` gives; where the engine is too old, a class of that name that can only say so. */
function classOf(name, load) {
  if (!isTooOld()) return load();
  const unavailable = function () {
    throw withCode(new Error(`A ${name} takes Node.js ${FIRST.join('.')} or newer, and this is ${process.version}`), 'ERR_SHM_UNAVAILABLE');
  };
  Object.defineProperty(unavailable, 'name', { value: name });
  return unavailable;
}

module.exports = { classOf };
