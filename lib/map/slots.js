'use strict';
// The index of a shard for who holds its lock: a hash table with linear probing. A slot has a tag, which is the
// key's hash, and the position of the entry, which is stored last:
//
//   position   0: the slot is empty. Else it refers to the entry at that position.
//   moves      even: the index is whole. Odd: `close` or `repair` is at work, or whoever was has died.
//
// The lock's holder alone changes them. Empty → refers: `publish`. Refers → to another entry of its key: `refer`.
// Refers → empty, or → to the entry of a slot behind it: `close`, between two changes of moves.

const { COLLISIONS_MAX } = require('./shard');
const { ENTRY, SHARD } = require('./layout');

/**
 * The slot of the draft's key. If there is none, the empty slot where it belongs, as its complement `~slot`, which is
 * negative: so one number says both whether the key is there and where.
 *
 * @throws {Error} `ERR_SHM_LAYOUT` if the index is damaged
 */
function find(shard, draft) {
  const { words, firstSlot, slots } = shard;
  const { tag } = draft;
  let collisions = 0;
  for (let probe = 0; probe < slots; probe++) {
    const slot = (tag + probe) & (slots - 1);
    const position = words[firstSlot + 2 * slot + 1];
    if (position === 0) {
      visited(shard, probe);
      return ~slot;
    }
    if (words[firstSlot + 2 * slot] !== tag) continue;
    if (!isLive(shard, position) || !shard.isSoundAt(position)) break;
    if (shard.hasKey(position, draft)) {
      visited(shard, probe);
      return slot;
    }
    if (++collisions > COLLISIONS_MAX) break;
  }
  throw shard.damaged();
}

/** Whether what `find` gave is an entry that has not expired. */
function isThere(shard, slot) {
  return slot >= 0 && !shard.isExpired(positionOf(shard, slot));
}

/** The slot that refers to a position; −1 if there is none. */
function findPosition(shard, position) {
  const { words, firstSlot, slots } = shard;
  const tag = words[shard.entryAt(position) + ENTRY.tag];
  for (let probe = 0; probe < slots; probe++) {
    const slot = (tag + probe) & (slots - 1);
    const found = words[firstSlot + 2 * slot + 1];
    if (found !== position && found !== 0) continue;
    visited(shard, probe);
    return found === 0 ? -1 : slot;
  }
  visited(shard, slots);
  return -1;
}

/** Ends a call that forged memory would keep busy for hours. An honest index never needs so many visits. */
function visited(shard, visits) {
  if ((shard.visits -= visits) < 0) throw shard.damaged();
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

/** Makes the slot of a key refer to another entry of that key. Who sees it sees all that was written before. */
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
  let probe = 1;
  for (; probe < slots; probe++) {
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
  visited(shard, probe);
}

module.exports = { close, find, findPosition, isLive, isThere, positionOf, publish, refer, remove, visited };
