'use strict';
// A SharedMap under attack: its words are forged, and its keys are chosen to collide.

const { hash } = require('../../lib/map/hash');
const { FIRST_SHARD, FIRST_SLOT, SHARD, WORD, readGeometry, shardBytes } = require('../../lib/map/layout');
const { forgeries, measured } = require('../map-forgeries');
const { amount, check, ended, freshName, option, random, run, seed, shm, start } = require('./support/harness');

const oneShard = { bytes: 18000, entries: 40, maxEntry: 1024 };
const scene = (map) => {
  for (let index = 0; index < 30; index++) map.set(`key ${index}`, 'x'.repeat(index * 12));
};

/** Calls everything on a map while words of it are forged. */
function forger() {
  const next = random(Number(option('from')));
  const map = new shm.SharedMap(option('map'), Object.assign({ evict: next(2) === 0, timeout: 1000 }, oneShard));
  const words = shm.get(option('map'), 'Int32Array');
  const good = Int32Array.from(words);
  const progress = shm.get(option('counts'), 'Int32Array');
  const start = FIRST_SHARD / 4;
  const some = [0, 1, -1, 2, 3, 0x7fffffff, 0x80000000 | 0, 100, 2048];
  const value = () => (next(2) ? some[next(some.length)] : next(2 ** 31) - next(2 ** 31));
  /** Words of the header, of the shard, of the slots, or any; the lock only seldom, since a death takes its time. */
  const places = [() => 1 + next(9), () => start + SHARD.tail + next(10), () => start + FIRST_SLOT + next(256), () => start + FIRST_SLOT + next(words.length - start - FIRST_SLOT)];
  const key = () => `key ${next(40)}`;
  const calls = [
    () => map.get(key()), () => map.has(key()), () => map.ttl(key()), () => map.set(key(), 'x'.repeat(next(900))), () => map.set(key(), 1),
    () => map.set(key(), { json: 'x'.repeat(next(900)) }), () => map.add(key(), 'x'), () => map.replace(key(), Buffer.alloc(next(900))), () => map.delete(key()), () => map.increment(key()),
    () => map.update(key(), () => next(2) ? 'new' : undefined), () => map.touch(key(), 1000), () => map.prune(), () => map.stats(), () => Array.from(map),
    () => new shm.SharedMap(option('map')).get(key()),
  ];
  for (let round = 0; round < Number(option('rounds')); round++) {
    if (round % 20 === 0) {
      if (next(2)) words.set(good);
      else words.set(good.subarray(0, start));
      map.clear();
      scene(map);
      check(map.get('key 7') === 'x'.repeat(84), 'clear makes it whole');
    }
    for (let forged = 1 + next(3); forged > 0; forged--) words[places[next(4)]()] = value();
    if (round % 2000 === 0) words[start + SHARD.mutex] = value() & 0xbfffffff;
    for (let call = 0; call < 10; call++) {
      try {
        calls[next(calls.length)]();
      } catch (error) {
        check(/^ERR_SHM_(LAYOUT|FULL|NOT_A_NUMBER|TIMED_OUT|NOT_OWNER)$/.test(error.code), 'an error that tells', error);
        Atomics.add(progress, 1, 1);
      }
    }
    Atomics.add(progress, 0, 1);
  }
}

async function forgeWords(counts) {
  for (let child = 0; child < amount(20, 2); child++) {
    const names = [freshName(), freshName()];
    const progress = shm.create(16, 'Int32Array', names[1]);
    const args = ['--role=forger', `--map=${names[0]}`, `--counts=${names[1]}`, `--from=${seed + child}`, `--rounds=${amount(20000, 3000)}`];
    const forging = start(__filename, args);
    let last = -1;
    const timer = setInterval(() => {
      if (progress[0] === last) forging.kill('SIGKILL');
      last = progress[0];
    }, 10000);
    const end = await ended(forging);
    clearInterval(timer);
    check(end.code === 0, 'no crash and no endless loop', end, progress[0]);
    counts['rounds of forged words'] += progress[0];
    counts['errors that they came to'] += progress[1];
    names.forEach((name) => shm.destroy(name));
  }
}

/** Keys that all belong to one shard if nobody knows a secret: under the seed 0. */
function keysForOneShard(count, shards) {
  const words = new Int32Array(8);
  const bytes = Buffer.from(words.buffer);
  const keys = [];
  for (let number = 0; keys.length < count; number++) {
    const key = `key${number}`;
    words.fill(0);
    bytes.latin1Write(key, 0);
    if (Math.floor(((hash(words, 0, key.length, 0, 0) >>> 0) / 2 ** 32) * shards) === 0) keys.push(key);
  }
  return keys;
}

function collide(counts) {
  const total = amount(1000000, 20000);
  const options = { bytes: total * 120, entries: total };
  const largest = (keys, seed) => {
    const name = freshName();
    const creator = new shm.SharedMap(name, options);
    const words = shm.get(name, 'Int32Array');
    if (seed !== undefined) words.fill(seed, WORD.seed, WORD.seed + 2);
    const map = new shm.SharedMap(name);
    const begun = process.hrtime.bigint();
    let full = 0;
    for (const key of keys) {
      try {
        map.set(key, 1);
      } catch (error) {
        check(error.code === 'ERR_SHM_FULL', 'full', error);
        full++;
        break;
      }
    }
    const nanoseconds = Number(process.hrtime.bigint() - begun) / keys.length;
    const geometry = readGeometry(words);
    const step = shardBytes(geometry.slots, geometry.units) / 4;
    const most = Math.max(...Array.from({ length: geometry.shards }, (_, shard) => words[FIRST_SHARD / 4 + shard * step + SHARD.count]));
    const { size } = map;
    creator.destroy();
    return { full, most, size, shards: geometry.shards, nanoseconds };
  };
  const { shards } = largest([]);
  const forged = keysForOneShard(total, shards);
  const unkeyed = largest(forged, 0);
  check(unkeyed.full === 1 && unkeyed.most === unkeyed.size, 'without a secret all of them are in one shard', unkeyed);
  const honest = Array.from({ length: total }, (_, index) => `honest${index}`);
  const fastest = (keys) => [1, 2, 3].map(() => largest(keys)).sort((a, b) => a.nanoseconds - b.nanoseconds)[0];
  const keyed = fastest(forged);
  const fair = fastest(honest);
  const most = (total / shards) * 1.1 + 100;
  check(keyed.size === total && keyed.most < most, 'with the secret they are spread', keyed);
  counts['forged keys'] = total;
  counts['in the fullest shard'] = keyed.most;
  counts['of honest keys'] = fair.most;
  counts['% of the time that honest ones take'] = Math.round((100 * keyed.nanoseconds) / fair.nanoseconds);
}

/** Memory that is forged to keep a reader or writer busy, or to have it allocate: bounded by the size of the map. */
function boundWork(counts) {
  for (const bytes of amount([1e5, 16e6, 256e6, 1e9], [1e5, 16e6])) {
    for (const name of Object.keys(forgeries)) {
      const { slowest, memory } = measured(freshName(), { bytes, entries: Math.floor(bytes / 64), maxEntry: amount(4096, 1024) }, forgeries[name]);
      check(slowest.milliseconds < 1000 + bytes / 1e5, `${name} in ${bytes} bytes: ${slowest.call} ends`, slowest);
      check(memory < 200e6 + 10 * bytes, `${name} in ${bytes} bytes: memory is bounded`, memory);
      counts['forged maps'] = (counts['forged maps'] || 0) + 1;
    }
  }
}

if (option('role') === 'forger') forger();
else {
  run(async (counts) => {
    Object.assign(counts, { 'rounds of forged words': 0, 'errors that they came to': 0 });
    boundWork(counts);
    collide(counts);
    await forgeWords(counts);
  });
}
