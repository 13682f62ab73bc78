'use strict';
// Memory of a SharedMap that is forged so that an honest process works for ever, or allocates without bound.

const { ENTRY, FIRST_SHARD, FIRST_SLOT, PAD, SHARD, SHARE_SHIFT, WORD, readGeometry, shardBytes } = require('../lib/map/layout');
const { TYPE } = require('../lib/map/entry');
const { shm } = require('./support');

/** Calls `forge` for each shard with its words by name. */
function eachShard(words, forge) {
  const { shards, slots, units } = readGeometry(words);
  const step = shardBytes(slots, units) / 4;
  for (let number = 0; number < shards; number++) {
    const start = FIRST_SHARD / 4 + number * step;
    const firstSlot = start + FIRST_SLOT;
    const ring = firstSlot + 2 * slots + slots / 4;
    forge({ words, start, firstSlot, ring, slots, units });
  }
}

/** Writes an entry at a position, with the head behind it. */
function entry({ words, ring, units: ringUnits }, position, { units, tag, keyBytes, type, valueBytes }) {
  const at = ring + 2 * (position & (ringUnits - 1));
  words[at + ENTRY.units] = units;
  words[at + ENTRY.tag] = tag;
  words[at + ENTRY.key] = keyBytes | (type << 16);
  words[at + ENTRY.value] = valueBytes;
  words[at + ENTRY.expiry] = words[at + ENTRY.expiry + 1] = 0;
}

/** All slots but those that `isFree` says refer to one position. */
function slotsTo({ words, firstSlot, slots }, tagOf, position, used = slots) {
  for (let slot = 0; slot < slots; slot++) {
    words[firstSlot + 2 * slot] = tagOf(slot);
    words[firstSlot + 2 * slot + 1] = slot < used ? position : 0;
  }
}

function counts({ words, start, units, slots }, live) {
  words[start + SHARD.tail] = 1;
  words[start + SHARD.head] = units;
  words[start + SHARD.count] = slots;
  words[start + SHARD.live] = live;
}

const forgeries = {
  'all slots refer to one entry that claims the ring'(shard) {
    counts(shard, 0);
    entry(shard, 1, { units: shard.units - 1, tag: 0, keyBytes: 8, type: TYPE.ascii, valueBytes: (shard.units - 8) * 8 });
    slotsTo(shard, (slot) => slot, 1);
  },
  'all slots refer to one of the largest entries'(shard) {
    counts(shard, 0);
    const units = shard.units >> SHARE_SHIFT;
    entry(shard, 1, { units, tag: 0, keyBytes: 8, type: TYPE.bytes, valueBytes: (units - 4) * 8 });
    slotsTo(shard, (slot) => slot, 1);
  },
  'JSON that nests as deep as it can'(shard) {
    counts(shard, 0);
    const units = shard.units >> SHARE_SHIFT;
    entry(shard, 1, { units, tag: 0, keyBytes: 8, type: TYPE.json | TYPE.ascii, valueBytes: (units - 4) * 8 });
    Buffer.from(shard.words.buffer, shard.words.byteOffset).fill('[', (shard.ring + 2 + 8) * 4, (shard.ring + 2 + 2 * units) * 4);
    slotsTo(shard, (slot) => slot, 1, 1);
  },
  'one tag everywhere, and a dead owner'(shard) {
    counts(shard, 0);
    entry(shard, 1, { units: 5, tag: 7, keyBytes: 8, type: TYPE.number, valueBytes: 8 });
    slotsTo(shard, () => 7, 1);
    shard.words[shard.start + SHARD.moves] = 1;
  },
  'as many entries as there are slots, all of one tag'(shard) {
    counts(shard, 0);
    const most = Math.min(shard.slots - 1, Math.floor((shard.units - 1) / 5));
    for (let slot = 0; slot < shard.slots; slot++) {
      const position = slot < most ? 1 + 5 * slot : 0;
      if (position !== 0) entry(shard, position, { units: 5, tag: 7, keyBytes: 8, type: TYPE.number, valueBytes: 8 });
      const at = shard.firstSlot + 2 * ((7 + slot) & (shard.slots - 1));
      shard.words[at] = 7;
      shard.words[at + 1] = position;
    }
    shard.words[shard.start + SHARD.moves] = 1;
  },
  'a full ring of entries that no slot refers to'(shard) {
    counts(shard, shard.units);
    for (let position = 1; position + 3 <= shard.units; position += 3) entry(shard, position, { units: 3, tag: position, keyBytes: 0, type: TYPE.bytes, valueBytes: 0 });
    slotsTo(shard, (slot) => slot, 2);
  },
  'a ring of pads of one unit'(shard) {
    counts(shard, shard.units);
    for (let position = 0; position < shard.units; position++) shard.words[shard.ring + 2 * position] = 1 | PAD;
    slotsTo(shard, (slot) => slot, 0);
  },
};

/**
 * Calls everything once on such a map: the slowest call, in time of a processor, which others do not lengthen, and how
 * much more memory the process has afterwards.
 */
function measured(name, options, forge) {
  const map = new shm.SharedMap(name, Object.assign({ timeout: 1000 }, options));
  const words = shm.get(name, 'Int32Array');
  const header = Int32Array.from(words.subarray(0, WORD.seed));
  const calls = {
    get: () => map.get('key'),
    has: () => map.has('key'),
    iterate: () => { for (const pair of map) if (pair.length !== 2) throw new Error('no pair'); },
    set: () => map.set('key', 'x'.repeat(100)),
    'set another': () => map.set('another', 1),
    increment: () => map.increment('key'),
    delete: () => map.delete('key'),
    prune: () => map.prune(),
    stats: () => map.stats(),
    open: () => new shm.SharedMap(name).get('key'),
    read: () => new shm.SharedMap(name, { readOnly: true, timeout: 100 }).get('key'),
  };
  let slowest = { call: '', milliseconds: 0 };
  const before = process.memoryUsage().rss;
  let memory = 0;
  for (const call of Object.keys(calls)) {
    eachShard(words, forge);
    const begun = process.cpuUsage();
    try {
      calls[call]();
    } catch (error) {
      if (!/^ERR_SHM_(LAYOUT|FULL|NOT_A_NUMBER|TIMED_OUT)$/.test(error.code)) throw error;
    }
    const { user, system } = process.cpuUsage(begun);
    const milliseconds = (user + system) / 1e3;
    if (milliseconds > slowest.milliseconds) slowest = { call, milliseconds };
    memory = Math.max(memory, process.memoryUsage().rss - before);
  }
  words.set(header);
  map.clear();
  if (map.set('key', 1).get('key') !== 1) throw new Error('clear does not make it whole');
  map.destroy();
  return { slowest, memory };
}

module.exports = { forgeries, measured };
