'use strict';
// The arrays over memory. One over an object is an ordinary array to the engine: a property of its own
// would make every function slower that works on both. One over a segment tells its key.

/** What `using` calls, where the runtime has it. @type {any} */
const disposeSymbol = Symbol.dispose;
const { defineProperty } = Object;

/**
 * A function `(buffer, byteOffset, count, itsKey = key)` that makes the array over memory under `key`. With
 * `dispose`, the end of a `using` declaration's block calls `dispose(array, itsKey)`.
 */
function showing(type, key, dispose) {
  if (typeof key === 'string' && dispose === null) return type.view;
  return (buffer, byteOffset, count, itsKey = key) => {
    const array = type.view(buffer, byteOffset, count);
    if (typeof itsKey === 'number') defineProperty(array, 'key', { value: itsKey, writable: true, configurable: true });
    if (dispose !== null && disposeSymbol !== undefined) {
      defineProperty(array, disposeSymbol, { value: () => dispose(array, itsKey), writable: true, configurable: true });
    }
    return array;
  };
}

module.exports = { showing };
