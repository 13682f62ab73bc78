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

test('has and ttl tell of the entry that was found, whatever is written in its place meanwhile', { skip }, (t) => {
  const map = openMap();
  const set = () => map.writer.set('key', valueOf('key'), { ttl: HOUR });
  const change = () => {
    set();
    for (let round = 0; round < 3; round++) goRound(map);
  };
  const isRight = { has: (found) => found === true, ttl: (left) => left > HOUR - 60000 && left <= HOUR };
  for (const call of ['has', 'ttl']) {
    const read = () => map.reader[call]('key');
    const wrong = [];
    for (let n = 1, hasChanged = true; hasChanged; n++) {
      set();
      const result = readAt(n, read, change);
      hasChanged = result.hasChanged;
      if (!isRight[call](result.value)) wrong.push([n, result.value]);
    }
    set();
    const value = readAtClock(read, change);
    if (!isRight[call](value)) wrong.push(['at the clock', value]);
    t.deepEqual(wrong, [], call);
  }
  map.end();
  t.end();
});

/** The memory as it is before and after each store of a change. */
function imagesOf(words, change) {
  const images = [];
  const { store } = Atomics;
  Atomics.store = (array, ...args) => {
    images.push(Int32Array.from(words));
    const stored = store(array, ...args);
    images.push(Int32Array.from(words));
    return stored;
  };
  change();
  Atomics.store = store;
  return images;
}

/** What reads give that begin at any step of a change, and before whose N-th load it goes on to any later step. */
function* readsWithin({ reader, words }, images, key) {
  for (let from = 0; from < images.length; from++) {
    for (let to = from + 1; to < images.length; to++) {
      for (let n = 1, hasChanged = true; hasChanged; n++) {
        words.set(images[from]);
        const result = readAt(n, () => reader.get(key), () => words.set(images[to]));
        hasChanged = result.hasChanged;
        yield result.value;
      }
    }
  }
}

test('a slot is not missed that moves up in the middle of a change', { skip }, (t) => {
  const map = openMap();
  const keys = Array.from({ length: 20 }, (_, number) => `key ${number}`);
  keys.forEach((key) => map.writer.set(key, key));
  const before = Int32Array.from(map.words);
  const missed = [];
  let reads = 0;
  for (const other of keys) {
    map.words.set(before);
    const images = imagesOf(map.words, () => map.writer.delete(other));
    // Three stores delete one, more move others up.
    if (images.length <= 6) continue;
    for (const key of keys.filter((one) => one !== other)) {
      for (const value of readsWithin(map, images, key)) {
        reads++;
        if (value !== key) missed.push([key, other]);
      }
    }
  }
  t.deepEqual(missed, [], `${reads} reads`);
  map.end();
  t.end();
});

test('a new entry is not seen before it is written, whatever was in its place', { skip }, (t) => {
  const map = openMap();
  const { words } = map;
  const placeOf = (position) => START + FIRST_SLOT + 2 * slots + slots / 4 + 2 * (position & (units - 1));
  map.writer.set('first', valueOf('first'));
  const old = words[START + SHARD.head];
  map.writer.set('mine', 'stale value');
  map.writer.delete('mine');
  const head = words[START + SHARD.head];
  words.copyWithin(placeOf(head), placeOf(old), placeOf(head));
  words[placeOf(head)] &= 0x7fffffff; // as it was before it was deleted
  const images = imagesOf(words, () => map.writer.set('mine', valueOf('mine')));
  const seen = new Set(readsWithin(map, images, 'mine'));
  t.deepEqual(Array.from(seen).sort(), [valueOf('mine'), undefined]);
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
