'use strict';
// What says which array is meant: its type, how many elements, from which byte on.

const { invalidType, outOfRange, show, withCode } = require('../errors');
const { BufferType, types } = require('./types');

/** How an array of that type key (a name, or its number) is made; `'Buffer'` if none is given. */
function typeOf(typeKey) {
  const type = types.get(typeKey === undefined ? 'Buffer' : typeKey);
  if (type === undefined) {
    const known = Object.keys(BufferType).join(', ');
    const name = typeof typeKey === 'string' ? typeKey : show(typeKey);
    throw withCode(
      new TypeError(`Unknown type key ${name}. This runtime has: ${known}, or their numbers in BufferType`),
      'ERR_INVALID_ARG_VALUE',
    );
  }
  return type;
}

/** Checks a number of elements, and gives the number of bytes they take. */
function bytesOf(count, type, argument = 'count') {
  if (typeof count !== 'number') throw invalidType(argument, 'a number', count);
  if (!Number.isInteger(count) || count < 1 || count > type.countMax) {
    throw outOfRange(argument, `an integer from 1 to ${type.countMax}`, count);
  }
  return count * type.bytes;
}

/** Checks an offset in bytes: elements are aligned to their size. */
function checkOffset(offset, type, argument = 'offset') {
  if (typeof offset !== 'number') throw invalidType(argument, 'a number of bytes', offset);
  if (!Number.isSafeInteger(offset) || offset < 0 || offset % type.bytes !== 0) {
    const step = type.bytes > 1 ? ` and a multiple of ${type.bytes}, the bytes of an element` : '';
    throw outOfRange(argument, `a number of bytes, not negative${step}`, offset);
  }
}

module.exports = { bytesOf, checkOffset, typeOf };
