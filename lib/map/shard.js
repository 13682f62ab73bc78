'use strict';
// One shard of a SharedMap as its readers see it: an index of slots, and a ring of entries. Readers take no lock.
// They look for the key, read the entry, and then make sure that it was not reused meanwhile.
// test/model/map.pml checks the protocol.

const clock = require('../runtime/clock');
const { Json, TYPE, UNSOUND, isClaim, isSound, keyOf, typeOf, unitsFor, valueOf, valueStart } = require('./entry');
const { damaged } = require('./errors');
const { ENTRY, ENTRY_UNITS, FIRST_SHARD, FIRST_SLOT, SHARD, SHARE_SHIFT, countMax, shardBytes } = require('./layout');
const { parsed } = require('./values');

/** What `look` answers besides a slot. */
const ABSENT = -1;
const CHANGED = -2;

/** So many keys of one hash are no coincidence: the memory is damaged, and a search would take for ever. */
const COLLISIONS_MAX = 16;

/** Only x86 never lets a load pass an earlier one. */
const mayReorder = process.arch !== 'x64' && process.arch !== 'ia32';

/** A word of this thread's own, for `barrier`. */
const fence = new Int32Array(1);

class Shard {
  /** @param {{ words: Int32Array, floats: Float64Array, bytes: Buffer }} views of the whole map */
  constructor({ words, floats, bytes }, { slots, units, largest, evict }, number, key) {
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
    /** The limit of an entry, and what the protocol allows for one, in units. */
    this.largest = largest;
    this.share = units >> SHARE_SHIFT;
    this.countMax = countMax(slots);
    /** Whether reads are counted, which writes. */
    this.countsReads = evict;
    /** The lock of its writers, for who has to wait for it. @type {any} */
    this.lock = null;
    /** How many slots the holder of the lock may still visit. lock.js sets it. */
    this.visits = 0;
    // What the last `look`, or `lookLonger`, has seen.
    this.laps = 0;
    this.position = 0;
  }

  /** A word that others may change at this moment. */
  load(index) {
    return Atomics.load(this.words, index);
  }

  /** The slot with the draft's key, whose `position` this is then; or ABSENT; or CHANGED: look again. */
  look(draft) {
    const { start, firstSlot } = this;
    const { tag } = draft;
    const mask = this.slots - 1;
    let collisions = 0;
    this.beginReading();
    const moves = this.load(start + SHARD.moves);
    for (let probe = 0; probe <= mask; probe++) {
      const slot = (tag + probe) & mask;
      const position = this.load(firstSlot + 2 * slot + 1);
      // A slot that was moved may have been missed.
      if (position === 0) return this.load(start + SHARD.moves) === moves ? ABSENT : CHANGED;
      if (this.load(firstSlot + 2 * slot) !== tag) continue;
      if (this.hasKey(position, draft)) {
        this.position = position;
        return slot;
      }
      // It may have been the key, and reused while it was compared.
      if (!this.holds(position)) return CHANGED;
      if (++collisions > COLLISIONS_MAX) throw this.damaged();
    }
    return CHANGED;
  }

  /** To be called before what `holds` is to be asked about: whoever sees the laps of a repair sees the slots that it has left. */
  beginReading() {
    this.laps = this.load(this.start + SHARD.laps);
  }

  /** Whether what was read at a position since `beginReading` is an entry that was not written over. */
  holds(position) {
    if (mayReorder) barrier();
    const tail = this.load(this.start + SHARD.tail);
    return (position - tail) >>> 0 < this.units && this.load(this.start + SHARD.laps) === this.laps;
  }

  hasKey(position, draft) {
    const { words } = this;
    const { keyBytes, keyUnits, keyWord, views } = draft;
    const entry = this.entryAt(position);
    // The type is the value's. What is left are the key's bytes, and whether it is a claim.
    if ((words[entry + ENTRY.key] & ~0xff0000) !== keyWord || ENTRY_UNITS + keyUnits > this.leftAt(position)) return false;
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

  /** Units that an entry at a position may take. */
  mostAt(position) {
    return Math.min(this.leftAt(position), this.share);
  }

  isSoundAt(position) {
    return isSound(this.words, this.entryAt(position), this.mostAt(position));
  }

  /** The value as it is stored, or UNSOUND; it is worth nothing unless the position `holds` afterwards. */
  valueAt(position) {
    const entry = this.entryAt(position);
    // Read once each: another process may change them between a check and a use.
    const keyWord = this.words[entry + ENTRY.key];
    const valueBytes = this.words[entry + ENTRY.value] >>> 0;
    return unitsFor(keyWord, valueBytes) > this.mostAt(position) ? UNSOUND : valueOf(this, entry, keyWord, valueBytes);
  }

  /** The value that the caller of the map gets. @throws {Error} `ERR_SHM_LAYOUT` */
  givenOut(value) {
    if (typeof value !== 'object' && value !== UNSOUND) return value;
    const result = value instanceof Json ? parsed(value) : value;
    if (value === UNSOUND || result === undefined) throw this.damaged();
    return result;
  }

  /** Milliseconds since 1970, or 0: never. */
  expiryAt(position) {
    return this.floats[(this.entryAt(position) + ENTRY.expiry) / 2];
  }

  isNumberAt(position) {
    return typeOf(this.words[this.entryAt(position) + ENTRY.key]) === TYPE.number;
  }

  isClaimAt(position) {
    return isClaim(this.words[this.entryAt(position) + ENTRY.key]);
  }

  /** The word where the value begins. */
  valueStartAt(position) {
    const entry = this.entryAt(position);
    return valueStart(this.words[entry + ENTRY.key], entry);
  }

  numberAt(position) {
    return this.floats[this.valueStartAt(position) / 2];
  }

  /** Stores another number in place of one: in one piece, since it is aligned. */
  setNumberAt(position, number) {
    return (this.floats[this.valueStartAt(position) / 2] = number);
  }

  setExpiryAt(position, expiry) {
    this.floats[(this.entryAt(position) + ENTRY.expiry) / 2] = expiry;
  }

  isExpired(position) {
    const expiry = this.expiryAt(position);
    return expiry !== 0 && !(expiry > clock.time());
  }

  /** Keeps the entry of a slot from being evicted next. */
  markRead(slot) {
    if (this.countsReads && this.bytes[this.firstRead + slot] === 0) this.bytes[this.firstRead + slot] = 1;
  }

  /**
   * All entries that have not expired, as `[key, value]`; null if slots were moved or entries reused meanwhile. It takes
   * no lock. Whatever is in the memory, it reads no more than the ring has.
   */
  tryEntries() {
    const { words, start, firstSlot, slots } = this;
    const moves = this.load(start + SHARD.moves);
    const found = [];
    let room = this.units;
    for (let slot = 0; slot < slots; slot++) {
      this.beginReading();
      const position = this.load(firstSlot + 2 * slot + 1);
      if (position === 0) continue;
      const entry = this.entryAt(position);
      const keyWord = words[entry + ENTRY.key];
      const valueBytes = words[entry + ENTRY.value] >>> 0;
      const units = unitsFor(keyWord, valueBytes);
      const isSoundHere = units <= this.mostAt(position);
      room -= units;
      const isWanted = isSoundHere && room >= 0 && !isClaim(keyWord) && !this.isExpired(position);
      const pair = isWanted ? [keyOf(this, entry, keyWord), valueOf(this, entry, keyWord, valueBytes)] : null;
      if (!this.holds(position)) return null;
      if (!isSoundHere) throw this.damaged();
      // More than the ring holds: entries were replaced by larger ones meanwhile, or slots refer to the same entry.
      if (room < 0) return null;
      if (pair !== null) found.push([pair[0], this.givenOut(pair[1])]);
    }
    return this.load(start + SHARD.moves) === moves ? found : null;
  }

  damaged() {
    return damaged(this.key);
  }
}

/**
 * Loads a word of pages that are private to this process, and show the writes of others as long as this process writes
 * nothing: Bun makes a compare-and-swap of `Atomics.load`, which writes.
 */
function loadOnly(words, index) {
  return process.versions.bun === undefined ? Atomics.load(words, index) : loadPlainly(words, index);
}

/** Loads a word without Atomics on it. What is read after it is no older. */
function loadPlainly(words, index) {
  const value = words[index];
  barrier();
  return value;
}

/** Keeps loads in order, plain ones too: on arm64 those behind an exchange alone could pass its store. */
function barrier() {
  Atomics.exchange(fence, 0, 0);
  Atomics.load(fence, 0);
}

/** A shard in such pages. */
class ReadOnlyShard extends Shard {
  constructor(views, geometry, number, key) {
    super(views, geometry, number, key);
    this.countsReads = false;
  }

  load(index) {
    return loadOnly(this.words, index);
  }
}

module.exports = { ABSENT, CHANGED, COLLISIONS_MAX, ReadOnlyShard, Shard, barrier, loadOnly, loadPlainly, mayReorder };
