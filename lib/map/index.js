'use strict';
// SharedMap: strings, numbers and bytes by key, for all processes. The layout is in map-layout.js, how it is read
// without a lock in map-shard.js, and how it is changed under one in map-index.js and map-ring.js.

const { detached, invalidType } = require('../errors');
const memory = require('../memory');
const { Lock } = require('../mutex');
const { isWithdrawn, outlivesDetach } = require('../runtime/overlay');
const { expiryAfter, expiryOf, initialOf, millisecondsOf, needAtomics, notANumber, optionsOf } = require('./arguments');
const { Draft, UNSOUND } = require('./entry');
const { empty, find, isThere, positionOf, repair } = require('./slots');
const { SHARD, UNIT, WORD, totalBytes } = require('./layout');
const { openMap } = require('./open');
const { drop, dropExpired, isRingSound, put } = require('./ring');
const { ABSENT, CHANGED, Shard } = require('./shard');

/** So often a reader looks before it waits for the lock, as a writer does. */
const TRIES = 64;

/** The key that is looked for, and the entry that is made; one at a time, since no call lets another in. */
const draft = new Draft();

class SharedMap {
  constructor(key, options) {
    needAtomics();
    const checked = optionsOf(options);
    const { views, geometry } = openMap(key, checked);
    const { words } = views;
    this.key = key;
    this.defaultTtl = checked.ttl;
    this.words = words;
    this.seed = words.slice(WORD.seed, WORD.seed + 2);
    this.bytes = totalBytes(geometry);
    // Whether its words may not be empty after a detach.
    this.outlives = outlivesDetach(words.buffer);
    this.shards = Array.from({ length: geometry.shards }, (_, number) => new Shard(views, geometry, number, key));
  }

  get(key) {
    return read(shardOf(this, key));
  }

  has(key) {
    return expiryAt(shardOf(this, key)) !== undefined;
  }

  ttl(key) {
    const expiry = expiryAt(shardOf(this, key));
    return expiry === 0 ? Infinity : expiry && Math.max(0, expiry - Date.now());
  }

  set(key, value, options) {
    const shard = make(this, key, value, expiryOf(options, this.defaultTtl));
    // As `locked` does, but without a function for each call: this one is called most.
    enter(shard);
    try {
      store(shard, find(shard, draft));
    } finally {
      shard.mutex.unlock();
    }
    return this;
  }

  add(key, value, options) {
    const shard = make(this, key, value, expiryOf(options, this.defaultTtl));
    return locked(shard, () => {
      const slot = find(shard, draft);
      return !isThere(shard, slot) && store(shard, slot);
    });
  }

  replace(key, value, options) {
    const shard = make(this, key, value, expiryOf(options, this.defaultTtl));
    return locked(shard, () => {
      const slot = find(shard, draft);
      return isThere(shard, slot) && store(shard, slot);
    });
  }

  delete(key) {
    const shard = shardOf(this, key);
    return locked(shard, () => {
      const slot = find(shard, draft);
      const wasThere = isThere(shard, slot);
      if (slot >= 0) drop(shard, slot);
      return wasThere;
    });
  }

  increment(key, by = 1, options) {
    if (typeof by !== 'number') throw invalidType('by', 'a number', by);
    const first = initialOf(options) + by;
    const shard = make(this, key, first, expiryOf(options, this.defaultTtl));
    return locked(shard, () => {
      const slot = find(shard, draft);
      if (!isThere(shard, slot)) return store(shard, slot) && first;
      const position = positionOf(shard, slot);
      if (!shard.isNumberAt(position)) throw notANumber(key);
      shard.markRead(slot);
      return shard.setNumberAt(position, shard.valueAt(position) + by);
    });
  }

  update(key, change) {
    if (typeof change !== 'function') throw invalidType('change', 'a function', change);
    for (;;) {
      const seen = shardOf(this, key);
      const before = read(seen);
      const { position } = seen;
      const after = change(before);
      const isEnd = after === undefined;
      const shard = isEnd ? shardOf(this, key) : make(this, key, after, 0);
      const isDone = locked(shard, () => {
        const slot = find(shard, draft);
        const wasThere = isThere(shard, slot);
        if (wasThere !== (before !== undefined) || (wasThere && !isStill(shard, slot, position, before))) return false;
        draft.setExpiry(wasThere ? shard.expiryAt(position) : expiryAfter(this.defaultTtl));
        if (!isEnd) return store(shard, slot);
        if (slot >= 0) drop(shard, slot);
        return true;
      });
      if (isDone) return after;
    }
  }

  touch(key, ttl) {
    const expiry = expiryAfter(millisecondsOf('ttl', ttl));
    const shard = shardOf(this, key);
    return locked(shard, () => {
      const slot = find(shard, draft);
      if (!isThere(shard, slot)) return false;
      shard.setExpiryAt(positionOf(shard, slot), expiry);
      return true;
    });
  }

  clear() {
    check(this);
    for (const shard of this.shards) locked(shard, () => empty(shard), true);
  }

  prune() {
    check(this);
    return this.shards.reduce((pruned, shard) => pruned + locked(shard, () => dropExpired(shard)), 0);
  }

  get size() {
    return sum(this, SHARD.count);
  }

  stats() {
    return {
      size: this.size,
      bytes: this.bytes,
      liveBytes: sum(this, SHARD.live) * UNIT,
      evicted: sum(this, SHARD.evicted),
      expired: sum(this, SHARD.expired),
      repairs: sum(this, SHARD.repairs),
    };
  }

  *entries() {
    for (const shard of this.shards) {
      check(this);
      yield* entriesOf(shard);
    }
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
    memory.detach(this.key);
  }

  destroy() {
    return memory.destroy(this.key);
  }
}

/** @throws {Error} `ERR_SHM_DETACHED` */
function check({ words, outlives }) {
  if (words.length === 0 || (outlives && isWithdrawn(words.buffer))) throw detached();
}

/** The shard that a key belongs to; the draft has the key then. */
function shardOf(map, key) {
  check(map);
  draft.setKey(key, map.seed);
  return map.shards[Math.floor(((draft.tag >>> 0) / 2 ** 32) * map.shards.length)];
}

/** Likewise, and the draft has the value, too. */
function make(map, key, value, expiry) {
  const shard = shardOf(map, key);
  draft.setValue(value, shard.entryMax * UNIT);
  draft.setExpiry(expiry);
  return shard;
}

/** The value of the draft's key, whose position the shard has then; undefined if there is none. */
function read(shard) {
  for (let tries = 0; tries < TRIES; tries++) {
    const slot = shard.look(draft);
    if (slot === ABSENT) return undefined;
    if (slot === CHANGED) continue;
    const { position } = shard;
    const value = shard.isExpired(position) ? undefined : shard.valueAt(position);
    if (!shard.holds(position)) continue;
    if (value === UNSOUND) throw shard.damaged();
    shard.markRead(slot);
    return value;
  }
  return locked(shard, () => (isFound(shard) ? shard.valueAt(shard.position) : undefined));
}

/** When the draft's key expires, 0 for never; undefined if it is not there. */
function expiryAt(shard) {
  for (let tries = 0; tries < TRIES; tries++) {
    const slot = shard.look(draft);
    if (slot === ABSENT) return undefined;
    if (slot === CHANGED) continue;
    const { position } = shard;
    const expiry = shard.isExpired(position) ? undefined : shard.expiryAt(position);
    if (shard.holds(position)) return expiry;
  }
  return locked(shard, () => (isFound(shard) ? shard.expiryAt(shard.position) : undefined));
}

/** Finds the draft's key for a reader that has the lock. */
function isFound(shard) {
  const slot = find(shard, draft);
  if (slot >= 0) shard.position = positionOf(shard, slot);
  return isThere(shard, slot);
}

/**
 * Runs `action` with the lock of a shard, whose index is whole then, whoever has died.
 *
 * @param {boolean} [isReset] whether it does not matter what is in the shard
 */
function locked(shard, action, isReset = false) {
  enter(shard, isReset);
  try {
    return action();
  } finally {
    shard.mutex.unlock();
  }
}

/** Takes the lock of a shard, and makes its index whole; without the lock, if it throws. */
function enter(shard, isReset = false) {
  if (shard.mutex === null) shard.mutex = new Lock(shard.words, shard.start + SHARD.mutex);
  const result = shard.mutex.lock(Infinity);
  if (isReset) return;
  try {
    if (!isRingSound(shard)) throw shard.damaged();
    if (result !== 'ok' || shard.words[shard.start + SHARD.moves] & 1) repair(shard);
  } catch (error) {
    shard.mutex.unlock();
    throw error;
  }
}

/** Stores the draft; a number over one that expires at the same time is one store. Always true. */
function store(shard, slot) {
  if (draft.isNumber && isThere(shard, slot)) {
    const position = positionOf(shard, slot);
    if (shard.isNumberAt(position) && shard.expiryAt(position) === draft.expiry) {
      shard.markRead(slot);
      shard.setNumberAt(position, draft.number);
      return true;
    }
  }
  put(shard, draft, slot);
  return true;
}

function entriesOf(shard) {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = shard.tryEntries();
    if (found !== null) return found;
  }
  const found = locked(shard, () => shard.tryEntries());
  if (found === null) throw shard.damaged();
  return found;
}

function sum(map, word) {
  check(map);
  return map.shards.reduce((total, { words, start }) => total + words[start + word], 0);
}

/** Whether a slot has the value that was read at a position: a number can be another one in the same place. */
function isStill(shard, slot, position, value) {
  return positionOf(shard, slot) === position && (typeof value !== 'number' || Object.is(shard.valueAt(position), value));
}

module.exports = { SharedMap };
