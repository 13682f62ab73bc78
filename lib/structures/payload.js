'use strict';
// What is sent: strings, bytes, and what JSON can hold.

const { types } = require('util');
const { bytesOf, isView, lengthOf, typeNameOf } = require('../arrays/intrinsics');
const { invalidType, invalidValue, outOfRange, withCode } = require('../errors');

/**
 * What is to be sent as an array of bytes that fits: the caller's own, where it is one, so ask `lengthOf` for its length.
 *
 * @returns {any}
 */
function payloadOf(data, size) {
  const bytes = bytesToSend(data);
  const length = lengthOf(bytes);
  if (length > size) throw tooLong(length, size);
  return bytes;
}

function bytesToSend(data) {
  if (isView(data)) return typeNameOf(data) === 'Uint8Array' ? data : bytesOf(data);
  return Buffer.from(typeof data === 'string' ? data : jsonOf(data));
}

function jsonOf(data) {
  const json = types.isAnyArrayBuffer(data) || typeof data === 'bigint' ? undefined : JSON.stringify(data);
  if (json === undefined) throw invalidType('data', 'a string, a Buffer, a TypedArray, a DataView or what JSON can hold', data);
  return json;
}

/** The length of a payload, which must be what it was: its buffer can be transferred or resized while a call waits. */
function lengthNow(payload, before) {
  const length = lengthOf(payload);
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
  const length = lengthOf(buffer);
  if (length < size) throw outOfRange('buffer.length', `at least ${size}, the size of a slot`, length);
}

module.exports = { checkTarget, lengthNow, payloadOf };
