'use strict';
// The arrays over memory. One over an object is an ordinary array to the engine: a property of its own
// would make every function slower that works on both. One over a segment tells its key.

/** What `using` calls, where the runtime has it. @type {any} */
const disposeSymbol = Symbol.dispose;
const { defineProperty } = Object;

const { overlay } = require('./buffers');

/**
 * A function `(request, shown)` that makes the array of a request for memory, `{ type, key, offset, count,
 * disposable, doesNotFit }`. Without a count it shows as many elements as fit from the offset on (bytes); it
 * throws `doesNotFit(request, has)` if the memory's `has` bytes cannot be shown so. `shown` is what the
 * native side gives: a buffer that is all data, or `[buffer, byteOffset, byteLength]`, which is a buffer
 * of the engine, for `overlay()` to look after. `dispose(array)` is called at the end of a `using`
 * declaration's block.
 */
function createView(dispose) {
  return function view(request, shown) {
    const { type, key, offset, disposable } = request;
    const isPart = Array.isArray(shown);
    const buffer = isPart ? shown[0] : shown;
    const start = isPart ? shown[1] : 0;
    const has = isPart ? shown[2] : buffer.byteLength;
    const count = request.count === undefined ? Math.floor((has - offset) / type.bytes) : request.count;
    if (count < 0 || count > type.countMax || offset + count * type.bytes > has) throw request.doesNotFit(request, has);
    if (isPart) overlay().adopt(buffer);
    const array = type.view(buffer, start + offset, count);
    if (typeof key === 'number') defineHidden(array, 'key', key);
    if (disposable && disposeSymbol !== undefined) defineHidden(array, disposeSymbol, () => dispose(array));
    return array;
  };
}

/** Defines a property that does not show in loops. With all four attributes V8 is a quarter faster. */
function defineHidden(array, name, value) {
  defineProperty(array, name, { value, writable: true, enumerable: false, configurable: true });
}

module.exports = { createView };
