'use strict';
// The index of a shard for who holds its lock: a hash table with linear probing. A slot has a tag, which is the
// key's hash, and the position of the entry; the position is what counts, and is stored last.

const { isSound } = require('./entry');
const { ENTRY, SHARD } = require('./layout');

/**
 * The slot of the draft's key; if there is none, the complement of the empty slot where it belongs.
 *
 * @throws {Error} `ERR_SHM_LAYOUT` if the index is damaged
 */
function find(shard, draft) {
  const { words, firstSlot, slots } = shard;
  const { tag } = draft;
  for (let probe = 0; probe < slots; probe++) {
    const slot = (tag + probe) & (slots - 1);
    const position = words[firstSlot + 2 * slot + 1];
    if (position === 0) return ~slot;
    if (words[firstSlot + 2 * slot] !== tag) continue;
    if (!isLive(shard, position) || !shard.isSoundAt(position)) throw shard.damaged();
    if (shard.hasKey(position, draft)) return slot;
  }
  throw shard.damaged();
}

/** Whether what `find` gave is an entry that has not expired. */
function isThere(shard, slot) {
  return slot >= 0 && !shard.isExpired(positionOf(shard, slot));
}

/** The slot that refers to a position; −1 if none does. */
function findPosition(shard, position) {
  const { words, firstSlot, slots } = shard;
  const tag = words[shard.entryAt(position) + ENTRY.tag];
  for (let probe = 0; probe < slots; probe++) {
    const slot = (tag + probe) & (slots - 1);
    const found = words[firstSlot + 2 * slot + 1];
    if (found === position) return slot;
    if (found === 0) return -1;
  }
  return -1;
}

/** Whether a position is in the used part of the ring. */
function isLive({ words, start }, position) {
  const tail = words[start + SHARD.tail];
  return (position - tail) >>> 0 < (words[start + SHARD.head] - tail) >>> 0;
}

function positionOf({ words, firstSlot }, slot) {
  return words[firstSlot + 2 * slot + 1];
}

/** Makes an empty slot refer to an entry: from the last store on readers find it. */
function publish(shard, slot, tag, position) {
  Atomics.store(shard.words, shard.firstSlot + 2 * slot, tag);
  refer(shard, slot, position);
}

/** Makes the slot of a key refer to another entry of that key. All that was written before is seen with it. */
function refer({ words, firstSlot }, slot, position) {
  Atomics.store(words, firstSlot + 2 * slot + 1, position);
}

/** Takes a slot out. */
function remove(shard, slot) {
  const { words, start } = shard;
  const moves = start + SHARD.moves;
  Atomics.store(words, moves, (words[moves] + 1) | 0);
  close(shard, slot);
  Atomics.store(words, moves, (words[moves] + 1) | 0);
}

/**
 * Empties a slot, and moves those behind it up that would not be found any more. Each is copied, then that is
 * counted, then its old slot is written over: who has missed it sees another number of moves. The position comes
 * before the tag: from then on the slot's old key is gone for good, also if the tag is never stored.
 */
function close(shard, slot) {
  const { words, bytes, start, firstSlot, firstRead, slots } = shard;
  const mask = slots - 1;
  let hole = slot;
  for (let probe = 1; probe < slots; probe++) {
    const next = (slot + probe) & mask;
    const position = words[firstSlot + 2 * next + 1];
    if (position === 0) break;
    const tag = words[firstSlot + 2 * next];
    if (((next - tag) & mask) < ((next - hole) & mask)) continue; // its probing begins behind the hole
    bytes[firstRead + hole] = bytes[firstRead + next];
    Atomics.store(words, firstSlot + 2 * hole + 1, position);
    Atomics.store(words, firstSlot + 2 * hole, tag);
    Atomics.store(words, start + SHARD.moves, (words[start + SHARD.moves] + 2) | 0);
    hole = next;
  }
  Atomics.store(words, firstSlot + 2 * hole + 1, 0);
}

/**
 * Makes a shard whole after somebody has died at any step: in `close`, in `empty`, in here. Tags become those of
 * the entries, and what is there twice or cannot be found goes. Then everything is counted, and the head goes back
 * to where the last entry ends, or many deaths would fill the ring with what nobody refers to.
 */
function repair(shard) {
  const { words, start, firstSlot, slots } = shard;
  const moves = start + SHARD.moves;
  Atomics.store(words, moves, (words[moves] + 1) | 1);
  for (let slot = 0; slot < slots; slot++) {
    const position = positionOf(shard, slot);
    if (position !== 0 && isWhole(shard, position)) Atomics.store(words, firstSlot + 2 * slot, words[shard.entryAt(position) + ENTRY.tag]);
  }
  for (let slot = 0; slot < slots; ) {
    if (positionOf(shard, slot) === 0 || belongs(shard, slot)) slot++;
    else close(shard, slot);
  }
  recount(shard);
  words[start + SHARD.repairs]++;
  Atomics.store(words, start + SHARD.laps, (words[start + SHARD.laps] + 1) | 0);
  Atomics.store(words, moves, (words[moves] + 1) | 0);
}

function isWhole(shard, position) {
  return isLive(shard, position) && isSound(shard.words, shard.entryAt(position), shard.leftAt(position));
}

/** Whether a slot's entry is whole, can be found, and is found there first. */
function belongs(shard, slot) {
  const { words, firstSlot, slots } = shard;
  const position = positionOf(shard, slot);
  if (!isWhole(shard, position)) return false;
  for (let probe = words[firstSlot + 2 * slot]; ; probe++) {
    const before = probe & (slots - 1);
    if (before === slot) return true;
    const other = positionOf(shard, before);
    if (other === 0 || other === position) return false;
  }
}

function recount(shard) {
  const { words, start, slots } = shard;
  const tail = words[start + SHARD.tail];
  let count = 0;
  let live = 0;
  let used = 0;
  for (let slot = 0; slot < slots; slot++) {
    const position = positionOf(shard, slot);
    if (position === 0) continue;
    const units = words[shard.entryAt(position)];
    count++;
    live += units;
    used = Math.max(used, (position + units - tail) >>> 0);
  }
  words[start + SHARD.count] = count;
  words[start + SHARD.live] = live;
  Atomics.store(words, start + SHARD.head, (tail + used) | 0);
}

/** Forgets all entries, whatever is in the shard. */
function empty(shard) {
  const { words, start, firstSlot, slots } = shard;
  const moves = start + SHARD.moves;
  Atomics.store(words, moves, (words[moves] + 1) | 1);
  for (let slot = 0; slot < slots; slot++) Atomics.store(words, firstSlot + 2 * slot + 1, 0);
  Atomics.store(words, start + SHARD.tail, words[start + SHARD.head]);
  Atomics.store(words, start + SHARD.laps, (words[start + SHARD.laps] + 1) | 0);
  words[start + SHARD.count] = 0;
  words[start + SHARD.live] = 0;
  Atomics.store(words, moves, (words[moves] + 1) | 0);
}

module.exports = { empty, find, findPosition, isThere, positionOf, publish, refer, remove, repair };
