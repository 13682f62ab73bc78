'use strict';
// What a thread has one of, however many copies of lib/ it has loaded: test runners load the files
// anew for every test file and keep the addon. Everything else belongs to one copy.

const KEPT = Symbol.for('shm-typed-array.thread');

const process_ = /** @type {any} */ (process);
if (process_[KEPT] === undefined) Object.defineProperty(process, KEPT, { value: new Map() });

/** @type {Map<string, any>} */
const kept = process_[KEPT];

/** What `make()` returned to the first copy that asked for `name` in this thread. */
function oncePerThread(name, make) {
  if (!kept.has(name)) kept.set(name, make());
  return kept.get(name);
}

module.exports = { oncePerThread };
