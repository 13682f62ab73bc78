'use strict';
// What a SharedMap stores: strings, numbers and bytes as they are, and as JSON what JSON can hold.

const { types } = require('util');
const { bytesOf, typeNameOf } = require('../arrays/intrinsics');
const { invalidType } = require('../errors');
const { Json } = require('./entry');

const EXPECTED = 'a string, a number, a Uint8Array, or what JSON can hold';

/** The value as a draft takes it. It may run code of the caller's (toJSON), so no draft may be in the making. */
function storable(value) {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (ArrayBuffer.isView(value)) {
    if (typeNameOf(value) !== 'Uint8Array') throw invalidType('value', `${EXPECTED}; of another view, a Uint8Array over its bytes`, value);
    return bytesOf(value);
  }
  if (hasNoJson(value)) throw invalidType('value', EXPECTED, value);
  const text = JSON.stringify(value);
  if (text === undefined) throw invalidType('value', EXPECTED, value);
  return new Json(text);
}

/** Whether JSON would make `{}` of it, or throw an error that names no argument. */
function hasNoJson(value) {
  if (typeof value === 'bigint') return !hasToJson(value);
  if (typeof value !== 'object' || value === null || hasToJson(value)) return false;
  return types.isMap(value) || types.isSet(value) || types.isPromise(value) || types.isAnyArrayBuffer(value);
}

const hasToJson = (value) => typeof value.toJSON === 'function';

/** The value that JSON tells; undefined if it is none: it was not written by this package. */
function parsed({ text }) {
  try {
    return JSON.parse(text);
  } catch (_) {
    return undefined;
  }
}

module.exports = { parsed, storable };
