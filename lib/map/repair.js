'use strict';
// What makes a shard whole again, for who holds its lock.

const { isSound } = require('./entry');
const { ENTRY, SHARD } = require('./layout');
const { close, isLive, positionOf, visited } = require('./slots');

/**
 * Makes a shard whole after somebody has stopped at any step: in `close`, in `empty`, in here. Tags become those of
 * the entries, and what is there twice or cannot be found goes. Then everything is counted, and the head goes back
 * to where the last entry ends, or many deaths would fill the ring with entries to which no slot refers.
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
  end(shard);
}

function isWhole(shard, position) {
  return isLive(shard, position) && isSound(shard.words, shard.entryAt(position), shard.mostAt(position));
}

/** Whether a slot's entry is whole, can be found, and is found there first. */
function belongs(shard, slot) {
  const { words, firstSlot, slots } = shard;
  const position = positionOf(shard, slot);
  if (!isWhole(shard, position)) return false;
  const tag = words[firstSlot + 2 * slot];
  for (let probe = tag; ; probe++) {
    const before = probe & (slots - 1);
    const other = before === slot ? 0 : positionOf(shard, before);
    if (other !== 0 && other !== position) continue;
    visited(shard, probe - tag);
    return before === slot;
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
  words[start + SHARD.count] = 0;
  words[start + SHARD.live] = 0;
  end(shard);
}

/** Tells readers to begin anew, since units are free now that were not: laps, then moves, which becomes even. */
function end({ words, start }) {
  const moves = start + SHARD.moves;
  Atomics.store(words, start + SHARD.laps, (words[start + SHARD.laps] + 1) | 0);
  Atomics.store(words, moves, (words[moves] + 1) | 0);
  // What is written to the freed units must not be seen before the counts: on arm64 an atomic load keeps it behind.
  Atomics.load(words, moves);
}

module.exports = { empty, repair };
