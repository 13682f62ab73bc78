'use strict';
// SharedMap against lmdb in /dev/shm and against asking another process, in 1, 2 and 4 processes at once. lmdb comes from
// npm, into target/bench. Run as a program, this is one of the processes.

const { spawnSync, fork } = require('child_process');
const fs = require('fs');
const path = require('path');
const { performance } = require('perf_hooks');
const shm = require('../..');
const { cache } = require('../contestants');
const { interleave } = require('../statistics');

const KEYS = 100000;
const SIZES = { '10 B': 10, '100 B': 100, '4 KB': 4096 };
const COUNTER = 8;
const PROCESSES = [1, 2, 4];
const LMDB = '3.5.6';

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

/** How often each does it in a round. */
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
  const times = Math.ceil(TIMES[message.who] / (message.size > 1000 ? 4 : 1));
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

/** What the call of a row is called, by contestant: lmdb has two ways to write. */
function callsOf(what, lmdb) {
  const calls = [['this', 'SharedMap', what], ['process.send', 'process.send', what]];
  if (lmdb === null) return calls;
  if (what === 'set') calls.push(['lmdb, batched', 'lmdb', 'batched set']);
  return calls.concat([['lmdb', 'lmdb', what]]);
}

/** Operations in a millisecond of all contestants by turns. */
function measure(bench, workers, count, size, what, label) {
  const subjects = {};
  for (const [name, who, call] of callsOf(what, workers.lmdb)) subjects[name] = () => together(workers.list, count, { who, what: call, size });
  return interleave(subjects, bench.rounds(9), bench.round(label));
}

const atLeast = (ratio) => [ratio, Infinity];
const bars = {
  get: (size) => ({ lmdb: atLeast(size > 1000 ? 1.5 : 0.95), 'process.send': atLeast(20) }),
  set: () => ({ lmdb: atLeast(5), 'lmdb, batched': atLeast(3), 'process.send': null }),
  increment: () => ({ lmdb: null, 'process.send': null }),
  hot: () => ({ lmdb: null, 'process.send': null }),
};
const words = { get: '`get`', set: '`set`', increment: '`increment`', hot: '`increment` of one hot counter' };

async function run(bench) {
  const lmdb = installLmdb();
  if (lmdb === null) console.log('lmdb could not be installed, so it is not measured');
  const { first: name } = bench.keys('posix', 1);
  const names = { name, lmdb, folder: `/dev/shm/bench-lmdb-${process.pid}` };
  const maps = {};
  const workers = { lmdb, list: [] };
  const end = () => {
    // Not one of them may make anew what is taken away here.
    workers.list.forEach((worker) => worker.kill('SIGKILL'));
    for (const size of Object.keys(maps)) {
      maps[size].destroy();
      for (const ending of ['', '-lock']) fs.rmSync(`${names.folder}-${size}${ending}`, { recursive: true, force: true });
    }
  };
  process.once('exit', end);
  const rows = [];
  const add = async (what, text, size, count) => {
    const label = `${words[what]}${text}, ${count === 1 ? 'one process' : `${count} processes`}`;
    rows.push({ label, unit: '/ms', numbers: await measure(bench, workers, count, size, what, label), bars: bars[what](size) });
  };
  for (const size of Object.values(SIZES).concat(COUNTER)) maps[size] = createMap(names, size);
  try {
    for (let index = 0; index < Math.max(...PROCESSES); index++) workers.list.push(start(names));
    for (const text of Object.keys(SIZES)) {
      const size = SIZES[text];
      for (let index = 0; index < KEYS; index++) {
        maps[size].set(keyOf(index), textOf(size));
        asked.set(keyOf(index), textOf(size));
      }
      if (lmdb !== null) await fillLmdb(names, size);
      for (const count of PROCESSES) for (const what of ['get', 'set']) await add(what, ` of ${text}`, size, count);
    }
    for (const count of PROCESSES) for (const what of ['increment', 'hot']) await add(what, '', COUNTER, count);
  } finally {
    process.removeListener('exit', end);
    end();
  }
  return rows;
}

/** A process that works; should it fail, all of this has. */
function start(names) {
  const worker = fork(__filename, [JSON.stringify(names)]);
  worker.on('exit', (code, signal) => code === 0 || signal === 'SIGKILL' || process.exit(1));
  return worker;
}

async function fillLmdb(names, size) {
  const db = openLmdb(names, size);
  for (let index = 0; index < KEYS; index++) db.put(keyOf(index), textOf(size));
  await db.flushed;
  await db.close();
}

module.exports = {
  name: 'map',
  title: 'SharedMap',
  note: 'Operations in a millisecond, of all processes together: more is better, and so are higher ratios. 100,000 keys. lmdb is in /dev/shm, with `noSync`; process.send asks the process that has a Map.',
  run,
};

if (require.main === module) work(JSON.parse(process.argv[2]));
