'use strict';
// What users give to be sent or filled: checks.

const { detached, invalidType, outOfRange, withCode } = require('../errors');

const EMPTY = Buffer.alloc(0);

/** The data as something that has a length in bytes, if it fits. */
function payloadOf(data, size) {
  if (typeof data === 'string') data = Buffer.from(data);
  else if (!ArrayBuffer.isView(data)) throw invalidType('data', 'a Buffer, a TypedArray, a DataView or a string', data);
  if (data.byteLength > size) throw tooLong(data.byteLength, size);
  return data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function tooLong(length, size) {
  const message = `A message of ${length} bytes is too long: the "size" it was created with is ${size} bytes`;
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

/** Checks what the user has set in a loan. */
function checkLoan({ length, tag }, size) {
  if (!Number.isInteger(length) || length < 0 || length > size) throw outOfRange('length', `an integer from 0 to ${size}`, length);
  if (!Number.isInteger(tag) || tag !== (tag | 0)) throw outOfRange('tag', 'an integer of 32 bits, from −2³¹ to 2³¹ − 1', tag);
}

/** Checks what a message is to be copied into: any has to fit, for it is gone from the queue by then. */
function checkTarget(buffer, size) {
  if (!(buffer instanceof Uint8Array)) throw invalidType('buffer', 'a Buffer or Uint8Array', buffer);
  if (buffer.length < size) throw outOfRange('buffer.length', `at least ${size}, the size of a slot`, buffer.length);
}

function checkAttached({ isAttached }) {
  if (!isAttached()) throw detached();
}

module.exports = { EMPTY, checkAttached, checkLoan, checkTarget, payloadOf };
