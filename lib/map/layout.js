'use strict';
// Where everything is in the memory of a SharedMap. docs/map.md has it as tables, for programs in other languages.

/** The first word: `SMAP` in the machine's byte order, so a machine of the other byte order reads another number. */
const MAGIC = 0x50414d53;
const VERSION = 2;

/** Words of the map, and the byte where its first shard begins. `largest` is the limit of an entry, in units. */
const WORD = { magic: 0, version: 1, shards: 2, slots: 3, units: 4, largest: 5, evict: 6, mutex: 7, seed: 8 };
const HEADER_WORDS = 10;
const FIRST_SHARD = 128;

/** Words of a shard, from its start. Those that readers do not rely on are written by plain stores. */
const SHARD = {
  mutex: 0,
  /** Where the oldest entry begins, in units. Positions only grow; they wrap after 32 bits. */
  tail: 16,
  /** How often the tail has passed the end of the ring; each repair adds one, too. */
  laps: 17,
  /** How often a slot was moved. Odd: slots are being moved, or whoever moved them has died. */
  moves: 18,
  /** Where the next entry begins. */
  head: 19,
  count: 20,
  live: 21,
  evicted: 22,
  expired: 23,
  repairs: 24,
  /** How many calls of `compute` have ended. Those who wait for one sleep on this word. */
  computed: 25,
};
const FIRST_SLOT = 32;

/** Everything in the ring is a whole number of units. */
const UNIT = 8;

/** Words of an entry. The third has the key's bytes (bits 0–15), the value's type (16–23) and CLAIM. */
const ENTRY = { units: 0, tag: 1, key: 2, value: 3, expiry: 4, start: 6 };
const ENTRY_UNITS = 3;
const KEY_MAX = 0xffff;
/** The entry is no value: a thread computes the value of this key. The claim's owner and number stand in its place. */
const CLAIM = 1 << 24;
/** In the first word: these units hold no entry. They fill the ring up to its end, or the entry there is dead. */
const PAD = 0x80000000 | 0;

/** No entry is larger than this part of the ring (1/16): three such parts stay free, so that entries can be moved. */
const SHARE_SHIFT = 4;
const MIN_UNITS = 128;
const MAX_UNITS = 2 ** 28;

/** Bytes of one shard. The word of its mutex shares no cache line with the end of the shard before it. */
function shardBytes(slots, units) {
  return roundUp(FIRST_SLOT * 4 + slots * 9 + units * UNIT + 56, 64);
}

function totalBytes({ shards, slots, units }) {
  return FIRST_SHARD + shards * shardBytes(slots, units);
}

/** How many of a shard's slots may be used: if all were, the search for a missing key would visit every one. */
function countMax(slots) {
  return slots - (slots >> 3);
}

/** How many units of a ring may be live: what stays free is enough to move the largest entries on. */
function liveMax(units) {
  return units - 3 * (units >> SHARE_SHIFT) - 2;
}

/** Whether these numbers can be the geometry of a map in memory of so many bytes. */
function isGeometry({ shards, slots, units, largest }, bytes) {
  const isRing = isPowerOfTwo(units) && units >= MIN_UNITS && units <= MAX_UNITS;
  const isIndex = shards >= 1 && isPowerOfTwo(slots);
  return isRing && isIndex && largest > ENTRY_UNITS && largest <= units >> SHARE_SHIFT && totalBytes({ shards, slots, units }) <= bytes;
}

/** What the memory says of its geometry. */
function readGeometry(words) {
  const [shards, slots, units, largest, evict] = words.subarray(WORD.shards, WORD.mutex);
  return { shards, slots, units, largest, evict: evict !== 0 };
}

/** Writes the geometry into memory that is all zero. The magic number comes last: from then on it is a map. */
function writeGeometry(words, { shards, slots, units, largest, evict }, seed) {
  words.set(seed, WORD.seed);
  words.set([VERSION, shards, slots, units, largest, Number(evict)], WORD.version);
  Atomics.store(words, WORD.magic, MAGIC);
}

/** The three views of the memory. It begins at a multiple of 8 bytes. */
function viewsOf({ buffer, byteOffset, length }) {
  return {
    words: new Int32Array(buffer, byteOffset, Math.floor(length / 4)),
    floats: new Float64Array(buffer, byteOffset, Math.floor(length / 8)),
    bytes: Buffer.from(buffer, byteOffset, length),
  };
}

function roundUp(number, step) {
  return Math.ceil(number / step) * step;
}

/** The next power of two, at least 8: the bytes that say which slots were read are then a whole number of units. */
function powerOfTwo(number) {
  let power = 8;
  while (power < number) power *= 2;
  return power;
}

function isPowerOfTwo(number) {
  return number >= 8 && (number & (number - 1)) === 0;
}

module.exports = {
  CLAIM,
  ENTRY,
  ENTRY_UNITS,
  FIRST_SHARD,
  FIRST_SLOT,
  HEADER_WORDS,
  KEY_MAX,
  MAGIC,
  MAX_UNITS,
  MIN_UNITS,
  PAD,
  SHARD,
  SHARE_SHIFT,
  UNIT,
  VERSION,
  WORD,
  countMax,
  isGeometry,
  liveMax,
  powerOfTwo,
  readGeometry,
  shardBytes,
  totalBytes,
  viewsOf,
  writeGeometry,
};
