'use strict';
// Where everything is in the memory of a SharedMap. docs/map.md has it as a table, for programs in other languages.

const { outOfRange, withCode } = require('../errors');

/** The first word: `SMAP` in the machine's byte order, which also tells who reads the memory in another one. */
const MAGIC = 0x50414d53;
const VERSION = 1;

/** Words of the map, and the byte where its first shard begins. */
const WORD = { magic: 0, version: 1, shards: 2, slots: 3, units: 4, evict: 5, seed: 6, mutex: 8 };
const FIRST_SHARD = 128;

/** Words of a shard, from its start. What only a repair has to agree with is written by plain stores. */
const SHARD = {
  mutex: 0,
  /** Where the oldest entry begins, in units; positions only grow, and wrap after 32 bits. */
  tail: 16,
  /** How often the tail has passed the end of the ring; each repair counts once, too. */
  laps: 17,
  /** How often a slot was moved; odd while slots are being moved. */
  moves: 18,
  /** Where the next entry begins. */
  head: 19,
  count: 20,
  live: 21,
  evicted: 22,
  expired: 23,
  repairs: 24,
};
const FIRST_SLOT = 32;

/** Everything in the ring is a whole number of units. */
const UNIT = 8;

/** Words of an entry. In the third are the key's bytes (bits 0–15) and the value's type (bits 16–23). */
const ENTRY = { units: 0, tag: 1, key: 2, value: 3, expiry: 4, start: 6 };
const ENTRY_UNITS = 3;
/** Marks, in the first word, units that hold no entry: in front of the ring's end, or where one was that is gone. */
const PAD = 0x80000000 | 0;

const KEY_MAX = 0xffff;

/** An entry may take this part of a ring; three such parts of it stay free, so that there is room to move entries. */
const MAX_SHIFT = 4;
/** A map of many shards seldom makes one process wait for another. */
const SHARDS = 64;
const MIN_UNITS = 128;
const MAX_UNITS = 2 ** 28;

const DEFAULT_BYTES = 16 * 1024 * 1024;
const BYTES_PER_ENTRY = 128;
const LEAST_ENTRY = 4096;

/** What one shard takes: the word of its mutex shares no cache line with the end of the shard before. */
function shardBytes(slots, units) {
  return roundUp(FIRST_SLOT * 4 + slots * 9 + units * UNIT + 56, 64);
}

function totalBytes({ shards, slots, units }) {
  return FIRST_SHARD + shards * shardBytes(slots, units);
}

/** Of so many slots some stay empty, or every look for a key that is missing would see them all. */
function countMax(slots) {
  return slots - (slots >> 3);
}

/** The slots of a shard that `entries` entries on average shall fit into, chance taken into account. */
function slotsFor(entries) {
  return powerOfTwo(((entries + 4 * Math.sqrt(entries) + 4) * 8) / 7);
}

/**
 * The geometry of a map of at most `bytes` bytes. As many shards as possible up to 64, and more than that if the
 * largest ring that is a power of two leaves room for more.
 */
function geometryOf({ bytes = DEFAULT_BYTES, entries, maxEntry, evict = false }) {
  const wanted = entries === undefined ? Math.floor(bytes / BYTES_PER_ENTRY) : entries;
  const largest = maxEntry === undefined ? Math.min(LEAST_ENTRY, bytes / 64) : maxEntry;
  for (let least = SHARDS; least >= 1; least /= 2) {
    const slots = slotsFor(wanted / least);
    let units = MAX_UNITS;
    while (units > MIN_UNITS && FIRST_SHARD + least * shardBytes(slots, units) > bytes) units /= 2;
    const shards = Math.floor((bytes - FIRST_SHARD) / shardBytes(slots, units));
    if (shards >= least && (units >> MAX_SHIFT) * UNIT >= largest) return { shards, slots, units, evict: Boolean(evict) };
  }
  const of = maxEntry === undefined ? '' : ` of at most ${maxEntry} bytes`;
  throw outOfRange('options.bytes', `enough for ${wanted} entries${of}`, bytes);
}

/**
 * The geometry that the memory tells.
 *
 * @throws {Error} `ERR_SHM_LAYOUT` if it is no map of this version, or the memory is too small for it
 */
function readGeometry(words, key) {
  const [magic, version, shards, slots, units, evict] = words.subarray(0, WORD.seed);
  if (magic !== MAGIC) throw layout(key, 'it is no map');
  if (version !== VERSION) throw layout(key, `its layout has version ${version}, and this is version ${VERSION}`);
  const isSound = shards >= 1 && isPowerOfTwo(slots) && isPowerOfTwo(units) && units >= MIN_UNITS && units <= MAX_UNITS;
  const geometry = { shards, slots, units, evict: evict !== 0 };
  if (!isSound || totalBytes(geometry) > words.length * 4) throw layout(key, 'its geometry does not fit its size');
  return geometry;
}

/** Writes the geometry into memory that is all zero; the magic number comes last, and makes it a map. */
function writeGeometry(words, { shards, slots, units, evict }, seed) {
  words.set([VERSION, shards, slots, units, Number(evict), seed[0], seed[1]], WORD.version);
  Atomics.store(words, WORD.magic, MAGIC);
}

/** The three views that everything is read and written by. The memory begins at a multiple of 8 bytes. */
function viewsOf({ buffer, byteOffset, length }) {
  return {
    words: new Int32Array(buffer, byteOffset, length >> 2),
    floats: new Float64Array(buffer, byteOffset, length >> 3),
    bytes: Buffer.from(buffer, byteOffset, length),
  };
}

function layout(key, reason) {
  return Object.assign(withCode(new Error(`${key} cannot be used as this map: ${reason}`), 'ERR_SHM_LAYOUT'), { key });
}

function roundUp(number, step) {
  return Math.ceil(number / step) * step;
}

/** The next power of two, at least 8: a byte for each slot is then a whole number of units. */
function powerOfTwo(number) {
  let power = 8;
  while (power < number) power *= 2;
  return power;
}

function isPowerOfTwo(number) {
  return number >= 8 && (number & (number - 1)) === 0;
}

module.exports = {
  ENTRY,
  ENTRY_UNITS,
  FIRST_SHARD,
  FIRST_SLOT,
  KEY_MAX,
  MAGIC,
  MAX_SHIFT,
  PAD,
  SHARD,
  UNIT,
  WORD,
  countMax,
  geometryOf,
  layout,
  readGeometry,
  shardBytes,
  totalBytes,
  viewsOf,
  writeGeometry,
};
