'use strict';
// SharedMap: values by key, for all processes. The layout is in layout.js, how it is read without a lock in shard.js,
// and how it is changed with one in slots.js and ring.js. lock.js says who may change it and what a death leaves.

const { invalidType } = require('../errors');
const { standFor } = require('../memory/current');
const { duration } = require('../options');
const { disposable, showFacts } = require('../structures/inspect');
const { compute, releaseAll } = require('./compute');
const { draft } = require('./draft');
const { notANumber } = require('./errors');
const { SHARD, UNIT } = require('./layout');
const { clear, enter, leave, leaveAfter, locked } = require('./lock');
const { expiryAfter, mapOptions, read, sizesOf, timeUntil } = require('./options');
const { drop, dropExpired } = require('./ring');
const { bytesFor } = require('./sizing');
const { find, isThere, positionOf } = require('./slots');
const { Store, store } = require('./store');

class SharedMap {
  #map;

  constructor(key, options) {
    const map = new Store(key, mapOptions(options));
    this.#map = map;
    map.begin(() => releaseAll(map));
    map.user.endWith(this);
    standFor(this, map.words);
  }

  static bytesFor(sizes) {
    return bytesFor(sizesOf(sizes));
  }

  get key() {
    return this.#map.key;
  }

  get(key) {
    const map = this.#map;
    return map.read(map.shardOf(key));
  }

  has(key) {
    const map = this.#map;
    return map.expiryOf(map.shardOf(key)) !== undefined;
  }

  ttl(key) {
    const map = this.#map;
    const expiry = map.expiryOf(map.shardOf(key));
    return expiry === undefined ? undefined : timeUntil(expiry);
  }

  set(key, value, options) {
    const { ttl, timeout } = read.set(options, this.#map.defaults);
    const shard = this.#map.make('set', key, value, ttl);
    // As `locked` does, but without a function for each call: this one is called most.
    enter(shard, timeout, key);
    try {
      store(shard, find(shard, draft));
    } catch (error) {
      throw leaveAfter(shard, error);
    }
    leave(shard);
    return this;
  }

  add(key, value, options) {
    const { ttl, timeout } = read.add(options, this.#map.defaults);
    const shard = this.#map.make('add', key, value, ttl);
    return locked(shard, timeout, key, () => {
      const slot = find(shard, draft);
      if (isThere(shard, slot)) return false;
      store(shard, slot);
      return true;
    });
  }

  replace(key, value, options) {
    const { ttl, timeout } = read.replace(options, this.#map.defaults);
    const shard = this.#map.make('replace', key, value, ttl);
    return locked(shard, timeout, key, () => {
      const slot = find(shard, draft);
      if (!isThere(shard, slot)) return false;
      store(shard, slot);
      return true;
    });
  }

  delete(key, options) {
    const { timeout } = read.delete(options, this.#map.defaults);
    const shard = this.#shardToWrite('delete', key);
    return locked(shard, timeout, key, () => {
      const slot = find(shard, draft);
      const wasThere = isThere(shard, slot);
      if (slot >= 0) drop(shard, slot);
      return wasThere;
    });
  }

  increment(key, by = 1, options) {
    if (typeof by !== 'number') throw invalidType('by', 'a number', by);
    const { ttl, timeout, initial = 0 } = read.increment(options, this.#map.defaults);
    const first = initial + by;
    const shard = this.#map.make('increment', key, first, ttl);
    enter(shard, timeout, key);
    let result = first;
    try {
      const slot = find(shard, draft);
      if (isThere(shard, slot)) {
        const position = positionOf(shard, slot);
        if (!shard.isNumberAt(position)) throw notANumber(key);
        shard.markRead(slot);
        result = shard.setNumberAt(position, shard.numberAt(position) + by);
      } else store(shard, slot);
    } catch (error) {
      throw leaveAfter(shard, error);
    }
    leave(shard);
    return result;
  }

  update(key, change, options) {
    if (typeof change !== 'function') throw invalidType('change', 'a function', change);
    const map = this.#map;
    const { timeout } = read.update(options, map.defaults);
    map.checkWritable('update');
    for (;;) {
      const seen = map.shardOf(key);
      const before = map.read(seen);
      const { position, laps } = seen;
      const after = change(before);
      const isEnd = after === undefined;
      const shard = isEnd ? map.shardOf(key) : map.make('update', key, after, map.defaults.ttl);
      const isDone = locked(shard, timeout, key, () => {
        const slot = find(shard, draft);
        const wasThere = isThere(shard, slot);
        if (wasThere !== (before !== undefined) || (wasThere && !isStill(shard, slot, { position, laps, value: before }))) return false;
        if (isEnd) {
          if (slot >= 0) drop(shard, slot);
          return true;
        }
        if (wasThere) draft.setExpiry(shard.expiryAt(position));
        store(shard, slot);
        return true;
      });
      if (isDone) return after;
    }
  }

  touch(key, ttl, options) {
    const { timeout } = read.touch(options, this.#map.defaults);
    const expiry = expiryAfter(duration(ttl, 'ttl'));
    const shard = this.#shardToWrite('touch', key);
    return locked(shard, timeout, key, () => {
      const slot = find(shard, draft);
      if (!isThere(shard, slot)) return false;
      shard.setExpiryAt(positionOf(shard, slot), expiry);
      return true;
    });
  }

  async compute(key, callback, options) {
    try {
      return await compute(this.#map, key, callback, options);
    } finally {
      // This object must not be collected as long as its computation runs: its claims would end.
      this.#map.user.isAttached();
    }
  }

  clear(options) {
    const { timeout } = read.clear(options, this.#map.defaults);
    this.#checkWritable('clear');
    for (const shard of this.#map.shards) clear(shard, timeout);
  }

  prune(options) {
    const { timeout } = read.prune(options, this.#map.defaults);
    this.#checkWritable('prune');
    return this.#map.shards.reduce((pruned, shard) => pruned + locked(shard, timeout, undefined, () => dropExpired(shard)), 0);
  }

  get size() {
    return this.#map.sum(SHARD.count);
  }

  stats() {
    const map = this.#map;
    return {
      size: map.sum(SHARD.count),
      bytes: map.bytes,
      liveBytes: map.sum(SHARD.live) * UNIT,
      evicted: map.sum(SHARD.evicted),
      expired: map.sum(SHARD.expired),
      repairs: map.sum(SHARD.repairs),
    };
  }

  *entries() {
    for (const shard of this.#map.shards) yield* this.#map.entriesOf(shard);
  }

  *keys() {
    for (const entry of this.entries()) yield entry[0];
  }

  *values() {
    for (const entry of this.entries()) yield entry[1];
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  detach() {
    standFor(this, null);
    this.#map.user.detach();
  }

  destroy() {
    standFor(this, null);
    return this.#map.user.destroy();
  }

  #checkWritable(call) {
    this.#map.user.checkAttached();
    this.#map.checkWritable(call);
  }

  #shardToWrite(call, key) {
    this.#map.checkWritable(call);
    return this.#map.shardOf(key);
  }

  static {
    showFacts(this, (object) => factsOf(object.#map));
    disposable(this, 'detach');
  }
}

/** What console.log and JSON.stringify show. */
function factsOf(map) {
  const isAttached = map.user.isAttached();
  const { geometry, bytes } = map;
  const facts = { key: map.key, bytes, maxEntry: geometry.largest * UNIT, evict: geometry.evict };
  return isAttached ? Object.assign(facts, { size: map.sum(SHARD.count), liveBytes: map.sum(SHARD.live) * UNIT }) : Object.assign(facts, { detached: true });
}

/**
 * Whether a slot has the value that was read at a position. With the same laps nothing else was written there, for no
 * repair has moved the head back; but a number is changed where it is.
 */
function isStill(shard, slot, { position, laps, value }) {
  const isSameEntry = positionOf(shard, slot) === position && shard.load(shard.start + SHARD.laps) === laps;
  return isSameEntry && (typeof value !== 'number' || Object.is(shard.numberAt(position), value));
}

module.exports = { SharedMap };
