'use strict';
// An entry of a SharedMap as it is read: how bytes become a key and a value again. draft.js has the other way.

const { CLAIM, ENTRY, ENTRY_UNITS, KEY_MAX, UNIT } = require('./layout');

/** Text that is ASCII has one byte for each character, so it is the fastest to read. Bit 2 of a text: it is JSON. */
const TYPE = { bytes: 0, utf8: 1, number: 2, ascii: 3, json: 4 };

/** What stands for a value whose lengths cannot be true. */
const UNSOUND = Symbol('unsound');

/** Text that is JSON. It is parsed only when it is certain that no other process has changed it meanwhile. */
class Json {
  constructor(text) {
    this.text = text;
  }
}

const unitsOf = (bytes) => Math.ceil(bytes / UNIT);

/** What an entry's key and value take, of the entry's third and fourth word. */
function unitsFor(keyWord, valueBytes) {
  return ENTRY_UNITS + unitsOf(keyWord & KEY_MAX) + unitsOf(valueBytes);
}

function typeOf(keyWord) {
  return (keyWord >>> 16) & 0xff;
}

function isClaim(keyWord) {
  return (keyWord & CLAIM) !== 0;
}

/** The word where the value begins. */
function valueStart(keyWord, entry) {
  return entry + ENTRY.start + 2 * unitsOf(keyWord & KEY_MAX);
}

/** Whether an entry is inside the `most` units that it may take, and its key and value are inside the entry. */
function isSound(words, entry, most) {
  const units = words[entry];
  return units <= most && unitsFor(words[entry + ENTRY.key], words[entry + ENTRY.value] >>> 0) <= units;
}

/**
 * The value of an entry whose third and fourth word are given: they have been checked, and another process may write
 * others meanwhile. What comes out may be worth nothing then. Text that has to be decoded is copied first: a decoder
 * trusts that what it has measured stays as it is.
 */
function valueOf({ floats, bytes }, entry, keyWord, valueBytes) {
  const type = typeOf(keyWord);
  const start = valueStart(keyWord, entry);
  if (type === TYPE.number) return floats[start / 2];
  const from = start * 4;
  if (type === TYPE.ascii) return bytes.latin1Slice(from, from + valueBytes);
  const copy = copyOf(bytes, from, valueBytes);
  if (type === TYPE.bytes) return copy;
  return (type & TYPE.json) === 0 ? copy.toString() : new Json(copy.toString());
}

/** The key of an entry, likewise. */
function keyOf({ bytes }, entry, keyWord) {
  return copyOf(bytes, (entry + ENTRY.start) * 4, keyWord & KEY_MAX).toString();
}

function copyOf(bytes, from, length) {
  const copy = Buffer.allocUnsafe(length);
  bytes.copy(copy, 0, from, from + length);
  return copy;
}

module.exports = { Json, TYPE, UNSOUND, isClaim, isSound, keyOf, typeOf, unitsFor, unitsOf, valueOf, valueStart };
