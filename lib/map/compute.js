'use strict';
// `compute`: of all processes that want the value of a key, one computes it. claims.js says how that one is found;
// the others sleep on a word of the key's shard that counts how many computations have ended.

const { invalidType } = require('../errors');
const clock = require('../runtime/clock');
const waiting = require('../wait');
const { reasonOf } = require('../wait/arguments');
const { offAbort, onAbort } = require('../wait/signals');
const claims = require('./claims');
const { draft } = require('./draft');
const { computeTimedOut } = require('./errors');
const { SHARD, UNIT } = require('./layout');
const { locked } = require('./lock');
const { computeOptions } = require('./options');
const { drop: dropSlot, put } = require('./ring');
const { find, isThere, positionOf } = require('./slots');
const { store } = require('./store');

/** How often a call that waits looks whether the thread still lives that computes (milliseconds). */
const OWNER_CHECK_INTERVAL = 100;

/** When a claim that could not be given back is tried again (milliseconds). */
const RELEASE_RETRY = 100;

/** A value has been stored between a look and the claim. */
const STORED = 0;
/** Another call computes the value. */
const CLAIMED = -1;

/**
 * @param {any} map a Store
 * @param {string} key
 * @param {(context: { signal: any }) => any} callback
 */
async function compute(map, key, callback, given) {
  if (typeof callback !== 'function') throw invalidType('callback', 'a function', callback);
  const options = computeOptions(given, map.defaults);
  const { stale, timeout, signal, ref } = options;
  if (signal !== undefined && signal.aborted) throw reasonOf(signal);
  const found = map.read(map.shardOf(key));
  if (found !== undefined) return found;
  map.checkWritable('compute');
  // What follows must not be ended by force, so it does not run on the caller's stack, nor within a `vm` that has a timeout.
  await undefined;
  const deadline = clock.now() + timeout;
  for (;;) {
    const shard = map.shardOf(key);
    const value = map.read(shard);
    if (value !== undefined) return value;
    const old = stale > 0 ? map.readExpired(shard) : undefined;
    const seen = shard.load(shard.start + SHARD.computed);
    const number = claim(map, shard, key);
    if (number === STORED) continue;
    if (number !== CLAIMED) return call(map, key, number, callback, options);
    if (old !== undefined && old.expiry + stale > clock.time()) return old.value;
    const left = deadline - clock.now();
    if (left <= 0) throw computeTimedOut(map.key, key, timeout);
    const slice = Math.min(left, OWNER_CHECK_INTERVAL);
    await waiting.waitAsync(shard.words, shard.start + SHARD.computed, seen, { timeout: slice, signal, ref });
    map.user.checkCurrent();
  }
}

/** The number of a claim to the draft's key, or STORED, or CLAIMED. */
function claim(map, shard, key) {
  const number = claims.begin();
  map.claims.set(number, { shard, key });
  let result;
  try {
    result = locked(shard, map.defaults.timeout, key, () => tryClaim(shard, number));
  } finally {
    // After an error the claim may be there.
    if (result === undefined) release(map, number);
    else if (result !== number) forget(map, number);
  }
  return result;
}

function tryClaim(shard, number) {
  if (isThere(shard, find(shard, draft))) return STORED;
  draft.setClaim(true);
  const slot = find(shard, draft);
  if (slot >= 0 && claims.isHeld(shard, positionOf(shard, slot))) return CLAIMED;
  draft.setValue(claims.valueOf(number), shard.share * UNIT);
  draft.setExpiry(0);
  put(shard, draft, slot);
  return number;
}

/** Calls the callback, and stores what it gives. Whatever becomes of it, the claim ends. */
async function call(map, key, number, callback, { ttl, signal }) {
  try {
    const value = await orAborted(signal, callback({ signal }));
    if (value !== undefined) {
      const shard = map.make('compute', key, value, ttl);
      locked(shard, map.defaults.timeout, key, () => {
        // The claim first: of a thread that dies in between nothing is left, and another one computes the value.
        dropClaim(shard, number);
        store(shard, find(shard, draft));
      });
    }
    return value;
  } finally {
    release(map, number);
  }
}

/** What a promise gives, unless the signal is aborted first. */
function orAborted(signal, promise) {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    const end = (settle) => (result) => {
      offAbort(signal, abort);
      settle(result);
    };
    Promise.resolve(promise).then(end(resolve), end(reject));
    if (signal.aborted) abort();
    else onAbort(signal, abort);
  });
}

/** Gives a claim back, and wakes those who wait for the value. What fails is tried again. */
function release(map, number) {
  const { shard, key } = map.claims.get(number) || {};
  if (shard === undefined) return;
  try {
    if (shard.words.length > 0) drop(map, shard, key, number);
  } catch (error) {
    if (error.code !== 'ERR_SHM_DETACHED' && error.code !== 'ERR_SHM_LAYOUT') {
      clock.setTimeout(release, RELEASE_RETRY, map, number);
      return;
    }
  }
  forget(map, number);
}

function drop(map, shard, key, number) {
  locked(shard, map.defaults.timeout, key, () => {
    draft.setKey(key, map.seed);
    dropClaim(shard, number);
    Atomics.add(shard.words, shard.start + SHARD.computed, 1);
  });
  waiting.notify(shard.words, shard.start + SHARD.computed);
}

/** Drops a claim to the draft's key, if it is still there: clear() may have ended it, and another claim may be there. */
function dropClaim(shard, number) {
  draft.setClaim(true);
  const slot = find(shard, draft);
  if (slot >= 0 && claims.isOwn(shard, positionOf(shard, slot), number)) dropSlot(shard, slot);
  draft.setClaim(false);
}

function forget(map, number) {
  map.claims.delete(number);
  claims.end(number);
}

/** Gives back the claims of an object that is detached while its callbacks still run. */
function releaseAll(map) {
  for (const number of Array.from(map.claims.keys())) release(map, number);
}

module.exports = { compute, releaseAll };
