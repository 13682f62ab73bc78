'use strict';
// How large a map has to be, and how its memory is divided into shards, slots and rings.

const { outOfRange } = require('../errors');
const { ENTRY_UNITS, FIRST_SHARD, MAX_UNITS, MIN_UNITS, SHARE_SHIFT, UNIT, countMax, liveMax, powerOfTwo, shardBytes } = require('./layout');

const BYTES_MAX = 2 ** 31;
const DEFAULT_BYTES = 16 * 1024 * 1024;
const DEFAULT_BYTES_PER_ENTRY = 128;
/** An entry may have so many bytes where `maxEntry` was not given, if the map is not very small. */
const DEFAULT_ENTRY = 4096;
/** Up to this size of an entry `bytesFor` gives a size that is right without `entries` and `maxEntry`, too. */
const ENTRY_WITHOUT_LIMIT = 16 * 1024;
/** A map of many shards seldom makes one process wait for another. */
const SHARDS = 64;
/** With fewer entries in a shard than this, chance would make most of the memory useless. */
const ENTRIES_PER_SHARD = 16;

/** Keys choose their shards by chance. The chance that a shard gets more than `fullest` says is less than this. */
const CHANCE = 1e-9;

/**
 * How many of `entries` keys the fullest of `shards` shards gets: the number k beyond which the Chernoff bound of a
 * Poisson distribution, e^(k − m) · (m / k)^k for the mean m, is less than CHANCE.
 */
function fullest(entries, shards) {
  if (shards === 1) return entries;
  const mean = entries / shards;
  const isLikely = (k) => k - mean - k * Math.log(k / mean) > Math.log(CHANCE / shards);
  let [low, high] = [mean, 2 * mean + 64];
  while (isLikely(high)) high *= 2;
  while (high - low > 0.5) {
    const middle = (low + high) / 2;
    if (isLikely(middle)) low = middle;
    else high = middle;
  }
  return Math.min(entries, Math.ceil(high));
}

/**
 * The geometry of a map of at most `bytes` bytes: 64 shards, fewer if there are few entries or the largest one needs a
 * large ring, and more if rings whose size is a power of two leave room for more.
 *
 * @throws {RangeError} if the bytes are too few
 */
function geometryOf({ bytes = DEFAULT_BYTES, entries = Math.floor(bytes / DEFAULT_BYTES_PER_ENTRY), maxEntry, evict = false }) {
  const largest = maxEntry === undefined ? Math.min(DEFAULT_ENTRY, bytes / 64) : maxEntry;
  const most = Math.max(1, entries / ENTRIES_PER_SHARD);
  for (let least = SHARDS; least >= 1; least /= 2) {
    if (least > most) continue;
    const slots = powerOfTwo((fullest(entries, least) * 8) / 7);
    let units = MAX_UNITS;
    while (units > MIN_UNITS && FIRST_SHARD + least * shardBytes(slots, units) > bytes) units /= 2;
    const shards = Math.floor((bytes - FIRST_SHARD) / shardBytes(slots, units));
    const share = units >> SHARE_SHIFT;
    if (shards < least || share * UNIT < largest) continue;
    return { shards, slots, units, largest: maxEntry === undefined ? share : Math.floor(maxEntry / UNIT), evict };
  }
  const limit = maxEntry === undefined ? '' : ` of at most ${maxEntry} bytes`;
  throw outOfRange('options.bytes', `enough for ${entries} entries${limit}`, bytes);
}

/**
 * Bytes of a map that has room for so many entries with keys and values of at most so many bytes.
 *
 * @throws {RangeError} if that is more than a map can have
 */
function bytesFor({ entries, keyBytes, valueBytes }) {
  const units = ENTRY_UNITS + Math.ceil(keyBytes / UNIT) + Math.ceil(valueBytes / UNIT);
  const maxEntry = units * UNIT;
  // Whichever of these the map is created with.
  /** @type {object[]} */
  const options = [{ entries, maxEntry }];
  if (maxEntry <= ENTRY_WITHOUT_LIMIT) options.push({ entries }, { maxEntry }, {});
  for (let bytes = entries * maxEntry + 1024; bytes <= BYTES_MAX; bytes = Math.ceil(bytes * 1.02)) {
    if (options.every((given) => hasRoom(Object.assign({ bytes }, given), entries, units))) return bytes;
  }
  throw outOfRange('sizes', `those of a map of at most ${BYTES_MAX} bytes`, { entries, keyBytes, valueBytes });
}

function hasRoom(options, entries, entryUnits) {
  const geometry = geometryOrNull(options);
  if (geometry === null) return false;
  const { shards, slots, units, largest } = geometry;
  // One more than there are: `compute` has an entry of its own while it runs.
  const count = fullest(entries, shards) + 1;
  return count <= countMax(slots) && count * entryUnits <= liveMax(units) && entryUnits <= largest;
}

function geometryOrNull(options) {
  try {
    return geometryOf(options);
  } catch (_) {
    return null; // too few bytes
  }
}

module.exports = { BYTES_MAX, bytesFor, fullest, geometryOf };
