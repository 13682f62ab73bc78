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
  const text = jsonOf(value);
  if (text === undefined) throw invalidType('value', EXPECTED, value);
  return new Json(text);
}

/** Whether JSON would make `{}` of it. */
function hasNoJson(value) {
  if (typeof value !== 'object' || value === null || typeof value.toJSON === 'function') return false;
  return types.isMap(value) || types.isSet(value) || types.isPromise(value) || types.isAnyArrayBuffer(value);
}

function jsonOf(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw isRefused(value) ? Object.assign(invalidType('value', EXPECTED, value), { cause: error }) : error;
  }
}

/** Whether JSON itself throws, at a circle or a BigInt, whose error names no argument; not a `toJSON` of the caller's. */
function isRefused(value) {
  /** The objects around the part that is looked at. @type {any[]} */
  const around = [];
  let isFound = false;
  /** @this {any} */
  const look = function (_, part) {
    while (around.length > 0 && around[around.length - 1] !== this) around.pop();
    isFound = isFound || typeof part === 'bigint' || types.isBigIntObject(part) || around.includes(part);
    if (typeof part === 'object' && part !== null) around.push(part);
    return part;
  };
  try {
    JSON.stringify(value, look);
  } catch (_) {
    // What was thrown first is what is told.
  }
  return isFound;
}

/** The value that JSON tells; undefined if it is none: it was not written by this package. */
function parsed({ text }) {
  try {
    return JSON.parse(text);
  } catch (_) {
    return undefined;
  }
}

module.exports = { parsed, storable };
