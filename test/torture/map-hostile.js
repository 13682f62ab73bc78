'use strict';
// A SharedMap under attack: its words are forged, and its keys are chosen to collide.

const { hash } = require('../../lib/map/hash');
const { FIRST_SHARD, FIRST_SLOT, SHARD } = require('../../lib/map/layout');
const { amount, check, ended, freshName, option, random, run, seed, shm, start } = require('./support/harness');

const oneShard = { bytes: 18000, entries: 40, maxEntry: 1024 };
const scene = (map) => {
  for (let index = 0; index < 30; index++) map.set(`key ${index}`, 'x'.repeat(index * 12));
};

/** Calls everything on a map while words of it are forged. */
function forger() {
  const next = random(Number(option('from')));
  const map = new shm.SharedMap(option('map'), Object.assign({ evict: next(2) === 0 }, oneShard));
  const words = shm.get(option('map'), 'Int32Array');
  const good = Int32Array.from(words);
  const progress = shm.get(option('counts'), 'Int32Array');
  const start = FIRST_SHARD / 4;
  const some = [0, 1, -1, 2, 3, 0x7fffffff, 0x80000000 | 0, 100, 2048];
  const value = () => (next(2) ? some[next(some.length)] : next(2 ** 31) - next(2 ** 31));
  /** Words of the header, of the shard, of the slots, or any; the lock only seldom, since a death takes its time. */
  const places = [() => 1 + next(7), () => start + SHARD.tail + next(9), () => start + FIRST_SLOT + next(256), () => start + FIRST_SLOT + next(words.length - start - FIRST_SLOT)];
  const key = () => `key ${next(40)}`;
  const calls = [
    () => map.get(key()), () => map.has(key()), () => map.ttl(key()), () => map.set(key(), 'x'.repeat(next(900))), () => map.set(key(), 1),
    () => map.add(key(), 'x'), () => map.replace(key(), Buffer.alloc(next(900))), () => map.delete(key()), () => map.increment(key()),
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
        check(/^ERR_SHM_(LAYOUT|FULL|NOT_A_NUMBER|DEADLOCK|NOT_OWNER)$/.test(error.code), 'an error that tells', error);
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
  const largest = (keys, prepare) => {
    const name = freshName();
    const map = new shm.SharedMap(name, options);
    prepare(map);
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
    const { shards, size } = map;
    const most = Math.max(...shards.map(({ words, start: at }) => words[at + SHARD.count]));
    shm.destroy(name);
    return { full, most, size, shards: shards.length, nanoseconds };
  };
  const { shards } = largest([], () => undefined);
  const forged = keysForOneShard(total, shards);
  const unkeyed = largest(forged, (map) => map.seed.fill(0));
  check(unkeyed.full === 1 && unkeyed.most === unkeyed.size, 'without a secret all of them are in one shard', unkeyed);
  const honest = Array.from({ length: total }, (_, index) => `honest${index}`);
  const fastest = (keys) => [1, 2, 3].map(() => largest(keys, () => undefined)).sort((a, b) => a.nanoseconds - b.nanoseconds)[0];
  const keyed = fastest(forged);
  const fair = fastest(honest);
  const most = (total / shards) * 1.1 + 100;
  check(keyed.size === total && keyed.most < most, 'with the secret they are spread', keyed);
  counts['forged keys'] = total;
  counts['in the fullest shard'] = keyed.most;
  counts['of honest keys'] = fair.most;
  counts['% of the time that honest ones take'] = Math.round((100 * keyed.nanoseconds) / fair.nanoseconds);
}

if (option('role') === 'forger') forger();
else {
  run(async (counts) => {
    Object.assign(counts, { 'rounds of forged words': 0, 'errors that they came to': 0 });
    collide(counts);
    await forgeWords(counts);
  });
}
