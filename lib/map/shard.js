'use strict';
// One shard of a SharedMap as its readers see it: an index of slots, and a ring of entries. Readers take no lock.
// They look for the key, read the entry, and then make sure that it was not reused meanwhile.
// test/model/map.pml checks the protocol.

const { withCode } = require('../errors');
const { UNSOUND, isNumber, isSound, keyOf, valueOf, valueStart } = require('./entry');
const { ENTRY, ENTRY_UNITS, FIRST_SHARD, FIRST_SLOT, MAX_SHIFT, SHARD, countMax, shardBytes } = require('./layout');

/** What `look` answers besides a slot. */
const ABSENT = -1;
const CHANGED = -2;

/** Only x86 never lets a load pass an earlier one. Elsewhere an exchange keeps them in order. */
const mayReorder = process.arch !== 'x64' && process.arch !== 'ia32';
const fence = new Int32Array(1);

class Shard {
  /** @param {{ words: Int32Array, floats: Float64Array, bytes: Buffer }} views of the whole map */
  constructor({ words, floats, bytes }, { slots, units, evict }, number, key) {
    this.words = words;
    this.floats = floats;
    this.bytes = bytes;
    this.key = key;
    this.start = (FIRST_SHARD + number * shardBytes(slots, units)) / 4;
    this.firstSlot = this.start + FIRST_SLOT;
    this.firstRead = (this.firstSlot + 2 * slots) * 4;
    this.ring = this.firstSlot + 2 * slots + slots / 4;
    this.slots = slots;
    this.units = units;
    this.evict = evict;
    this.entryMax = units >> MAX_SHIFT;
    this.countMax = countMax(slots);
    /** The lock of its writers; made by whoever writes first. @type {any} */
    this.mutex = null;
    // What the last `look` has seen.
    this.laps = 0;
    this.position = 0;
  }

  /** The slot with the draft's key, whose `position` this is then; or ABSENT; or CHANGED: look again. */
  look(draft) {
    const { words, start, firstSlot } = this;
    const { tag } = draft;
    const mask = this.slots - 1;
    this.laps = Atomics.load(words, start + SHARD.laps);
    const moves = Atomics.load(words, start + SHARD.moves);
    for (let probe = 0; probe <= mask; probe++) {
      const slot = (tag + probe) & mask;
      const position = Atomics.load(words, firstSlot + 2 * slot + 1);
      // A slot that was moved may have passed by.
      if (position === 0) return Atomics.load(words, start + SHARD.moves) === moves ? ABSENT : CHANGED;
      if (Atomics.load(words, firstSlot + 2 * slot) !== tag) continue;
      if (this.hasKey(position, draft)) {
        this.position = position;
        return slot;
      }
      // It may have been the key, and reused while it was compared.
      if (!this.holds(position)) return CHANGED;
    }
    return CHANGED;
  }

  /** Whether what was read at a position since `laps` was loaded is an entry that nobody has written over. */
  holds(position) {
    const { words, start } = this;
    if (mayReorder) Atomics.exchange(fence, 0, 0);
    const tail = Atomics.load(words, start + SHARD.tail);
    return (position - tail) >>> 0 < this.units && Atomics.load(words, start + SHARD.laps) === this.laps;
  }

  hasKey(position, draft) {
    const { words } = this;
    const { keyBytes, keyUnits, views } = draft;
    const entry = this.entryAt(position);
    if ((words[entry + ENTRY.key] & 0xffff) !== keyBytes || ENTRY_UNITS + keyUnits > this.leftAt(position)) return false;
    const end = ENTRY.start + ((keyBytes + 3) >> 2);
    for (let at = ENTRY.start; at < end; at++) {
      if (words[entry + at] !== views.words[at]) return false;
    }
    return true;
  }

  /** The word where the entry of a position begins. */
  entryAt(position) {
    return this.ring + 2 * (position & (this.units - 1));
  }

  /** Units from a position to the end of the ring. */
  leftAt(position) {
    return this.units - (position & (this.units - 1));
  }

  isSoundAt(position) {
    return isSound(this.words, this.entryAt(position), this.leftAt(position));
  }

  valueAt(position) {
    return valueOf(this, this.entryAt(position), this.leftAt(position));
  }

  keyAt(position) {
    return keyOf(this, this.entryAt(position), this.leftAt(position));
  }

  /** Milliseconds of `Date.now()`, or 0: never. */
  expiryAt(position) {
    return this.floats[(this.entryAt(position) + ENTRY.expiry) / 2];
  }

  isNumberAt(position) {
    return isNumber(this.words, this.entryAt(position));
  }

  /** Stores another number in place of one: in one piece, since it is aligned. */
  setNumberAt(position, number) {
    return (this.floats[valueStart(this.words, this.entryAt(position)) / 2] = number);
  }

  setExpiryAt(position, expiry) {
    this.floats[(this.entryAt(position) + ENTRY.expiry) / 2] = expiry;
  }

  isExpired(position) {
    const expiry = this.expiryAt(position);
    return expiry !== 0 && !(expiry > Date.now());
  }

  /** Keeps the entry of a slot from being evicted next. */
  markRead(slot) {
    if (this.evict && this.bytes[this.firstRead + slot] === 0) this.bytes[this.firstRead + slot] = 1;
  }

  /**
   * All entries that have not expired, as `[key, value]`; null if slots were moved or entries reused meanwhile.
   * Nobody's lock is asked for: the memory may be a view to read.
   */
  tryEntries() {
    const { words, start, firstSlot, slots } = this;
    const moves = Atomics.load(words, start + SHARD.moves);
    const found = [];
    for (let slot = 0; slot < slots; slot++) {
      this.laps = Atomics.load(words, start + SHARD.laps);
      const position = Atomics.load(words, firstSlot + 2 * slot + 1);
      if (position === 0) continue;
      const isExpired = this.isExpired(position);
      const key = this.keyAt(position);
      const value = this.valueAt(position);
      if (!this.holds(position)) return null;
      if (key === UNSOUND || value === UNSOUND) throw this.damaged();
      if (!isExpired) found.push([key, value]);
    }
    return Atomics.load(words, start + SHARD.moves) === moves ? found : null;
  }

  damaged() {
    const message = `${this.key} is damaged: something else has written to it, and clear() makes it empty and whole`;
    return Object.assign(withCode(new Error(message), 'ERR_SHM_LAYOUT'), { key: this.key });
  }
}

module.exports = { ABSENT, CHANGED, Shard };
