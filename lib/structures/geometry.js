'use strict';
// The geometry of a structure in shared memory: how many of what, how large. Its words are set once, in their order,
// each by compareExchange from 0, so that everyone who opens the structure can finish what its creator has left undone.
//
// word  0 MAGIC         0 → the kind's magic number, before anything else is written
//       1 VERSION       0 → the kind's version
//       2 … last        0 → the fields, and what follows from them; the last word is set last

const { constants } = require('buffer');
const { otherLayout, outOfRange, unfinished } = require('../errors');
const { integer } = require('../options');
const waiting = require('../wait');

/** Data begins at a multiple of so many bytes: what two sides write does not share a cache line. */
const ALIGNMENT = 64;

const MAGIC = 0;
const VERSION = 1;
const FIRST_FIELD = 2;

/** How long another process may take to set the geometry of what it has created (milliseconds). */
const UNFINISHED_FOR = 500;

/** How many bytes are compared with zeros at a time. */
const ZEROS = 2 ** 16;

const aligned = (bytes) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** The smallest power of two that is not less. */
const powerOfTwo = (number) => 2 ** Math.ceil(Math.log2(number));

/** What reads the fields of a kind as options; for `optionsReader`. */
function fieldReaders({ fields }) {
  return Object.fromEntries(fields.map(({ name, most }) => [name, integer(1, most)]));
}

/** How many bytes a structure takes. Throws if an array cannot show as many. */
function bytesOf(kind, values) {
  const bytes = kind.bytesOf(values);
  if (bytes > constants.MAX_LENGTH) throw outOfRange('options', `such that the ${kind.what} takes at most ${constants.MAX_LENGTH} bytes`, bytes);
  return bytes;
}

/** The fields' values: the option, or else what was found, or else what it is by default. */
function valuesOf({ fields }, options, found = Object.create(null)) {
  const values = {};
  for (const { name, initially } of fields) values[name] = [options[name], found[name], initially].find((value) => value !== undefined);
  return values;
}

/** Throws unless the memory is a structure of this kind, or all zero and so can become one. @param {Int32Array} words */
function checkKind(key, kind, words) {
  if (words.length < FIRST_FIELD + kind.fields.length) throw otherLayout(key, kind.what, 'has no room for one');
  const magic = Atomics.load(words, MAGIC);
  if (magic === kind.magic || (magic === 0 && isBlank(words, kind.magic))) return;
  throw otherLayout(key, kind.what, 'is something else');
}

/**
 * Whether all of the memory is zero. Another program's data may well begin with zeros, and must not be written to.
 * If somebody makes it a structure of this kind meanwhile, that is as good.
 *
 * @param {Int32Array} words
 */
function isBlank(words, magic) {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  const zeros = Buffer.alloc(Math.min(ZEROS, bytes.length));
  for (let start = 0; start < bytes.length; start += zeros.length) {
    const end = Math.min(start + zeros.length, bytes.length);
    const isZero = bytes.compare(zeros, 0, end - start, start, end) === 0;
    if (Atomics.load(words, MAGIC) === magic) return true;
    if (!isZero) return false;
  }
  return true;
}

/** Sets what has not been set yet, and wakes those who wait for it in `read`. @param {Int32Array} words */
function publish(key, kind, words, options) {
  const found = Object.fromEntries(kind.fields.map(({ name }, i) => [name, Atomics.load(words, FIRST_FIELD + i) || undefined]));
  const values = valuesOf(kind, options, found);
  kind.fields.forEach(({ name }, i) => {
    if (found[name] !== undefined && found[name] !== values[name]) throw otherLayout(key, kind.what, differs(kind, FIRST_FIELD + i, found[name], values[name]));
  });
  const bytes = kind.bytesOf(values);
  if (bytes > words.length * 4) throw otherLayout(key, kind.what, `is smaller than the ${bytes} bytes that it takes`);
  const wanted = allWords(kind, values);
  let last = 0;
  wanted.forEach((value, index) => {
    last = Atomics.compareExchange(words, index, 0, value);
    if (last !== 0 && last !== value) throw otherLayout(key, kind.what, differs(kind, index, last, value));
  });
  if (last === 0) waiting.notify(words, wanted.length - 1);
}

/** The values of the geometry, if they fit the memory and the options. @param {Int32Array} words */
function read(key, kind, words, options) {
  const last = allWords(kind, valuesOf(kind, options)).length - 1;
  if (words.length <= last) throw otherLayout(key, kind.what, 'has no room for one');
  // This load comes first: what was set before the last word is seen after it, on any processor.
  if (Atomics.load(words, last) === 0) waiting.wait(words, last, 0, UNFINISHED_FOR);
  if (Atomics.load(words, last) === 0) throw unfinished(key, kind.what);
  const values = {};
  kind.fields.forEach(({ name, most }, i) => {
    const value = Atomics.load(words, FIRST_FIELD + i);
    if (!(value >= 1 && value <= most)) throw otherLayout(key, kind.what, `has a ${name} of ${value}`);
    if (options[name] !== undefined && options[name] !== value) throw otherLayout(key, kind.what, differs(kind, FIRST_FIELD + i, value, options[name]));
    values[name] = value;
  });
  allWords(kind, values).forEach((value, index) => {
    const found = Atomics.load(words, index);
    if (found !== value) throw otherLayout(key, kind.what, differs(kind, index, found, value));
  });
  const bytes = kind.bytesOf(values);
  if (bytes > words.length * 4 || bytes > constants.MAX_LENGTH) throw otherLayout(key, kind.what, `does not have the ${bytes} bytes that its geometry takes`);
  return values;
}

const allWords = (kind, values) => [kind.magic, kind.version].concat(kind.complete(values));

/** In which way what was found is another structure. */
function differs({ fields }, index, found, value) {
  if (index === MAGIC) return 'is something else';
  if (index === VERSION) return `is of version ${found}, not ${value}`;
  const field = fields[index - FIRST_FIELD];
  return `has another geometry: ${field === undefined ? `word ${index}` : field.name} is ${found}, not ${value}`;
}

module.exports = { FIRST_FIELD, MAGIC, VERSION, aligned, bytesOf, checkKind, fieldReaders, isBlank, powerOfTwo, publish, read, valuesOf };
