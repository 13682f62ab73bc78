'use strict';
// Checks what mapFile and the functions on its arrays are given.

const { bytesOf, checkOffset } = require('../arrays/arguments');
const { isDetached } = require('../arrays/buffers');
const intrinsics = require('../arrays/intrinsics');
const { detached, invalidType, invalidValue, outOfRange } = require('../errors');
const { flag, optionsReader, permissions } = require('../options');
const binding = require('../runtime/binding');

const { byteLengthOf, elementBytesOf, isView, typeNameOf } = intrinsics;

/** The offset and the counts are checked with the type that they are of. */
const asGiven = (value) => value;
const isWritten = ({ write, create }) => write === true || create !== undefined;

const readOptions = optionsReader(
  'mapFile',
  { write: flag, create: asGiven, perm: permissions, reserve: flag, offset: asGiven, count: asGiven, populate: flag, shared: flag, disposable: flag },
  [
    [({ create, write }) => create !== undefined && write === false, '"create" makes a file to be written, and "write" is false'],
    [({ create, count }) => create !== undefined && count !== undefined, '"create" is the number of elements, and so is "count"'],
    [({ create, perm }) => create === undefined && perm !== undefined, '"perm" is for a new file: it takes "create"'],
    [(options) => !isWritten(options) && options.reserve !== undefined, '"reserve" is for a file that is written: it takes "write" or "create"'],
  ],
);

/** How a part of a file is going to be read; and for whatever memory, that core dumps leave it out. */
const ADVICE = ['normal', 'random', 'sequential', 'willneed', 'dontdump'];

// The path that was checked last, and what it came to: most are used several times in a row.
let lastPath = '';

/** An absolute path, as the native side takes it. The system follows its links and dots. */
function pathOf(path) {
  if (path === lastPath && path !== '') return path;
  const text = typeof path === 'string' ? path : pathOfUrl(path);
  if (text === '' || text.includes('\0')) throw invalidValue('path', 'must be a path, without NUL', path);
  if (!text.startsWith('/')) return `${process.cwd()}/${text}`;
  return (lastPath = text);
}

function pathOfUrl(url) {
  if (typeof url !== 'object' || url === null || typeof url.href !== 'string') {
    throw invalidType('path', 'a string or a file: URL', url);
  }
  return require('url').fileURLToPath(url);
}

/**
 * `{ flags, mode, offset, count, create, disposable }`: the offset is in bytes, fits the type's elements,
 * and is 0 if none was given; count is undefined then. With `create`, count is that of a new file.
 */
function fileOptions(given, type) {
  const options = readOptions(given);
  const { create, perm = 0o660, reserve, offset = 0, disposable = false } = options;
  const count = create === undefined ? options.count : create;
  if (count !== undefined) bytesOf(count, type, create === undefined ? 'options.count' : 'options.create');
  checkOffset(offset, type, 'options.offset');
  const bits = binding.optionBits;
  let flags = isWritten(options) ? 0 : bits.copyOnWrite;
  if (options.populate === true) flags |= bits.populate;
  if (options.shared === true) flags |= bits.shared;
  if (reserve !== undefined) flags |= reserve ? bits.fill : bits.sparse;
  return { flags, mode: perm, offset, count, create: create !== undefined, disposable };
}

/**
 * `[array, byteOffset, bytes]` of the part of an array or DataView that is meant: `count` elements from `offset` bytes on,
 * by default all. The array is one that the native side knows.
 */
function rangeOf(array, offset = 0, count) {
  if (!isView(array)) throw invalidType('array', 'an array over a file', array);
  const has = byteLengthOf(array);
  if (has === 0 && isDetached(array)) throw detached();
  const bytesOfElement = elementBytesOf(array);
  const type = { bytes: bytesOfElement, countMax: Math.max(1, Math.floor(has / bytesOfElement)) };
  if (typeNameOf(array) === undefined) array = intrinsics.bytesOf(array);
  checkOffset(offset, type);
  const left = has - offset;
  if (count === undefined && left >= 0) return [array, offset, left];
  const bytes = count === undefined ? 0 : bytesOf(count, type);
  if (bytes > left) throw outOfRange('offset', `within the array's ${has} bytes, with ${bytes} after it`, offset);
  return [array, offset, bytes];
}

module.exports = { ADVICE, fileOptions, pathOf, rangeOf };
