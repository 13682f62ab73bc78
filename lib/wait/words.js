'use strict';
// The 32-bit words of shared memory that can be waited for: which arrays have them, and atomics on
// them where the runtime's own refuse.

const { isWithdrawn } = require('../arrays/buffers');
const { detached, invalidType, invalidValue, outOfRange } = require('../errors');
const binding = require('../runtime/binding');

const TypedArray = Object.getPrototypeOf(Int32Array);
const tag = /** @type {any} */ (Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag));

/** Checks that an array has a word at an index, as far as JavaScript can tell. */
function checkWord(int32Array, index) {
  if (tag.get.call(int32Array) !== 'Int32Array') {
    throw invalidType('int32Array', 'an Int32Array over memory of this package', int32Array);
  }
  if (typeof index !== 'number') throw invalidType('index', 'a number', index);
  const { buffer, length } = int32Array;
  if (length === 0 && isDetached(buffer)) throw detached();
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw outOfRange('index', `an integer from 0 to ${length - 1}`, index);
  }
}

/** Whether nothing can be made over the buffer any more. */
function isDetached(buffer) {
  try {
    new Uint8Array(buffer);
    return false;
  } catch (_) {
    return true;
  }
}

/** Why the native side does not know the memory under an array. */
function unknownMemory(int32Array) {
  if (isWithdrawn(int32Array.buffer)) return detached();
  const isPosted = !(int32Array.buffer instanceof ArrayBuffer);
  const reason = isPosted
    ? "is over a SharedArrayBuffer that this thread has not attached: what another thread has posted can be read and written here, but not waited for. Attach its key in this thread, too: get(key, 'Int32Array')"
    : 'must be over shared memory that this thread has attached, and not by readOnly or copyOnWrite, whose pages are its own';
  return invalidValue('int32Array', reason, int32Array);
}

/** `Atomics.compareExchange`; before Node 16 that works on a SharedArrayBuffer only. */
function compareExchangeHere() {
  try {
    Atomics.compareExchange(new Int32Array(1), 0, 0, 0);
    return Atomics.compareExchange;
  } catch (_) {
    return (int32Array, index, expected, replacement) => {
      const found = binding.compareExchange(int32Array, index, expected, replacement);
      if (found === null) throw unknownMemory(int32Array);
      return found;
    };
  }
}

module.exports = { checkWord, compareExchange: compareExchangeHere(), unknownMemory };
