'use strict';
// SharedMap's readers take no lock. So others change the map between any two steps of a read: here a copy of the package
// does, once, before each of the reader's loads and at its look at the clock. What is read was there at some moment.

const { load } = Atomics;
/** Called before each load. */
let step = () => {};
Atomics.load = (...args) => {
  step();
  return load(...args);
};

const test = require('tape');
const clock = require('../lib/runtime/clock');
const { FIRST_SHARD, FIRST_SLOT, SHARD } = require('../lib/map/layout');
const { geometryOf } = require('../lib/map/sizing');
const { copyOfPackage, freshName, nodeMajor, shm } = require('./support');

const skip = nodeMajor < 16 && 'SharedMap needs Node 16';

/** One shard with a small ring. */
const OPTIONS = { bytes: 3000, entries: 20, maxEntry: 128 };
const START = FIRST_SHARD / 4;
const { slots, units } = geometryOf(OPTIONS);

/** A number that no thread has: that of a dead owner. */
const NOBODY = 0x3fffffff;

const valueOf = (key) => `${key} `.repeat(5);
const HOUR = 3600000;

/** A reader, a writer in a copy of the package, and the words. */
function openMap() {
  const key = freshName();
  const reader = new shm.SharedMap(key, OPTIONS);
  const writer = new (copyOfPackage({ addon: false }).SharedMap)(key);
  return { reader, writer, words: shm.get(key, 'Int32Array'), end: () => shm.destroy(key) };
}

/** What a read gives before whose N-th load others have changed something; `hasChanged`, unless it has fewer. */
function readAt(n, read, change) {
  let left = n;
  step = () => {
    if (--left !== 0) return;
    step = () => {};
    change();
  };
  const value = read();
  step = () => {};
  return { value, hasChanged: left <= 0 };
}

/** The same, at the reader's look at the clock: after it has found the key, before it reads the value. */
function readAtClock(read, change) {
  const { time } = clock;
  clock.time = () => {
    clock.time = time;
    change();
    return time();
  };
  try {
    return read();
  } finally {
    clock.time = time;
  }
}

/** Writes until every place of the ring has been written over. */
function goRound({ writer, words }) {
  const tail = words[START + SHARD.tail];
  for (let n = 0; words[START + SHARD.tail] - tail <= units; n++) writer.set(`filler ${n % 3}`, valueOf('filler'));
}

test('slots that move up are not missed', { skip }, (t) => {
  const map = openMap();
  const keys = Array.from({ length: 20 }, (_, number) => `key ${number}`);
  keys.forEach((key) => map.writer.set(key, key));
  const missed = [];
  let reads = 0;
  for (const key of keys) {
    for (const other of keys.filter((one) => one !== key)) {
      for (let n = 1, hasChanged = true; hasChanged; n++) {
        // The other one comes first, so that this one moves up to where it was.
        map.writer.delete(key);
        for (const one of [other, key]) map.writer.set(one, one);
        const result = readAt(n, () => map.reader.get(key), () => map.writer.delete(other));
        hasChanged = result.hasChanged;
        reads++;
        if (result.value !== key) missed.push([key, other, n]);
      }
    }
  }
  t.deepEqual(missed, [], `${reads} reads`);
  map.end();
  t.end();
});

test('an entry that moves on while the ring is written over is found, whole', { skip }, (t) => {
  const map = openMap();
  const wrong = [];
  let n = 1;
  for (let hasChanged = true; hasChanged; n++) {
    map.writer.set('mine', valueOf('mine'));
    const result = readAt(n, () => map.reader.get('mine'), () => goRound(map));
    hasChanged = result.hasChanged;
    if (result.value !== valueOf('mine')) wrong.push([n, result.value]);
  }
  t.deepEqual(wrong, [], `${n} steps`);
  map.writer.set('mine', valueOf('mine'), { ttl: HOUR });
  t.equal(readAtClock(() => map.reader.get('mine'), () => goRound(map)), valueOf('mine'), 'also after its key was compared');
  map.end();
  t.end();
});

test('an entry in whose place a repair has made room for another is not read', { skip }, (t) => {
  const map = openMap();
  map.writer.set('first', valueOf('first'));
  map.writer.set('mine', valueOf('mine'), { ttl: HOUR });
  const change = () => {
    map.writer.delete('mine');
    map.words[START + SHARD.mutex] = NOBODY;
    map.writer.set('your', valueOf('your'), { ttl: HOUR });
  };
  t.equal(readAtClock(() => map.reader.get('mine'), change), undefined);
  t.equal(map.words[START + SHARD.repairs], 1, 'it was repaired');
  map.end();
  t.end();
});

test('an entry is not read when all positions have come again meanwhile', { skip }, (t) => {
  const map = openMap();
  const { words } = map;
  for (let n = 0; n < 3; n++) goRound(map);
  const position = words[START + SHARD.head];
  map.writer.set('mine', valueOf('mine'), { ttl: HOUR });
  const change = () => {
    map.writer.delete('mine');
    goRound(map);
    // As if 2³² units had been written besides.
    const back = Math.ceil((words[START + SHARD.tail] - position) / units) * units;
    words[START + SHARD.tail] -= back;
    words[START + SHARD.head] -= back;
    for (let slot = 0; slot < slots; slot++) {
      const at = START + FIRST_SLOT + 2 * slot + 1;
      if (words[at] !== 0) words[at] -= back;
    }
  };
  t.equal(readAtClock(() => map.reader.get('mine'), change), undefined);
  t.equal(map.reader.get('filler 0'), valueOf('filler'), 'the others are there');
  map.end();
  t.end();
});
