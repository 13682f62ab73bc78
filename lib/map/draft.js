'use strict';
// The key that is looked for and the entry that is made, in memory of this thread: no other process waits for a lock
// while a value is encoded. One draft is enough for all maps, since no code of the caller's runs while it is used.

const { outOfRange } = require('../errors');
const { entryTooLarge, keyTooLong } = require('./errors');
const { hash } = require('./hash');
const { Json, TYPE, typeOf, unitsOf } = require('./entry');
const { CLAIM, ENTRY, ENTRY_UNITS, KEY_MAX, UNIT, viewsOf } = require('./layout');

/** Up to so many characters a loop is faster than a call of the runtime. */
const LOOP_MAX = 64;

const FIRST_BYTES = 4096;

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

class Draft {
  constructor() {
    this.key = '';
    this.tag = 0;
    /** What the third word of the entry has besides the value's type: the key's bytes, and CLAIM. */
    this.keyWord = 0;
    this.keyBytes = 0;
    this.keyUnits = 0;
    this.units = 0;
    this.views = viewsOf(Buffer.alloc(FIRST_BYTES));
  }

  /** Makes room for `size` bytes, and keeps what there is. */
  reserve(size) {
    const { bytes } = this.views;
    if (size <= bytes.length) return;
    this.views = viewsOf(Buffer.alloc(2 ** Math.ceil(Math.log2(size))));
    this.views.bytes.set(bytes);
  }

  /** @param {Int32Array} seed the map's, two words */
  setKey(key, seed) {
    if (this.writeShort(key, ENTRY.start)) this.keyBytes = key.length;
    else this.setLongKey(key);
    this.key = key;
    this.keyWord = this.keyBytes;
    this.keyUnits = unitsOf(this.keyBytes);
    this.tag = hash(this.views.words, ENTRY.start, this.keyBytes, seed[0], seed[1]);
  }

  setLongKey(key) {
    if (/\p{Surrogate}/u.test(key)) throw outOfRange('key', 'well-formed Unicode, without lone surrogates', key);
    const length = Buffer.byteLength(key);
    if (length > KEY_MAX) throw keyTooLong(length);
    const start = ENTRY.start * 4;
    this.reserve(start + length + UNIT);
    this.views.bytes.write(key, start);
    this.views.bytes.fill(0, start + length, start + length + UNIT);
    this.keyBytes = length;
  }

  /** From now on the draft is the key's claim, or no longer. */
  setClaim(isClaim) {
    this.keyWord = isClaim ? this.keyBytes | CLAIM : this.keyBytes;
  }

  /** Writes text from a word on, and fills up the last unit with zeros, if it is short and ASCII; whether it is. */
  writeShort(text, start) {
    const { length } = text;
    if (length > LOOP_MAX) return false;
    const { words } = this.views;
    let at = start;
    let all = 0;
    let index = 0;
    for (; index + 4 <= length; index += 4, at++) {
      const first = text.charCodeAt(index);
      const second = text.charCodeAt(index + 1);
      const third = text.charCodeAt(index + 2);
      const fourth = text.charCodeAt(index + 3);
      const word = first | (second << 8) | (third << 16) | (fourth << 24);
      all |= first | second | third | fourth;
      words[at] = isLittleEndian ? word : swapped(word);
    }
    let rest = 0;
    for (let shift = 0; index < length; index++, shift += 8) {
      const code = text.charCodeAt(index);
      all |= code;
      rest |= code << shift;
    }
    words[at] = isLittleEndian ? rest : swapped(rest);
    words[at + 1] = 0;
    return all < 128;
  }

  /**
   * @param {any} value a number, a string, a Json, or bytes: a plain array of this realm
   * @param {number} most bytes that the entry may take
   */
  setValue(value, most) {
    const start = (ENTRY_UNITS + this.keyUnits) * UNIT;
    if (typeof value === 'number') {
      // A long key may have left no room behind it.
      this.reserve(start + UNIT);
      this.views.floats[start / UNIT] = value;
      this.setHead(TYPE.number, UNIT, most);
    } else if (typeof value === 'string') this.setText(value, start, most, 0);
    else if (value instanceof Json) this.setText(value.text, start, most, TYPE.json);
    else this.setBytes(value, start, most);
  }

  setText(text, start, most, json) {
    const { length } = text;
    if (length > most) this.setHead(TYPE.ascii, length, most);
    this.reserve(start + length * 3 + UNIT);
    const bytes = this.writeShort(text, start / 4) ? length : this.views.bytes.write(text, start);
    this.setHead(json | (bytes === length ? TYPE.ascii : TYPE.utf8), bytes, most);
    this.clearRest(start + bytes);
  }

  setBytes(bytes, start, most) {
    const { length } = bytes;
    this.setHead(TYPE.bytes, length, most);
    this.reserve(start + length + UNIT);
    this.views.bytes.set(bytes, start);
    this.clearRest(start + length);
  }

  /** Writes what comes before the key. @throws {RangeError} `ERR_SHM_ENTRY_SIZE` */
  setHead(type, valueBytes, most) {
    this.units = ENTRY_UNITS + this.keyUnits + unitsOf(valueBytes);
    if (this.units * UNIT > most) throw entryTooLarge(this.key, this.units * UNIT, most);
    const { words } = this.views;
    words[ENTRY.units] = this.units;
    words[ENTRY.tag] = this.tag;
    words[ENTRY.key] = this.keyWord | (type << 16);
    words[ENTRY.value] = valueBytes;
  }

  clearRest(from) {
    for (let end = from; end % UNIT > 0; end++) this.views.bytes[end] = 0;
  }

  setExpiry(expiry) {
    this.views.floats[ENTRY.expiry / 2] = expiry;
  }

  get expiry() {
    return this.views.floats[ENTRY.expiry / 2];
  }

  get isNumber() {
    return typeOf(this.views.words[ENTRY.key]) === TYPE.number;
  }

  get number() {
    return this.views.floats[ENTRY_UNITS + this.keyUnits];
  }
}

function swapped(word) {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

module.exports = { draft: new Draft() };
