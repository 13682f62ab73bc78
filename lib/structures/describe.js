'use strict';
// What can be told of a structure without opening it. Its memory is a view to read, which may be of something else,
// half made, or forged: so nothing is written, nothing is waited for, and nothing is believed before it is checked.
// There are no Atomics: Bun compiles their loads to writes.

const { FIRST_FIELD, MAGIC, VERSION } = require('./geometry');

/**
 * The geometry that memory tells, by the names of the kind's fields; null if it is no finished structure of this kind
 * that fits the memory.
 *
 * @param {any} kind
 * @param {Int32Array} words
 */
function geometryIn(kind, words) {
  if (words[MAGIC] !== kind.magic || words[VERSION] !== kind.version) return null;
  const values = {};
  for (const [index, { name, most }] of kind.fields.entries()) {
    const value = words[FIRST_FIELD + index];
    if (!(value >= 1 && value <= most)) return null;
    values[name] = value;
  }
  const isComplete = kind.complete(values).every((value, index) => words[FIRST_FIELD + index] === value);
  return isComplete && kind.bytesOf(values) <= words.byteLength ? values : null;
}

module.exports = { geometryIn };
