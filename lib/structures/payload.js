'use strict';
// What is sent: strings, bytes, and what JSON can hold.

const { types } = require('util');
const { byteLengthOf, bytesOf, isView, typeNameOf } = require('../arrays/intrinsics');
const { invalidType, invalidValue, outOfRange, withCode } = require('../errors');

/** The types whose elements are copied byte by byte as they are. */
const BYTES = ['Uint8Array', 'Uint8ClampedArray'];

/** What is to be sent as an array of bytes that fits; a view of the caller's, where that is one. */
function payloadOf(data, size) {
  const bytes = isView(data) ? bytesIn(data) : Buffer.from(typeof data === 'string' ? data : jsonOf(data));
  const length = byteLengthOf(bytes);
  if (length > size) throw tooLong(length, size);
  return bytes;
}

function bytesIn(view) {
  return BYTES.includes(typeNameOf(view)) ? view : bytesOf(view);
}

function jsonOf(data) {
  const json = types.isAnyArrayBuffer(data) || typeof data === 'bigint' ? undefined : JSON.stringify(data);
  if (json === undefined) throw invalidType('data', 'a string, a Buffer, a TypedArray, a DataView or what JSON can hold', data);
  return json;
}

/** The length of a payload, which must be what it was: its buffer can be transferred or resized while a call waits. */
function lengthNow(payload, before) {
  const length = byteLengthOf(payload);
  if (length !== before) throw invalidValue('data', `had ${before} bytes at the call and has ${length} now: it was transferred or resized while the call waited`, payload);
  return length;
}

function tooLong(length, size) {
  const message = `A message of ${length} bytes is too long: the "size" it was created with is ${size} bytes`;
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

/** Checks what a message is to be copied into: any has to fit, for it is gone from the queue by then. */
function checkTarget(buffer, size) {
  if (typeNameOf(buffer) !== 'Uint8Array') throw invalidType('buffer', 'a Buffer or Uint8Array', buffer);
  const length = byteLengthOf(buffer);
  if (length < size) throw outOfRange('buffer.length', `at least ${size}, the size of a slot`, length);
}

module.exports = { checkTarget, lengthNow, payloadOf };
