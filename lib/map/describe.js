'use strict';
// What can be told of a map from a view of its memory, which may be forged, and which others may write to meanwhile:
// so no lengths are believed, each entry takes the same small time, and what has changed while it was read is read
// again. There are no Atomics on it: Bun compiles their loads to writes.

const { describeLocks } = require('../mutex/describe');
const { TYPE, isClaim, isSound, typeOf, valueStart } = require('./entry');
const { ENTRY, FIRST_SHARD, FIRST_SLOT, HEADER_WORDS, KEY_MAX, MAGIC, SHARD, UNIT, VERSION, WORD, countMax, isGeometry, readGeometry, shardBytes, viewsOf } = require('./layout');
const { barrier, loadPlainly, mayReorder } = require('./shard');

/** How many bytes of a key and of a value are shown. */
const PREVIEW = 100;

/** How often an entry is read again that others have moved or written over meanwhile. */
const MAX_READS = 10;

/** The geometry; null if it is no map. */
function geometryIn(words) {
  if (words.length < HEADER_WORDS || words[WORD.magic] !== MAGIC || words[WORD.version] !== VERSION) return null;
  const geometry = readGeometry(words);
  return isGeometry(geometry, words.length * 4) ? geometry : null;
}

/** The words at which the shards begin. */
function* startsOf({ shards, slots, units }) {
  const step = shardBytes(slots, units) / 4;
  for (let shard = 0; shard < shards; shard++) yield FIRST_SHARD / 4 + shard * step;
}

/**
 * Facts; null if it is no map. `live`, `free` are bytes; the counters begin again at 0 after 2³² − 1 for each shard.
 *
 * @param {Int32Array} words
 */
function describe(words) {
  const geometry = geometryIn(words);
  if (geometry === null) return null;
  const { shards, slots, units, evict } = geometry;
  const sums = { count: 0, live: 0, evicted: 0, expired: 0, repairs: 0 };
  for (const start of startsOf(geometry)) {
    for (const name of Object.keys(sums)) sums[name] += words[start + SHARD[name]] >>> 0;
  }
  const { count, live, ...counters } = sums;
  return {
    kind: 'map',
    shards,
    evict,
    entries: count,
    maxEntries: shards * countMax(slots),
    live: live * UNIT,
    free: Math.max(0, shards * units - live) * UNIT,
    ...counters,
    locks: describeLocks(words, startsOf(geometry)),
  };
}

/**
 * The beginnings of the first `most` entries that have not expired, each as `{ key, value }`, which are `{ type, bytes,
 * length }` or, for a number, itself. Returns `{ more, damaged }`: how many more there are, and how many are none.
 *
 * @param {Buffer} array the map's memory
 * @param {number} most
 */
function* entriesIn(array, most) {
  const views = viewsOf(array);
  const geometry = geometryIn(views.words);
  if (geometry === null) throw new Error('it is no map');
  const { slots } = geometry;
  const rest = { more: 0, damaged: 0 };
  for (const start of startsOf(geometry)) {
    for (let slot = 0; slot < slots; slot++) {
      const entry = entryOf(views, geometry, start, slot);
      if (entry === null) continue;
      if (entry === DAMAGED) rest.damaged++;
      else if (most-- > 0) yield entry;
      else rest.more++;
    }
  }
  return rest;
}

const DAMAGED = Symbol('damaged');

/** What a slot refers to; null if it is empty, or what was there has expired or gone. */
function entryOf(views, { slots, units }, start, slot) {
  const { words } = views;
  const at = start + FIRST_SLOT + 2 * slot;
  const ring = start + FIRST_SLOT + 2 * slots + slots / 4;
  let position = loadPlainly(words, at + 1);
  for (let reads = 0; reads < MAX_READS && position !== 0; reads++) {
    const place = position & (units - 1);
    const entry = ring + 2 * place;
    const isWhole = words[entry + ENTRY.tag] === words[at] && isSound(words, entry, units - place);
    const found = isWhole ? preview(views, entry) : DAMAGED;
    if (mayReorder) barrier();
    const isLive = (position - loadPlainly(words, start + SHARD.tail)) >>> 0 < units;
    const before = position;
    position = loadPlainly(words, at + 1);
    if (position === before && (isLive || reads === MAX_READS - 1)) return isLive ? found : DAMAGED;
  }
  return null;
}

/** The key and the value of an entry that is sound; null if it has expired, or is no value but a claim. */
function preview({ words, floats, bytes }, entry) {
  const expiry = floats[(entry + ENTRY.expiry) / 2];
  if (expiry !== 0 && !(expiry > Date.now())) return null;
  const head = words[entry + ENTRY.key];
  if (isClaim(head)) return null;
  const length = words[entry + ENTRY.value] >>> 0;
  const start = valueStart(head, entry);
  const copy = (from, size) => Buffer.from(bytes.slice(from, from + Math.min(size, PREVIEW)));
  const key = { bytes: copy((entry + ENTRY.start) * 4, head & KEY_MAX), length: head & KEY_MAX };
  const type = typeOf(head);
  if (type === TYPE.number) return { key, value: floats[start / 2] };
  return { key, value: { isBytes: type === TYPE.bytes, isJson: (type & TYPE.json) !== 0, bytes: copy(start * 4, length), length } };
}

/** How many entries were evicted and expired between two looks. */
const passed = (before, after) => ({
  evicted: (after.evicted - before.evicted) >>> 0,
  expired: (after.expired - before.expired) >>> 0,
});

module.exports = { describe, entriesIn, passed };
