'use strict';
// Random sequences of the calls of SharedMap, against a Map that does the same. A difference is shrunk to the
// shortest sequence that shows it. The clock is the test's.

const fc = require('fast-check');
const { FIRST_SHARD, SHARD, countMax, liveMax } = require('../lib/map/layout');
const { geometryOf } = require('../lib/map/sizing');
const clock = require('../lib/runtime/clock');
const { freshName, shm } = require('./support');

/** Small enough that a sequence goes round the ring many times: one shard, and up to 16 entries of 1 KB. */
const OPTIONS = { bytes: 18000, entries: 40, maxEntry: 1024 };
const { slots, units } = geometryOf(OPTIONS);
const ENTRY_MAX = OPTIONS.maxEntry / 8;
const LIVE_MAX = liveMax(units);

const KEYS = ['', 'a', 'b', 'seven77', 'eight888', 'nine99999', 'ü', '鍵', '🗝', 'k'.repeat(63), 'k'.repeat(64), 'k'.repeat(65), 'ü'.repeat(40)]
  .concat(Array.from({ length: 60 }, (_, index) => `key ${index}`));

const key = fc.constantFrom(...KEYS);
const size = fc.oneof(fc.nat(40), fc.nat(900), fc.integer({ min: 800, max: 1024 }), fc.integer({ min: 960, max: 980 }));
const value = fc.oneof(
  fc.double(),
  fc.integer({ min: -5, max: 5 }),
  size.map((length) => 'x'.repeat(length)),
  size.map((length) => 'ü'.repeat(length >> 1)),
  size.map((length) => Buffer.alloc(length, length)),
  fc.string({ unit: 'binary', maxLength: 30 }),
  size.map((length) => ({ text: 'x'.repeat(length) })),
  fc.jsonValue({ maxDepth: 2 }).filter((json) => typeof json === 'object').map((json) => JSON.parse(JSON.stringify(json))),
);
const ttl = fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined, freq: 2 });
const by = fc.constantFrom(1, -1, 0.5, 1e300);

const units8 = (bytes) => Math.ceil(bytes / 8);
const isJson = (given) => typeof given === 'object' && !Buffer.isBuffer(given);
const bytesOf = (given) => (typeof given === 'number' ? 8 : Buffer.byteLength(isJson(given) ? JSON.stringify(given) : given));
const unitsFor = (name, given) => 3 + units8(Buffer.byteLength(name)) + units8(bytesOf(given));

/** What a call has come to, so that it can be compared. */
function plain(result) {
  if (result instanceof Uint8Array) return `bytes ${Buffer.from(result).toString('hex')}`;
  return typeof result === 'object' ? `JSON ${JSON.stringify(result)}` : result;
}

class Model {
  constructor(evict) {
    Object.assign(this, { evict, now: 1e12, entries: new Map() });
  }

  find(name) {
    const entry = this.entries.get(name);
    if (entry !== undefined && entry.expiry !== 0 && entry.expiry <= this.now) this.entries.delete(name);
    return this.entries.get(name);
  }

  expire() {
    Array.from(this.entries.keys()).forEach((name) => this.find(name));
  }

  store(name, given, expiry) {
    const needed = unitsFor(name, given);
    if (needed > ENTRY_MAX) throw Object.assign(new Error(), { code: 'ERR_SHM_ENTRY_SIZE' });
    const old = this.find(name);
    const isInPlace = old !== undefined && typeof old.value === 'number' && typeof given === 'number' && old.expiry === expiry;
    if (!isInPlace && !this.evict) {
      this.expire();
      let live = needed;
      this.entries.forEach((entry, other) => (live += other === name ? 0 : unitsFor(other, entry.value)));
      if (live > LIVE_MAX || (old === undefined && this.entries.size >= countMax(slots))) throw Object.assign(new Error(), { code: 'ERR_SHM_FULL' });
    }
    this.entries.set(name, { value: Buffer.isBuffer(given) ? Buffer.from(given) : given, expiry });
  }

  expiryFor(given) {
    return given === undefined ? 0 : this.now + given;
  }
}

const lifetime = (given) => (given === undefined ? undefined : { ttl: given });

/** Each call: its arguments, what the map does, and what the model does. */
const calls = {
  get: { args: [key], real: (map, name) => map.get(name), model: (model, name) => (model.find(name) || {}).value },
  has: { args: [key], real: (map, name) => map.has(name), model: (model, name) => model.find(name) !== undefined },
  ttl: {
    args: [key],
    real: (map, name) => map.ttl(name),
    model: (model, name) => {
      const entry = model.find(name);
      return entry && (entry.expiry === 0 ? Infinity : entry.expiry - model.now);
    },
  },
  set: {
    args: [key, value, ttl],
    real: (map, name, given, ms) => map.set(name, given, lifetime(ms)) === map,
    model: (model, name, given, ms) => {
      model.store(name, given, model.expiryFor(ms));
      return true;
    },
  },
  add: {
    args: [key, value, ttl],
    real: (map, name, given, ms) => map.add(name, given, lifetime(ms)),
    model: (model, name, given, ms) => {
      if (unitsFor(name, given) <= ENTRY_MAX && model.find(name) !== undefined) return false;
      model.store(name, given, model.expiryFor(ms));
      return true;
    },
  },
  replace: {
    args: [key, value, ttl],
    real: (map, name, given, ms) => map.replace(name, given, lifetime(ms)),
    model: (model, name, given, ms) => {
      if (unitsFor(name, given) <= ENTRY_MAX && model.find(name) === undefined) return false;
      model.store(name, given, model.expiryFor(ms));
      return true;
    },
  },
  delete: {
    args: [key],
    real: (map, name) => map.delete(name),
    model: (model, name) => model.find(name) !== undefined && model.entries.delete(name),
  },
  increment: {
    args: [key, by, ttl],
    real: (map, name, step, ms) => map.increment(name, step, Object.assign({ initial: 100 }, lifetime(ms))),
    model: (model, name, step, ms) => {
      const entry = model.find(name);
      if (entry === undefined) {
        model.store(name, 100 + step, model.expiryFor(ms));
        return 100 + step;
      }
      if (typeof entry.value !== 'number') throw Object.assign(new Error(), { code: 'ERR_SHM_NOT_A_NUMBER' });
      return (entry.value += step);
    },
  },
  update: {
    args: [key, fc.option(value, { nil: undefined })],
    real: (map, name, next) => map.update(name, (old) => (typeof old === 'number' && typeof next === 'number' ? old + next : next)),
    model: (model, name, next) => {
      const entry = model.find(name);
      const after = entry !== undefined && typeof entry.value === 'number' && typeof next === 'number' ? entry.value + next : next;
      if (after === undefined) model.entries.delete(name);
      else model.store(name, after, entry === undefined ? 0 : entry.expiry);
      return after;
    },
  },
  touch: {
    args: [key, fc.constantFrom(1, 30, Infinity)],
    real: (map, name, ms) => map.touch(name, ms),
    model: (model, name, ms) => {
      const entry = model.find(name);
      if (entry !== undefined) entry.expiry = ms === Infinity ? 0 : model.now + ms;
      return entry !== undefined;
    },
  },
  prune: { args: [], real: (map) => map.prune() >= 0, model: () => true },
  clear: { args: [], real: (map) => map.clear(), model: (model) => model.entries.clear() },
  tick: { args: [fc.nat(30)], real: () => undefined, model: (model, ms) => void (model.now += ms) },
};

// What fills the map comes often, what empties it seldom.
const weights = { set: 30, add: 6, delete: 1, increment: 4, get: 6, update: 3, clear: 0.05, prune: 0.5 };
const command = fc.oneof(...Object.keys(calls).map((name) => ({
  weight: Math.round((weights[name] || 2) * 20),
  arbitrary: fc.record({ name: fc.constant(name), args: fc.tuple(...calls[name].args) }),
})));

const settings = fc.record({
  evict: fc.boolean(),
  // Where the ring stands at the beginning: just before its numbers wrap, as a rule.
  tail: fc.constantFrom(0, 0, 2 ** 31 - 50, 2 ** 32 - 3, 2 ** 32 - 700, 2 ** 32 - units),
  laps: fc.constantFrom(0, 2 ** 32 - 1),
});

const attempt = (action) => {
  try {
    return plain(action());
  } catch (error) {
    if (error.code === undefined) throw error;
    return error.code;
  }
};

/** Those of the model's keys that the map has evicted; it has told of as many. */
function takeOutEvicted(model, map, told, name) {
  model.expire();
  let missing = 0;
  for (const other of Array.from(model.entries.keys())) {
    if (map.has(other)) continue;
    model.entries.delete(other);
    missing++;
  }
  // The value that the call has replaced may be one of them.
  if (missing !== told && (missing !== told - 1 || !map.has(name))) throw new Error(`${missing} entries are missing, and ${told} were evicted`);
}

function sequence({ evict, tail, laps }, commands, counts) {
  const name = freshName();
  const model = new Model(evict);
  const { time } = clock;
  clock.time = () => model.now;
  const options = Object.assign({ evict }, OPTIONS);
  const maps = [new shm.SharedMap(name, options), new shm.SharedMap(name, options)];
  try {
    const words = shm.get(name, 'Int32Array');
    words[FIRST_SHARD / 4 + SHARD.tail] = tail;
    words[FIRST_SHARD / 4 + SHARD.head] = tail;
    words[FIRST_SHARD / 4 + SHARD.laps] = laps;
    commands.forEach(({ name: call, args }, index) => {
      const map = maps[index % 2];
      const { evicted } = map.stats();
      const found = attempt(() => calls[call].real(map, ...args));
      const told = map.stats().evicted - evicted;
      const expected = attempt(() => calls[call].model(model, ...args));
      counts.calls++;
      if (expected === 'ERR_SHM_FULL') counts.full++;
      counts.evicted += told;
      if (!Object.is(found, expected)) throw new Error(`${call}(${args.map(plain).join(', ')}) gave ${String(found)} instead of ${String(expected)}`);
      if (told > 0) takeOutEvicted(model, map, told, args[0]);
    });
    compareAll(model, maps[0]);
    counts.laps += (words[FIRST_SHARD / 4 + SHARD.laps] - laps) >>> 0;
  } finally {
    clock.time = time;
    maps[0].destroy();
  }
}

function compareAll(model, map) {
  model.expire();
  map.prune();
  const show = (entries) => JSON.stringify(entries.map(([name, given]) => [name, String(plain(given))]).sort());
  const [found, expected] = [Array.from(map), Array.from(model.entries, ([name, { value: given }]) => [name, given])].map(show);
  if (found !== expected) throw new Error(`there is ${found} instead of ${expected}`);
  let live = 0;
  model.entries.forEach((entry, name) => (live += 8 * unitsFor(name, entry.value)));
  const { size: count, liveBytes } = map.stats();
  if (count !== model.entries.size || liveBytes !== live) throw new Error(`${count} entries of ${liveBytes} bytes are counted, not ${model.entries.size} of ${live}`);
}

/** Runs `numRuns` sequences; what was counted. Throws the shortest sequence that goes wrong. */
function checkModel(numRuns, seed) {
  const counts = { calls: 0, full: 0, evicted: 0, laps: 0 };
  const commands = fc.array(command, { minLength: 150, maxLength: 400, size: 'max' });
  fc.assert(fc.property(settings, commands, (given, todo) => sequence(given, todo, counts)), { numRuns, seed });
  return counts;
}

module.exports = { checkModel };
