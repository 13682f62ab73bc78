'use strict';
// Checks what mapFile and the functions on its arrays are given.

const { bytesOf, modeOf } = require('./arguments');
const { checkOffset, isSet } = require('./options');
const { detached, invalidType, invalidValue, outOfRange, withCode } = require('../errors');
const { ownOptions } = require('../own-options');

const OPTIONS = ['write', 'create', 'perm', 'reserve', 'offset', 'count', 'populate', 'shared', 'disposable'];

/** How a part of a file is going to be read. */
const ADVICE = ['normal', 'random', 'sequential', 'willneed'];

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
 * `bits` are the numbers that the native side has for options.
 */
function fileOptions(given, type, bits) {
  const options = given === undefined ? {} : ownOptions(given);
  check(options);
  const { create, perm, reserve, offset = 0 } = options;
  const count = create === undefined ? options.count : create;
  if (count !== undefined) bytesOf(count, type, create === undefined ? 'count' : 'options.create');
  checkOffset(offset, type);
  const isNew = create !== undefined;
  let flags = isSet(options, 'write') || isNew ? 0 : bits.copyOnWrite;
  if (isSet(options, 'populate')) flags |= bits.populate;
  if (isSet(options, 'shared')) flags |= bits.shared;
  if (reserve !== undefined) flags |= isSet(options, 'reserve') ? bits.fill : bits.sparse;
  return { flags, mode: modeOf(perm), offset, count, create: isNew, disposable: isSet(options, 'disposable') };
}

function check(options) {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) throw invalidValue(`options.${name}`, `is no option of mapFile, which has: ${OPTIONS.join(', ')}`, options[name]);
  }
  const { write, create, perm, reserve, count } = options;
  const isWritten = write === true || create !== undefined;
  for (const [isWrong, message] of [
    [create !== undefined && write === false, '"create" makes a file to be written, and "write" is false'],
    [create !== undefined && count !== undefined, '"create" is the number of elements, and so is "count"'],
    [create === undefined && perm !== undefined, '"perm" is for a new file: it takes "create"'],
    [!isWritten && reserve !== undefined, '"reserve" is for a file that is written: it takes "write" or "create"'],
  ]) {
    if (isWrong) throw withCode(new TypeError(`The options contradict each other: ${message}`), 'ERR_INVALID_ARG_VALUE');
  }
}

/**
 * `[byteOffset, bytes]` of the part of an array that is meant: `count` elements from `offset` bytes on, by
 * default all.
 */
function rangeOf(array, offset = 0, count) {
  if (!ArrayBuffer.isView(array) || array instanceof DataView) {
    throw invalidType('array', 'an array over a file', array);
  }
  const type = { bytes: /** @type {any} */ (array).BYTES_PER_ELEMENT };
  if (array.byteLength === 0 && array.buffer.byteLength === 0) throw detached();
  checkOffset(offset, type);
  const left = array.byteLength - offset;
  if (count === undefined && left >= 0) return [offset, left];
  const bytes = count === undefined ? 0 : bytesOf(count, type);
  if (bytes > left) throw outOfRange('offset', `within the array's ${array.byteLength} bytes, with ${bytes} after it`, offset);
  return [offset, bytes];
}

module.exports = { ADVICE, fileOptions, pathOf, rangeOf };
