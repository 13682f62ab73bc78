'use strict';
// The ring of a shard for who holds its lock: entries are written at its head, and reclaimed at its tail, where
// what is still wanted moves on to the head. So there is nothing but free room between head and tail.
//
//   tail ≤ position < head    the entry is live if a slot refers to it, else dead: reclaiming passes it
//   head ≤ position           free. An entry is written there, then the head passes it, then a slot refers to it
//
// The first word of a dead entry may be marked by PAD. Only `reclaim` and `empty` move the tail, and only `repair` moves
// the head back.

const { holding, isHeld } = require('./claims');
const { full } = require('./errors');
const { ENTRY_UNITS, PAD, SHARD, UNIT, liveMax } = require('./layout');
const { find, findPosition, positionOf, publish, refer, remove } = require('./slots');

/** Up to so many words a loop is faster than a call of the runtime. */
const LOOP_MAX = 64;

/** Units that stay free: the largest entry can be moved on then, though a pad as large is in front of the ring's end. */
const reserved = (shard) => 2 * shard.share + 1;

/** Stores the draft under its key, in place of what is there: `found` is what `find` says of it. */
function put(shard, draft, found) {
  const { words, start } = shard;
  const slot = makeRoom(shard, draft, found);
  const position = placeFor(shard, draft.units);
  const entry = shard.entryAt(position);
  copyDraft(shard, draft, entry);
  Atomics.store(words, start + SHARD.head, (position + draft.units) | 0);
  if (slot >= 0) {
    const replaced = positionOf(shard, slot);
    if (shard.isExpired(replaced)) words[start + SHARD.expired]++;
    words[start + SHARD.live] += draft.units - unitsAt(shard, replaced);
    refer(shard, slot, position);
    markDead(shard, replaced);
  } else {
    shard.bytes[shard.firstRead + ~slot] = 0;
    publish(shard, ~slot, draft.tag, position);
    words[start + SHARD.count]++;
    words[start + SHARD.live] += draft.units;
  }
}

/** Takes an entry out of the index; its room comes back when the tail gets there. */
function drop(shard, slot) {
  const { words, start } = shard;
  const position = positionOf(shard, slot);
  const units = unitsAt(shard, position);
  remove(shard, slot);
  words[start + SHARD.count]--;
  words[start + SHARD.live] -= units;
  markDead(shard, position);
}

/**
 * Tells `reclaim` that no slot refers to an entry, which it would have to look up otherwise, in memory that is in no
 * cache. Where this is missing, since somebody has died before, it does.
 */
function markDead(shard, position) {
  shard.words[shard.entryAt(position)] |= PAD;
}

/** Takes all expired entries out of the index, and all claims that are not held; how many there were. */
function dropExpired(shard) {
  const isHeldNow = holding();
  let dropped = 0;
  for (let slot = 0; slot < shard.slots; ) {
    const position = positionOf(shard, slot);
    if (position !== 0 && isOver(shard, position, isHeldNow)) {
      drop(shard, slot);
      dropped++;
    } else slot++;
  }
  shard.words[shard.start + SHARD.expired] += dropped;
  return dropped;
}

/** Whether an entry has expired; a claim: whether it is not held. */
function isOver(shard, position, isHeldNow) {
  return shard.isClaimAt(position) ? !isHeldNow(shard, position) : shard.isExpired(position);
}

/**
 * Reclaims until the draft has room; the slot of its key, as `find` tells it.
 *
 * @throws {Error} `ERR_SHM_FULL` if too much is live and nothing may be evicted
 */
function makeRoom(shard, draft, found) {
  let slot = found;
  let claims = 0;
  // In two tours everything is moved on and then evicted, unless numbers are forged, or most entries are claims.
  const last = (shard.words[shard.start + SHARD.tail] + 3 * shard.units) | 0;
  for (;;) {
    const isTooMuch = !mayLive(shard, draft, slot);
    if (!isTooMuch && hasRoom(shard, draft)) return slot;
    const moves = shard.words[shard.start + SHARD.moves];
    if (isTooMuch && !shard.evict) {
      if (dropExpired(shard) === 0) throw fullShard(shard);
    } else {
      if (reclaim(shard)) claims++;
      if (((last - shard.words[shard.start + SHARD.tail]) | 0) < 0) throw claims > 0 ? fullShard(shard) : shard.damaged();
    }
    if (shard.words[shard.start + SHARD.moves] !== moves) slot = find(shard, draft);
  }
}

function mayLive(shard, draft, slot) {
  const { words, start } = shard;
  const replaced = slot < 0 ? 0 : unitsAt(shard, positionOf(shard, slot));
  return words[start + SHARD.live] - replaced + draft.units <= liveMax(shard.units) && (slot >= 0 || words[start + SHARD.count] < shard.countMax);
}

function hasRoom(shard, draft) {
  const { words, start, units } = shard;
  const used = (words[start + SHARD.head] - words[start + SHARD.tail]) | 0;
  return units - used >= draft.units + reserved(shard);
}

/**
 * Frees the oldest units. An entry that is wanted moves on: it is copied, its slot refers to the copy, and only
 * then the tail passes it. Returns whether it is a claim.
 */
function reclaim(shard) {
  const { words, start } = shard;
  const tail = words[start + SHARD.tail];
  const entry = shard.entryAt(tail);
  const used = (words[start + SHARD.head] - tail) | 0;
  const units = words[entry] & ~PAD;
  const isDead = (words[entry] & PAD) !== 0;
  if (units < 1 || units > used || units > shard.leftAt(tail) || (!isDead && (units < ENTRY_UNITS || units > shard.share))) throw shard.damaged();
  const slot = isDead ? -1 : findPosition(shard, tail);
  const isClaim = slot >= 0 && shard.isClaimAt(tail);
  if (slot >= 0) {
    const reason = whyNotWanted(shard, slot, tail);
    if (reason === 0) moveOn(shard, slot, tail, units);
    else {
      drop(shard, slot);
      words[start + reason]++;
    }
  }
  Atomics.store(words, start + SHARD.tail, (tail + units) | 0);
  if (units === shard.leftAt(tail)) Atomics.store(words, start + SHARD.laps, (words[start + SHARD.laps] + 1) | 0);
  // What is written to the freed units must not be seen before that: on arm64 an atomic load keeps it behind.
  Atomics.load(words, start + SHARD.tail);
  return isClaim;
}

/** The word that counts what becomes of the oldest entry; 0: it moves on. */
function whyNotWanted(shard, slot, position) {
  if (isOver(shard, position, isHeld)) return SHARD.expired;
  if (shard.isClaimAt(position)) return 0;
  return shard.evict && shard.bytes[shard.firstRead + slot] === 0 ? SHARD.evicted : 0;
}

function moveOn(shard, slot, from, units) {
  const { words, start } = shard;
  const position = placeFor(shard, units);
  const source = shard.entryAt(from);
  words.copyWithin(shard.entryAt(position), source, source + 2 * units);
  Atomics.store(words, start + SHARD.head, (position + units) | 0);
  shard.bytes[shard.firstRead + slot] = 0;
  refer(shard, slot, position);
}

/** The position for an entry of so many units: it does not go over the end of the ring, and is not 0. */
function placeFor(shard, units) {
  const { words, start } = shard;
  const left = shard.leftAt(words[start + SHARD.head]);
  if (units > left) pad(shard, left);
  if (words[start + SHARD.head] === 0) pad(shard, 1);
  return words[start + SHARD.head];
}

function pad(shard, units) {
  const { words, start } = shard;
  const head = words[start + SHARD.head];
  words[shard.entryAt(head)] = units | PAD;
  Atomics.store(words, start + SHARD.head, (head + units) | 0);
}

function copyDraft(shard, draft, entry) {
  const length = 2 * draft.units;
  if (length > LOOP_MAX) {
    draft.views.bytes.copy(shard.bytes, entry * 4, 0, length * 4);
    return;
  }
  const { words } = draft.views;
  for (let at = 0; at < length; at++) shard.words[entry + at] = words[at];
}

function unitsAt(shard, position) {
  return shard.words[shard.entryAt(position)];
}

/** Whether what the shard tells of its ring can be true. */
function isRingSound({ words, start, units }) {
  return (words[start + SHARD.head] - words[start + SHARD.tail]) >>> 0 <= units;
}

function fullShard(shard) {
  const { words, start } = shard;
  const live = words[start + SHARD.live] * UNIT;
  const count = words[start + SHARD.count];
  return full(shard.key, `one of its parts has ${count} of at most ${shard.countMax} entries, with ${live} of at most ${liveMax(shard.units) * UNIT} bytes`);
}

module.exports = { drop, dropExpired, isRingSound, put };
