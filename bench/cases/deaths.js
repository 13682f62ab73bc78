'use strict';
// How long a death holds up those who wait: a process kills itself while it holds something, and another one waits for
// it; and how long a blocked worker thread takes to end. Runs by itself: `node bench/cases/deaths.js [ROUNDS]`.

const { fork } = require('child_process');
const { Worker } = require('worker_threads');
const shm = require('../..');

const now = () => Number(process.hrtime.bigint()) / 1e6; // the same clock in all processes, in milliseconds
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What is held: `hold` takes it in the process that dies, `wait` gets it in the other one. Both are given the same key. */
const cases = {
  'Mutex.lockSync': { hold: lockWord, wait: (key) => mutexOf(key).lockSync({ timeout: 5000 }) },
  'Mutex.lock': { hold: lockWord, wait: (key) => mutexOf(key).lock({ timeout: 5000 }) },
  'locks.request': {
    hold: (key) => new Promise((resolve) => {
      shm.locks.request(key, () => new Promise(() => resolve()));
    }),
    wait: (key) => shm.locks.request(key, { timeout: 5000 }, () => {}),
  },
  'Channel.receiveSync': { hold: takeMessage, wait: (key) => channelOf(key).receiveSync({ timeout: 5000 }).release() },
  'Channel.receive': { hold: takeMessage, wait: async (key) => (await channelOf(key).receive({ timeout: 5000 })).release() },
  'SharedMap.compute': {
    hold: (key) => new Promise((resolve) => {
      mapOf(key).compute('key', () => new Promise(() => resolve()));
    }),
    wait: (key) => mapOf(key).compute('key', () => 1, { timeout: 5000 }),
  },
  'SharedMap.set': { hold: async () => {}, die: dieInLock, wait: (key) => mapOf(key).set('key', 'value') },
};

const opened = [];
const open = (structure) => opened[opened.push(structure) - 1];
const mutexOf = (key) => new shm.Mutex(shm.getOrCreate(1, 'Int32Array', key), 0);
const channelOf = (key) => open(new shm.Channel(key, { slots: 4, size: 16 }));
const mapOf = (key) => open(new shm.SharedMap(key, { bytes: 1e5 }));

async function lockWord(key) {
  mutexOf(key).lockSync();
}

async function takeMessage(key) {
  channelOf(key).trySend('x');
  opened[0].tryReceive();
}

/** Dies at the first word that a call stores while it has the lock of a part of the map. */
function dieInLock(key, die) {
  const map = mapOf(key);
  Atomics.store = die;
  map.set('key', 'other');
}

async function victim(name, key, deathKey) {
  const death = shm.get(deathKey, 'Float64Array');
  const die = () => {
    death[0] = now();
    process.kill(process.pid, 'SIGKILL');
  };
  await cases[name].hold(key);
  process.send('held');
  await pause(100 + Math.random() * 300); // the other one waits by now
  if (cases[name].die) cases[name].die(key, die);
  die();
}

/** Milliseconds from a death until the other process has what it waits for. */
async function measure(name, round) {
  const key = `/bench-deaths-${process.pid}-${round}`;
  const death = shm.create(1, 'Float64Array', `${key}-death`);
  const child = fork(__filename, ['victim', name, key, `${key}-death`]);
  await new Promise((resolve) => child.once('message', resolve));
  if (cases[name].die) await new Promise((resolve) => child.once('exit', resolve));
  const started = now();
  await cases[name].wait(key);
  const time = now() - (cases[name].die ? started : death[0]);
  opened.splice(0).forEach((structure) => structure.detach());
  [key, `${key}-death`].forEach((name_) => shm.destroy(name_));
  return time;
}

/** Milliseconds until a worker that sleeps in `wait` is terminated. */
async function measureTerminate() {
  const array = shm.create(1, 'Int32Array');
  const code = `
    const { parentPort, workerData: [lib, key] } = require('worker_threads');
    const shm = require(lib);
    const array = shm.get(key, 'Int32Array');
    parentPort.postMessage('ready');
    shm.wait(array, 0, 0);`;
  const worker = new Worker(code, { eval: true, workerData: [require.resolve('../..'), array.key] });
  await new Promise((resolve) => worker.once('message', resolve));
  await pause(100 + Math.random() * 100);
  const started = now();
  await worker.terminate();
  shm.destroy(array);
  return now() - started;
}

async function report(name, rounds, measureOne) {
  const times = [];
  for (let round = 0; round < rounds; round++) times.push(await measureOne(round));
  times.sort((a, b) => a - b);
  const [least, middle, most] = [times[0], times[Math.floor(times.length / 2)], times[times.length - 1]].map((time) => time.toFixed(0));
  console.log(`${name}: ${middle} ms, ${least} to ${most} in ${rounds} rounds`);
}

async function main(rounds) {
  shm.setQuiet(true);
  for (const name of Object.keys(cases)) await report(name, rounds, (round) => measure(name, round));
  await report('worker.terminate() in wait', rounds, measureTerminate);
}

if (process.argv[2] === 'victim') victim(...process.argv.slice(3));
else main(Number(process.argv[2] || 20));
