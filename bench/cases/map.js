'use strict';
// SharedMap against lmdb in /dev/shm and against asking another process, in 1, 2 and 4 processes at once.
// Runs by itself: `node bench/cases/map.js [--short]`. lmdb comes from npm, into target/bench.

const { spawnSync, fork } = require('child_process');
const fs = require('fs');
const path = require('path');
const { performance } = require('perf_hooks');
const shm = require('../..');
const { cache } = require('../contestants');
const { quantile } = require('../statistics');

const short = process.argv.includes('--short');
const ROUNDS = short ? 3 : 9;
const KEYS = short ? 10000 : 100000;
const SIZES = { '10 B': 10, '100 B': 100, '4 KB': 4096 };
const COUNTER = 8;
const PROCESSES = [1, 2, 4];
const LMDB = '3.5.6';

const median = (numbers) => quantile(numbers, 0.5);
const keyOf = (index) => `user:${index}:session`;
const texts = {};
const textOf = (size) => texts[size] || (texts[size] = 'x'.repeat(size));

/** Keys in no order, the same ones for everybody. */
function keysFor(count, seed) {
  let state = seed | 1;
  return Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return keyOf((state >>> 0) % KEYS);
  });
}

/** lmdb's folder; null if it cannot be installed. */
function installLmdb() {
  const folder = path.join(cache, `lmdb-${LMDB}`);
  const installed = path.join(folder, 'node_modules', 'lmdb');
  if (!fs.existsSync(installed)) {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
    spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `lmdb@${LMDB}`], { cwd: folder });
  }
  return fs.existsSync(installed) ? installed : null;
}

/** The map for values of a size, with room for as much again; lmdb takes what it needs. */
function createMap({ name }, size) {
  return new shm.SharedMap(`${name}-${size}`, { bytes: 2 * KEYS * (size + 80), entries: KEYS + 1 });
}

function openLmdb({ lmdb, folder }, size) {
  return require(lmdb).open({ path: `${folder}-${size}`, noSync: true, encoding: 'string', mapSize: 2 ** 31 });
}

/** What each contestant does with a list of keys; `times` says how many keys make a round worth its while. */
const contestants = {
  SharedMap: ({ name }, size) => {
    const map = new shm.SharedMap(`${name}-${size}`);
    return {
      get: (keys) => keys.forEach((key) => map.get(key)),
      set: (keys, text) => keys.forEach((key) => map.set(key, text)),
      increment: (keys) => keys.forEach((key) => map.increment(key)),
      hot: (keys) => keys.forEach(() => map.increment('hot')),
    };
  },
  lmdb: (place, size) => {
    const db = openLmdb(place, size);
    const add = (key) => db.transactionSync(() => db.putSync(key, String(Number(db.get(key) || 0) + 1)));
    return {
      get: (keys) => keys.forEach((key) => db.get(key)),
      set: (keys, text) => keys.forEach((key) => db.putSync(key, text)),
      'batched set': (keys, text) => Promise.all(keys.map((key) => db.put(key, text))),
      increment: (keys) => keys.forEach((key) => add(key)),
      hot: (keys) => keys.forEach(() => add('hot')),
    };
  },
  'process.send': () => {
    const ask = async (calls) => {
      for (const call of calls) {
        const answered = new Promise((resolve) => process.once('message', resolve));
        process.send(call);
        await answered;
      }
    };
    return {
      get: (keys) => ask(keys.map((key) => ['get', key])),
      set: (keys, text) => ask(keys.map((key) => ['set', key, text])),
      increment: (keys) => ask(keys.map((key) => ['increment', key])),
      hot: (keys) => ask(keys.map(() => ['increment', 'hot'])),
    };
  },
};

const TIMES = { SharedMap: 20000, lmdb: 10000, 'process.send': 1000 };

/** One of the processes: does what it is told, and tells how long that took. */
function work(place) {
  const opened = {};
  const next = () => process.once('message', async ({ who, what, times, size, seed }) => {
    const name = `${who} ${size}`;
    opened[name] = opened[name] || contestants[who](place, size);
    const keys = keysFor(times, seed);
    const start = performance.now();
    await opened[name][what](keys, textOf(size));
    process.send({ milliseconds: performance.now() - start });
    next();
  });
  next();
  process.on('disconnect', () => process.exit());
}

/** The process that is asked: a Map, as the master of a cluster has it. */
const asked = new Map();
const answers = {
  get: (key) => asked.get(key),
  set: (key, text) => void asked.set(key, text),
  increment: (key) => asked.set(key, (Number(asked.get(key)) || 0) + 1).get(key),
};

/** Lets the first `count` workers do the same at once; operations in a millisecond, of all of them. */
async function together(workers, count, message) {
  const times = Math.ceil(TIMES[message.who] / (message.size > 1000 ? 4 : 1) / (short ? 10 : 1));
  const each = workers.slice(0, count).map((worker, index) => {
    worker.send(Object.assign({ times, seed: 1 + Math.floor(Math.random() * 2 ** 31) + index }, message));
    return new Promise((resolve) => worker.on('message', function hear(answer) {
      if (Array.isArray(answer)) worker.send({ answer: answers[answer[0]](...answer.slice(1)) });
      else {
        worker.removeListener('message', hear);
        resolve(times / answer.milliseconds);
      }
    }));
  });
  return (await Promise.all(each)).reduce((sum, speed) => sum + speed, 0);
}

/** Speeds of all contestants by turns: name of the contestant's call → one number a round. */
async function measure(workers, count, size, whats) {
  const speeds = {};
  for (let round = 0; round <= ROUNDS; round++) {
    for (const what of whats) {
      for (const who of Object.keys(contestants)) {
        if (who === 'lmdb' && workers.lmdb === null) continue;
        const calls = who === 'lmdb' && what === 'set' ? ['set', 'batched set'] : [what];
        for (const call of calls) {
          const speed = await together(workers.list, count, { who, what: call, size });
          const name = `${who} ${call}`;
          if (round > 0) (speeds[name] = speeds[name] || []).push(speed); // the first one warms
        }
      }
    }
    if (process.stderr.isTTY) process.stderr.write(`round ${round} of ${ROUNDS}\r`);
  }
  return speeds;
}

function tell(title, speeds, bars) {
  console.log(`\n${title}`);
  for (const name of Object.keys(speeds)) console.log(`  ${name}: ${median(speeds[name]).toFixed(1)} a millisecond`);
  for (const [mine, other, bar] of bars) {
    if (speeds[other] === undefined) continue;
    const ratios = speeds[mine].map((speed, round) => speed / speeds[other][round]);
    console.log(`  ${mine} / ${other}: ${median(ratios).toFixed(2)}${bar ? ` (bar ${bar})` : ''}`);
  }
}

async function main() {
  const lmdb = installLmdb();
  if (lmdb === null) console.log('lmdb could not be installed, so it is not measured');
  const names = { name: `/bench-map-${process.pid}`, lmdb, folder: `/dev/shm/bench-lmdb-${process.pid}` };
  const maps = {};
  const workers = { lmdb, list: [] };
  process.once('exit', () => {
    // Not one of them may make anew what is taken away here.
    workers.list.forEach((worker) => worker.kill('SIGKILL'));
    for (const size of Object.keys(maps)) {
      maps[size].destroy();
      for (const end of ['', '-lock']) fs.rmSync(`${names.folder}-${size}${end}`, { recursive: true, force: true });
    }
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  for (const size of Object.values(SIZES).concat(COUNTER)) maps[size] = createMap(names, size);
  try {
    for (let index = 0; index < Math.max(...PROCESSES); index++) workers.list.push(start(names));
    for (const label of Object.keys(SIZES)) {
      const size = SIZES[label];
      for (let index = 0; index < KEYS; index++) {
        maps[size].set(keyOf(index), textOf(size));
        asked.set(keyOf(index), textOf(size));
      }
      if (lmdb !== null) await fillLmdb(names, size);
      for (const count of PROCESSES) {
        const speeds = await measure(workers, count, size, ['get', 'set']);
        tell(`${label}, ${count} processes`, speeds, [
          ['SharedMap get', 'lmdb get', size > 1000 ? 1.5 : 0.95],
          ['SharedMap get', 'process.send get', 20],
          ['SharedMap set', 'lmdb set', 5],
          ['SharedMap set', 'lmdb batched set', 3],
          ['SharedMap set', 'process.send set'],
        ]);
      }
    }
    for (const count of PROCESSES) {
      tell(`counters, ${count} processes`, await measure(workers, count, COUNTER, ['increment', 'hot']), [
        ['SharedMap increment', 'lmdb increment'],
        ['SharedMap increment', 'process.send increment'],
        ['SharedMap hot', 'lmdb hot'],
        ['SharedMap hot', 'process.send hot'],
      ]);
    }
  } finally {
    workers.list.forEach((worker) => worker.disconnect());
  }
}

/** A process that works; should it fail, all of this has. */
function start(names) {
  const worker = fork(__filename, ['work', JSON.stringify(names)].concat(process.argv.slice(2)));
  worker.on('exit', (code) => code === 0 || process.exit(1));
  return worker;
}

async function fillLmdb(names, size) {
  const db = openLmdb(names, size);
  for (let index = 0; index < KEYS; index++) db.put(keyOf(index), textOf(size));
  await db.flushed;
  await db.close();
}

if (process.argv[2] === 'work') work(JSON.parse(process.argv[3]));
else main();
