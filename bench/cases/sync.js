'use strict';
// Waiting for each other: round trips between processes and threads, and a lock that nobody else
// wants. Runs by itself: `node bench/cases/sync.js [--short]`.

const { execFileSync, fork } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { performance } = require('perf_hooks');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const shm = require('../..');

const short = process.argv.includes('--short');
const ROUNDS = short ? 3 : 9;
const MB = 1 << 20;

// Words of the shared array: whose turn it is, and where the data begins (in elements).
const TURN = 0;
const DATA = 16;
const own = { ref: true };

const median = (values) => values.slice().sort((a, b) => a - b)[values.length >> 1];

/** One side of a game of `rounds` round trips: 0 begins, 1 answers. */
function playBlocking(array, rounds, side, { wait, notify }) {
  for (let turn = side; turn < 2 * rounds; turn += 2) {
    for (let seen; (seen = Atomics.load(array, TURN)) !== turn; ) wait(array, TURN, seen);
    Atomics.store(array, TURN, turn + 1);
    notify(array, TURN, 1);
  }
  // Who began waits for the last answer, or the next game would begin before this one ends.
  if (side === 0) for (let seen; (seen = Atomics.load(array, TURN)) !== 2 * rounds; ) wait(array, TURN, seen);
}

async function playAsync(array, rounds, side, bytes) {
  const data = new Uint8Array(array.buffer, array.byteOffset + DATA * 4, bytes);
  const message = new Uint8Array(bytes).fill(side);
  for (let turn = side; turn < 2 * rounds; turn += 2) {
    for (let seen; (seen = Atomics.load(array, TURN)) !== turn; ) await shm.waitAsync(array, TURN, seen, own);
    message.set(data);
    data.set(message);
    Atomics.store(array, TURN, turn + 1);
    shm.notify(array, TURN, 1);
  }
}

/** Ends when the last answer is in. */
async function finish(array, rounds) {
  for (let seen; (seen = Atomics.load(array, TURN)) !== 2 * rounds; ) await shm.waitAsync(array, TURN, seen, own);
}

/** What the other process does for each message: plays its side, or echoes. */
function answer() {
  let array = null;
  process.on('message', (message) => {
    if (message.play === undefined) {
      process.send(message);
      return;
    }
    array = array || shm.get(message.key, 'Int32Array');
    // Not before the message has left: blocking would keep it.
    process.send('ready', () => {
      if (message.play === 'blocking') playBlocking(array, message.rounds, 1, shm);
      else playAsync(array, message.rounds, 1, message.bytes);
    });
  });
  process.on('disconnect', () => process.exit());
}

const once = (emitter) => new Promise((resolve) => emitter.once('message', resolve));

async function microseconds(rounds, play) {
  const start = performance.now();
  await play();
  return ((performance.now() - start) * 1000) / rounds;
}

/** The contestants by name: each plays so many round trips and tells microseconds per trip. */
function contestants(array, child, echo, thread, futex) {
  const game = async (rounds, options, play) => {
    Atomics.store(array, TURN, 0);
    child.send(Object.assign({ key: array.key, rounds }, options));
    await once(child);
    return microseconds(rounds, play);
  };
  const shared = (bytes) => async (rounds) =>
    game(rounds, { play: 'async', bytes }, () => playAsync(array, rounds, 0, bytes).then(() => finish(array, rounds)));
  const send = (message) => async (rounds) =>
    microseconds(rounds, async () => {
      for (let i = 0; i < rounds; i++) {
        const answered = once(echo);
        echo.send(message);
        await answered;
      }
    });
  const post = (message) => async (rounds) =>
    microseconds(rounds, async () => {
      for (let i = 0; i < rounds; i++) {
        const answered = once(thread.worker);
        thread.worker.postMessage(message);
        await answered;
      }
    });
  const list = {
    'wait, processes': (rounds) =>
      game(rounds, { play: 'blocking' }, () => playBlocking(array, rounds, 0, shm)),
    'Atomics.wait, threads': async (rounds) => {
      Atomics.store(thread.array, TURN, 0);
      thread.worker.postMessage({ rounds });
      return microseconds(rounds, () => playBlocking(thread.array, rounds, 0, Atomics));
    },
    'waitAsync, 10 bytes': shared(10),
    'process.send, 10 bytes': send('0123456789'),
    'postMessage, 10 bytes': post('0123456789'),
    'waitAsync, 1 MB': shared(MB),
    'process.send, 1 MB': send(Buffer.alloc(MB, 97).toString()),
    'postMessage, 1 MB': post(new Uint8Array(MB)),
  };
  if (futex !== null) list['futex in C, processes'] = async (rounds) => Number(execFileSync(futex, [rounds])) / 1000;
  return list;
}

/** Nanoseconds of a lock and unlock, and of the two compareExchange they consist of. */
function uncontended(array) {
  const mutex = new shm.Mutex(array, TURN);
  const times = short ? 1e6 : 1e7;
  array[TURN] = 0;
  const nanoseconds = (work) => {
    const start = performance.now();
    work();
    return ((performance.now() - start) * 1e6) / times;
  };
  const lock = () => {
    for (let i = 0; i < times; i++) {
      mutex.lockSync();
      mutex.unlock();
    }
  };
  const pair = () => {
    for (let i = 0; i < times; i++) {
      Atomics.compareExchange(array, TURN, 0, 7);
      Atomics.compareExchange(array, TURN, 7, 0);
    }
  };
  lock();
  pair();
  const rounds = Array.from({ length: ROUNDS }, () => [nanoseconds(lock), nanoseconds(pair)]);
  return [0, 1].map((column) => median(rounds.map((round) => round[column])));
}

/** The floor, compiled; null where there is no compiler or no futex. */
function compileFutex(folder) {
  const program = path.join(folder, 'futex');
  try {
    execFileSync('cc', ['-O2', '-o', program, path.join(__dirname, '..', 'floor', 'futex.c')], { stdio: 'pipe' });
    return program;
  } catch (_) {
    return null;
  }
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-bench-'));
  const array = shm.create(DATA + MB / 4, 'Int32Array');
  const child = fork(__filename, ['answer']);
  const echo = fork(__filename, ['answer']);
  const thread = { array: new Int32Array(new SharedArrayBuffer(64)) };
  thread.worker = new Worker(__filename, { workerData: thread.array });
  thread.worker.postMessage('are you there?');
  await once(thread.worker); // it could not start while this thread is blocked
  const all = contestants(array, child, echo, thread, compileFutex(folder));
  const results = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(all)) {
      const trips = name.endsWith('1 MB') ? 20 : short ? 500 : 5000;
      if (round === 0) await all[name](trips); // warm
      (results[name] = results[name] || []).push(await all[name](trips));
    }
    if (process.stderr.isTTY) process.stderr.write(`round ${round + 1} of ${ROUNDS}\r`);
  }
  const trip = (name) => (results[name] === undefined ? NaN : median(results[name]));
  for (const name of Object.keys(results)) console.log(`${name}: ${trip(name).toFixed(1)} µs a round trip`);
  const [lock, pair] = uncontended(array);
  console.log(`lock + unlock: ${lock.toFixed(1)} ns; two compareExchange: ${pair.toFixed(1)} ns`);
  const ratio = (what, value, bar) => console.log(`${what}: ${value.toFixed(2)} (bar ${bar})`);
  ratio('blocking / futex in C', trip('wait, processes') / trip('futex in C, processes'), 1.5);
  ratio('async / process.send, 10 bytes', trip('waitAsync, 10 bytes') / trip('process.send, 10 bytes'), 1.2);
  ratio('async / process.send, 1 MB', trip('waitAsync, 1 MB') / trip('process.send, 1 MB'), 0.2);
  ratio('lock + unlock / two compareExchange', lock / pair, 2);
  child.disconnect();
  echo.disconnect();
  await thread.worker.terminate();
  shm.destroy(array.key);
  fs.readdirSync(folder).forEach((file) => fs.unlinkSync(path.join(folder, file)));
  fs.rmdirSync(folder);
}

if (!isMainThread) {
  parentPort.on('message', (message) => {
    if (message.rounds === undefined) parentPort.postMessage(message);
    else playBlocking(workerData, message.rounds, 1, Atomics);
  });
} else if (process.argv[2] === 'answer') {
  answer();
} else {
  main();
}
