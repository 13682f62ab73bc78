'use strict';
// An entry of a SharedMap: how key and value become bytes, and how they are read again.

const { invalidType, outOfRange, withCode } = require('../errors');
const { hash } = require('./hash');
const { ENTRY, ENTRY_UNITS, KEY_MAX, UNIT, viewsOf } = require('./layout');

/** How a value is stored. Of text that is ASCII a byte is a character: the fastest to read. */
const TYPE = { bytes: 0, utf8: 1, number: 2, ascii: 3 };

/** Up to so many characters a loop is faster than a call of the runtime. */
const SHORT = 64;

/** What takes the place of a value whose lengths cannot be true. */
const UNSOUND = Symbol('unsound');

const unitsOf = (bytes) => Math.ceil(bytes / UNIT);

/** An entry in the making, in memory of this thread: nobody waits for a lock while a value is encoded. */
class Draft {
  constructor() {
    this.tag = 0;
    this.keyBytes = 0;
    this.keyUnits = 0;
    this.units = 0;
    this.views = viewsOf(Buffer.alloc(4096));
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
    if (typeof key !== 'string') throw invalidType('key', 'a string', key);
    if (this.writeShort(key, ENTRY.start)) this.keyBytes = key.length;
    else this.setLongKey(key);
    this.keyUnits = unitsOf(this.keyBytes);
    this.tag = hash(this.views.words, ENTRY.start, this.keyBytes, seed[0], seed[1]);
  }

  /** Writes text from a word on, and fills up the last unit with zeros, if it is short and ASCII; whether it is. */
  writeShort(text, start) {
    const { length } = text;
    if (length > SHORT) return false;
    const { words } = this.views;
    let at = start;
    let all = 0;
    for (let index = 0; index < length; at++) {
      let word = 0;
      const end = Math.min(index + 4, length);
      for (let shift = 0; index < end; index++, shift += 8) {
        const code = text.charCodeAt(index);
        all |= code;
        word |= code << shift;
      }
      words[at] = isLittleEndian ? word : swapped(word);
    }
    words[at] = 0;
    return all < 128;
  }

  setLongKey(key) {
    if (/\p{Surrogate}/u.test(key)) throw outOfRange('key', 'well-formed Unicode, without lone surrogates', key);
    const length = Buffer.byteLength(key);
    if (length > KEY_MAX) throw entrySize(`The key takes ${length} bytes. It must be at most ${KEY_MAX}`);
    const start = ENTRY.start * 4;
    this.reserve(start + length + UNIT);
    this.views.bytes.write(key, start);
    this.views.bytes.fill(0, start + length, start + length + UNIT);
    this.keyBytes = length;
  }

  /** @param {number} most bytes that the entry may take */
  setValue(value, most) {
    const start = (ENTRY_UNITS + this.keyUnits) * UNIT;
    let type = TYPE.number;
    let length = UNIT;
    if (typeof value === 'number') this.views.floats[start / UNIT] = value;
    else if (typeof value === 'string') {
      this.reserve(start + Math.min(value.length, most) * 3 + UNIT);
      const isWritten = value.length > most || this.writeShort(value, start / 4);
      length = isWritten ? value.length : this.views.bytes.write(value, start);
      type = length === value.length ? TYPE.ascii : TYPE.utf8;
    } else if (value instanceof Uint8Array) {
      type = TYPE.bytes;
      length = value.length;
      this.reserve(start + Math.min(length, most) + UNIT);
      if (length <= most) this.views.bytes.set(value, start);
    } else throw invalidType('value', 'a string, a number or a Uint8Array', value);
    this.units = start / UNIT + unitsOf(length);
    if (this.units * UNIT > most) throw entrySize(`The entry takes ${this.units * UNIT} bytes. It must be at most ${most} in this map: create it with { maxEntry }`);
    for (let end = start + length; end % UNIT > 0; end++) this.views.bytes[end] = 0;
    this.views.words[ENTRY.units] = this.units;
    this.views.words[ENTRY.tag] = this.tag;
    this.views.words[ENTRY.key] = this.keyBytes | (type << 16);
    this.views.words[ENTRY.value] = length;
  }

  setExpiry(expiry) {
    this.views.floats[ENTRY.expiry / 2] = expiry;
  }

  get expiry() {
    return this.views.floats[ENTRY.expiry / 2];
  }

  get isNumber() {
    return isNumber(this.views.words, 0);
  }

  get number() {
    return this.views.floats[ENTRY_UNITS + this.keyUnits];
  }
}

function isNumber(words, entry) {
  return ((words[entry + ENTRY.key] >>> 16) & 0xff) === TYPE.number;
}

/** The word where the value begins. */
function valueStart(words, entry) {
  return entry + ENTRY.start + 2 * unitsOf(words[entry + ENTRY.key] & KEY_MAX);
}

/** Whether an entry's lengths stay inside it, and it inside the `left` units to the end of the ring. */
function isSound(words, entry, left) {
  const units = words[entry];
  const key = words[entry + ENTRY.key] & KEY_MAX;
  return units <= left && ENTRY_UNITS + unitsOf(key) + unitsOf(words[entry + ENTRY.value] >>> 0) <= units;
}

/**
 * The value of an entry, or UNSOUND if it would go over the end of the ring, `left` units away. Others may write
 * to the entry meanwhile, so each length is read once, and what comes out may be worth nothing. Text that has to
 * be decoded is copied first: a decoder trusts that what it has measured stays as it is.
 */
function valueOf({ words, floats, bytes }, entry, left) {
  const key = words[entry + ENTRY.key];
  const length = words[entry + ENTRY.value] >>> 0;
  const start = ENTRY_UNITS + unitsOf(key & KEY_MAX);
  if (start + unitsOf(length) > left) return UNSOUND;
  const type = (key >>> 16) & 0xff;
  if (type === TYPE.number) return floats[entry / 2 + start];
  const from = entry * 4 + start * UNIT;
  if (type === TYPE.ascii) return bytes.latin1Slice(from, from + length);
  const copy = copyOf(bytes, from, length);
  return type === TYPE.utf8 ? copy.toString() : copy;
}

/** The key of an entry, likewise. */
function keyOf({ words, bytes }, entry, left) {
  const length = words[entry + ENTRY.key] & KEY_MAX;
  if (ENTRY_UNITS + unitsOf(length) > left) return UNSOUND;
  return copyOf(bytes, (entry + ENTRY.start) * 4, length).toString();
}

function copyOf(bytes, from, length) {
  const copy = Buffer.allocUnsafe(length);
  bytes.copy(copy, 0, from, from + length);
  return copy;
}

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function swapped(word) {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function entrySize(message) {
  return withCode(new RangeError(message), 'ERR_SHM_ENTRY_SIZE');
}

module.exports = { Draft, TYPE, UNSOUND, isNumber, isSound, keyOf, valueOf, valueStart };
