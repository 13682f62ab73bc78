'use strict';
// A map as the calls of SharedMap, and `compute`, use it: which shard a key belongs to, how a shard is read without its
// lock, and how the draft is stored with it.

const clock = require('../runtime/clock');
const { invalidType } = require('../errors');
const { User } = require('../structures/user');
const { draft } = require('./draft');
const { readOnly, readTimedOut } = require('./errors');
const { UNIT, WORD, totalBytes } = require('./layout');
const { locked } = require('./lock');
const { openMap } = require('./open');
const { expiryAfter } = require('./options');
const { put } = require('./ring');
const { ABSENT, CHANGED, ReadOnlyShard, Shard } = require('./shard');
const { find, isThere, positionOf } = require('./slots');
const { storable } = require('./values');

/** How often a reader looks for a key before it waits for the lock, as a writer does; and for all entries of a shard. */
const READS = 64;
const READS_OF_ALL = 8;

class Store {
  /** @param {{ ttl: number, timeout: number, readOnly: boolean }} options with all others of the constructor */
  constructor(key, options) {
    const { views, geometry } = openMap(key, options);
    const { words } = views;
    const ShardClass = options.readOnly ? ReadOnlyShard : Shard;
    this.key = key;
    this.words = words;
    this.isReadOnly = options.readOnly;
    /** What calls take that have no options. */
    this.defaults = { ttl: options.ttl, timeout: options.timeout, initial: undefined };
    this.seed = words.slice(WORD.seed, WORD.seed + 2);
    this.bytes = totalBytes(geometry);
    this.geometry = geometry;
    this.shards = Array.from({ length: geometry.shards }, (_, number) => new ShardClass(views, geometry, number, key));
    /** The claims of this object's calls of `compute`, by their numbers. @type {Map<number, { shard: any, key: string }>} */
    this.claims = new Map();
    /** @type {any} */
    this.user = null;
  }

  /** Begins this object's share of the memory; `giveBack` must not refer to the SharedMap. */
  begin(giveBack) {
    this.user = new User(this.key, this.words, giveBack);
  }

  /** @throws {Error} `ERR_SHM_READ_ONLY` */
  checkWritable(call) {
    if (this.isReadOnly) throw readOnly(this.key, call);
  }

  /** The shard that a key belongs to; the draft has the key then. */
  shardOf(key) {
    this.user.checkAttached();
    if (typeof key !== 'string') throw invalidType('key', 'a string', key);
    draft.setKey(key, this.seed);
    return this.shards[Math.floor(((draft.tag >>> 0) / 2 ** 32) * this.shards.length)];
  }

  /** Likewise for a call that writes, and the draft has the value, too. */
  make(call, key, value, ttl) {
    this.checkWritable(call);
    const plain = storable(value); // may run code of the caller's, so it comes first
    const expiry = expiryAfter(ttl);
    const shard = this.shardOf(key);
    draft.setValue(plain, shard.largest * UNIT);
    draft.setExpiry(expiry);
    return shard;
  }

  /** The value of the draft's key, whose position the shard has then; undefined if there is none. */
  read(shard) {
    // As `look` does, but without a function for each call: this one is called most.
    for (let tries = 0; tries < READS; tries++) {
      const slot = shard.look(draft);
      if (slot === ABSENT) return undefined;
      if (slot === CHANGED) continue;
      const { position } = shard;
      const value = shard.isExpired(position) ? undefined : shard.valueAt(position);
      if (!shard.holds(position)) continue;
      shard.markRead(slot);
      return shard.givenOut(value);
    }
    return shard.givenOut(this.lookLonger(shard, valueOf));
  }

  /** Milliseconds since 1970 when the draft's key expires, 0 for never; undefined if it is not there. */
  expiryOf(shard) {
    return this.look(shard, expiryOf);
  }

  /** `{ value, expiry }` of the draft's key, also if it has expired; undefined if it is not there. */
  readExpired(shard) {
    const found = this.look(shard, entryOf);
    return found && { value: shard.givenOut(found.value), expiry: found.expiry };
  }

  /** What `take(shard, position)` gives of the draft's key; undefined if it is not there. */
  look(shard, take) {
    for (let tries = 0; tries < READS; tries++) {
      const result = tryLook(shard, take);
      if (result !== CHANGED) return result;
    }
    return this.lookLonger(shard, take);
  }

  /** The same, when others change the shard all the time: with the lock, or until the time is over. */
  lookLonger(shard, take) {
    const { timeout } = this.defaults;
    if (this.isReadOnly) return this.untilRead(() => tryLook(shard, take));
    return locked(shard, timeout, draft.key, () => {
      const slot = find(shard, draft);
      if (slot < 0) return undefined;
      shard.beginReading();
      shard.position = positionOf(shard, slot);
      return take(shard, shard.position);
    });
  }

  /** All entries of a shard that have not expired. */
  entriesOf(shard) {
    this.user.checkAttached();
    for (let tries = 0; tries < READS_OF_ALL; tries++) {
      const found = shard.tryEntries();
      if (found !== null) return found;
    }
    if (this.isReadOnly) return this.untilRead(() => shard.tryEntries() || CHANGED);
    const found = locked(shard, this.defaults.timeout, undefined, () => shard.tryEntries());
    if (found === null) throw shard.damaged();
    return found;
  }

  /** What `attempt` gives that is not CHANGED. @throws {Error} `ERR_SHM_TIMED_OUT` */
  untilRead(attempt) {
    const { timeout } = this.defaults;
    const deadline = clock.now() + timeout;
    do {
      const result = attempt();
      if (result !== CHANGED) return result;
    } while (clock.now() < deadline);
    throw readTimedOut(this.key, timeout);
  }

  /** A word of all shards together, each from 0 to 2³² − 1. */
  sum(word) {
    this.user.checkAttached();
    return this.shards.reduce((total, { words, start }) => total + (words[start + word] >>> 0), 0);
  }
}

function valueOf(shard, position) {
  return shard.isExpired(position) ? undefined : shard.valueAt(position);
}

function expiryOf(shard, position) {
  return shard.isExpired(position) ? undefined : shard.expiryAt(position);
}

function entryOf(shard, position) {
  return { value: shard.valueAt(position), expiry: shard.expiryAt(position) };
}

/** What `take` gives, undefined if the draft's key is not there, or CHANGED: look again. */
function tryLook(shard, take) {
  const slot = shard.look(draft);
  if (slot === ABSENT) return undefined;
  if (slot === CHANGED) return CHANGED;
  const result = take(shard, shard.position);
  return shard.holds(shard.position) ? result : CHANGED;
}

/** Stores the draft; a number over one that expires at the same time is one store of 8 bytes. */
function store(shard, slot) {
  if (draft.isNumber && isThere(shard, slot)) {
    const position = positionOf(shard, slot);
    if (shard.isNumberAt(position) && shard.expiryAt(position) === draft.expiry) {
      shard.markRead(slot);
      shard.setNumberAt(position, draft.number);
      return;
    }
  }
  put(shard, draft, slot);
}

module.exports = { Store, store };
