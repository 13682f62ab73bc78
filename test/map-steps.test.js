'use strict';
// SharedMap step by step: what a process leaves that dies before any of its stores. The memory is copied before
// each, as it is then, and another opens the copy: it has to find all other keys, the old value or the new one of
// the key that was changed, and a map that works. The next may die of the repair, too.

const test = require('tape');
const { FIRST_SHARD, FIRST_SLOT, HEADER_WORDS, SHARD } = require('../lib/map/layout');
const { geometryOf } = require('../lib/map/sizing');
const owners = require('../lib/runtime/owner');
const waiting = require('../lib/wait');
const { freshName, nodeMajor, shm } = require('./support');

const skip = nodeMajor < 16 && 'SharedMap needs Node 16';

/** One shard, and a ring that is full after some 30 entries. */
const OPTIONS = { bytes: 3000, entries: 20, maxEntry: 128 };
const { shards, slots, units } = geometryOf(OPTIONS);
const START = FIRST_SHARD / 4;
const RING = START + FIRST_SLOT + 2 * slots + slots / 4;

/** The number of a thread that has died; no time goes by until that is found out. */
const DEAD = 123456789;

function playTheKernel(t) {
  const { isAlive } = owners;
  const { wait } = waiting;
  owners.isAlive = (owner) => owner !== DEAD && isAlive(owner);
  waiting.wait = (words, index) => (words[index] === 0 ? 'not-equal' : 'timed-out');
  t.teardown(() => {
    owners.isAlive = isAlive;
    waiting.wait = wait;
  });
}

/** A map, and its words. With `other`, keys have the hashes that they have there. */
function freshMap(other) {
  const name = freshName();
  if (other !== undefined) {
    const words = shm.create(other.words.length, 'Int32Array', name);
    words.set(other.words.subarray(0, HEADER_WORDS));
  }
  const map = new shm.SharedMap(name, OPTIONS);
  return { map, words: shm.get(name, 'Int32Array') };
}

/** Runs `action` and gives the memory as it was before each of its stores, and after the last. */
function imagesOf({ words }, action) {
  const images = [];
  const { store } = Atomics;
  const take = () => images.push(Int32Array.from(words));
  Atomics.store = (array, index, value) => {
    if (array.buffer === words.buffer) take();
    return store(array, index, value);
  };
  try {
    action();
  } catch (error) {
    if (error.code !== 'ERR_SHM_FULL') throw error;
  } finally {
    Atomics.store = store;
  }
  take();
  return images;
}

/** Makes the memory what the dead has left; where nothing is, half an entry may be. */
function abandon({ words }, image, scramble) {
  words.set(image);
  words[START + SHARD.mutex] = DEAD;
  const head = image[START + SHARD.head];
  const free = units - ((head - image[START + SHARD.tail]) | 0);
  for (let unit = 0; scramble && unit < free; unit++) {
    const at = RING + 2 * ((head + unit) & (units - 1));
    words[at] = scramble;
    words[at + 1] = -scramble;
  }
}

/** Throws unless the map has what `expected` has, and for `key` one of the two. */
function verify(map, expected, key, after) {
  for (const name of new Set([...expected.keys(), ...after.keys()])) {
    const found = map.get(name);
    if (found === expected.get(name) || (name === key || key === null) && found === after.get(name)) continue;
    throw new Error(`${name} is ${found}, was ${expected.get(name)}, should become ${after.get(name)}`);
  }
}

function random(seed) {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** One change, and what it makes of the entries; the key it is about, null for all. */
function changeBy(next, entries) {
  const after = new Map(entries);
  const key = `k${next(14)}`;
  const value = next(3) === 0 ? next(1000) : 'x'.repeat(next(92)) + next(1000);
  switch (next(12)) {
    case 0: case 1: case 2:
      after.delete(key);
      return { key, after, act: (map) => map.delete(key) };
    case 3:
      if (next(6) > 0) break;
      return { key: null, after: new Map(), act: (map) => map.clear() };
    case 4:
      after.set(key, typeof entries.get(key) === 'number' ? entries.get(key) + 1 : 1);
      if (typeof entries.get(key) === 'string') break;
      return { key, after, act: (map) => map.increment(key) };
  }
  after.set(key, value);
  return { key, after, act: (map) => map.set(key, value) };
}

test('whoever dies before any store: no key is lost, none is torn', { skip }, (t) => {
  playTheKernel(t);
  const original = freshMap();
  const second = freshMap(original);
  const { map } = original;
  const copy = second.map;
  t.equal(shards, 1);
  const next = random(7);
  let entries = new Map();
  const counts = { images: 0, repairs: 0, 'deaths in a repair': 0 };
  original.words[START + SHARD.tail] = original.words[START + SHARD.head] = -900; // the positions wrap soon
  for (let round = 0; round < 700; round++) {
    const { key, after, act } = changeBy(next, entries);
    const images = imagesOf(original, () => act(map));
    const isFull = key !== null && map.get(key) !== after.get(key);
    for (const image of images.slice(0, -1)) {
      counts.images++;
      abandon(second, image, 1 + next(2 ** 31 - 2));
      verify(copy, entries, key, after);
      const seen = key !== null && copy.get(key);
      const repairs = imagesOf(second, () => copy.delete('none'));
      verify(copy, entries, key, after);
      if (key !== null && copy.get(key) !== seen) throw new Error(`${key} was ${seen}, and after the repair it is ${copy.get(key)}`);
      if (copy.stats().repairs !== image[START + SHARD.repairs] + 1) throw new Error('it was not repaired once');
      const { size, liveBytes } = copy.stats();
      const found = Array.from(copy);
      if (size !== found.length || new Map(found).size !== size) throw new Error(`${size} entries are counted, there are ${found.length}`);
      if (found.some(([name, value]) => copy.get(name) !== value)) throw new Error('an entry is there that cannot be found');
      counts.repairs++;
      if (round % 10 === 0) {
        for (const later of repairs) {
          counts['deaths in a repair']++;
          abandon(second, later, 0);
          verify(copy, entries, key, after);
          copy.delete('none');
          verify(copy, entries, key, after);
          if (copy.stats().liveBytes !== liveBytes) throw new Error('a second repair comes to another result');
        }
      }
      // It goes on working, all the way round the ring.
      for (let more = 0; round % 10 === 0 && more < 60; more++) copy.set('again', 'y'.repeat(more));
      copy.delete('again');
      verify(copy, entries, key, after);
    }
    if (!isFull) entries = after;
    verify(map, entries, null, entries);
  }
  t.comment(JSON.stringify(counts));
  t.ok(counts.images > 2000 && counts['deaths in a repair'] > 200);
  map.destroy();
  copy.destroy();
  t.end();
});

test('whoever dies while an entry moves on: many in a row leave room for the next', { skip }, (t) => {
  playTheKernel(t);
  const original = freshMap();
  const { map } = original;
  const entries = new Map(Array.from({ length: 12 }, (_, index) => [`k${index}`, `${index}`.repeat(90).slice(0, 90)]));
  entries.forEach((value, key) => map.set(key, value));
  for (let death = 0; death < 50; death++) {
    const images = imagesOf(original, () => map.set('k0', entries.get('k0')));
    abandon(original, images[1 + (death % (images.length - 2))], 0);
    verify(map, entries, 'k0', entries);
    map.delete('none');
    verify(map, entries, 'k0', entries);
  }
  t.deepEqual(new Map(map), entries);
  t.equal(map.stats().repairs, 50);
  map.destroy();
  t.end();
});

test('behind its counts a repair loads moves: on arm64 a later entry would be seen before them', { skip }, (t) => {
  playTheKernel(t);
  const original = freshMap();
  const { map, words } = original;
  map.set('k0', 'value');
  for (const [name, action] of [['repair', () => map.delete('none')], ['clear', () => map.clear()]]) {
    if (name === 'repair') words[START + SHARD.mutex] = DEAD;
    const steps = [];
    const { load, store } = Atomics;
    const note = (kind, real) => (array, index, ...rest) => {
      if (array.buffer === words.buffer) steps.push(`${kind} ${index - START}`);
      return real(array, index, ...rest);
    };
    Object.assign(Atomics, { load: note('load', load), store: note('store', store) });
    try {
      action();
    } finally {
      Object.assign(Atomics, { load, store });
    }
    const end = steps.lastIndexOf(`store ${SHARD.moves}`);
    t.deepEqual(steps.slice(end - 1, end + 2), [`store ${SHARD.laps}`, `store ${SHARD.moves}`, `load ${SHARD.moves}`], name);
  }
  map.destroy();
  t.end();
});
