'use strict';
// Locks by name beside navigator.locks (Node.js 24 and newer), which ends at the process, and proper-lockfile, which
// takes files. Runs by itself: `node bench/cases/locks.js [--short]`.

const { fork } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { performance } = require('perf_hooks');
const shm = require('../..');
const { interleave, ratio, summary } = require('../statistics');
const { npmPackages } = require('../../scripts/packages');

const short = process.argv.includes('--short');
const ROUNDS = short ? 3 : 9;
const LOCKS = short ? 200 : 5000;
const FILE_LOCKS = short ? 20 : 200;
const FIGHT = short ? 300 : 2000; // milliseconds
const FIGHTERS = 4;
const NAMES = 1000;

const properLockfile = () => require(path.join(npmPackages({ 'proper-lockfile': '4.1.2' }), 'node_modules', 'proper-lockfile'));

/** Microseconds of one request and its release, by promises, one after the other. */
async function oneByOne(times, request) {
  const start = performance.now();
  for (let i = 0; i < times; i++) await request();
  return ((performance.now() - start) * 1000) / times;
}

/** What a process does that fights for a lock: takes it as often as it can, and tells how often and how long it waited. */
async function fight({ kind, key, file }) {
  const manager = kind === 'shm' ? new shm.LockManager(key) : null;
  const lockfile = kind === 'file' ? properLockfile() : null;
  process.send('ready');
  const { until } = await once(process);
  let turns = 0;
  let longest = 0;
  while (Date.now() < until) {
    const asked = performance.now();
    const turn = () => {
      longest = Math.max(longest, performance.now() - asked);
      turns++;
    };
    if (manager !== null) await manager.request('fight', turn);
    else {
      const release = await lockfile.lock(file, { retries: { retries: 1e6, factor: 1, minTimeout: 1, maxTimeout: 1 } });
      turn();
      await release();
    }
  }
  process.send({ turns, longest });
}

const once = (emitter) => new Promise((resolve) => emitter.once('message', resolve));

/** Turns a second of processes that fight for one lock, and the longest wait in milliseconds. */
async function fightFor(kind, key, file) {
  const children = Array.from({ length: FIGHTERS }, () => fork(__filename, ['fight']));
  const areReady = Promise.all(children.map(once));
  children.forEach((child) => child.send({ kind, key, file }));
  await areReady;
  const ended = Promise.all(children.map(once));
  const until = Date.now() + FIGHT;
  children.forEach((child) => child.send({ until }));
  const results = await ended;
  const turns = results.reduce((sum, result) => sum + result.turns, 0);
  return { perSecond: (turns / FIGHT) * 1000, longest: Math.max(...results.map(({ longest }) => longest)) };
}

/** Microseconds of a request and its release while others are pending. */
async function besidePending(manager, pending) {
  const end = { now: null };
  const stop = new Promise((resolve) => (end.now = resolve));
  const names = Math.min(NAMES, pending);
  const all = Array.from({ length: pending + names }, (_, i) => manager.request(`pending ${i % names}`, () => stop));
  await new Promise((resolve) => setImmediate(resolve));
  const times = await oneByOne(LOCKS, () => manager.request('free', () => {}));
  end.now();
  await Promise.all(all);
  return times;
}

const said = ({ median, low, high }, digits = 2) => `${median.toFixed(digits)} [${low.toFixed(digits)} to ${high.toFixed(digits)}]`;

async function main() {
  const key = `/shm-bench-locks-${process.pid}`;
  const manager = new shm.LockManager(key, { requests: 2 ** 14 });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-bench-'));
  const file = path.join(folder, 'lock');
  fs.writeFileSync(file, '');
  const lockfile = properLockfile();
  const web = /** @type {any} */ (global).navigator && /** @type {any} */ (global).navigator.locks;
  try {
    const subjects = {
      shm: () => oneByOne(LOCKS, () => manager.request('free', () => {})),
      file: () => oneByOne(FILE_LOCKS, async () => (await lockfile.lock(file))()),
    };
    if (web) subjects.web = () => oneByOne(LOCKS, () => web.request('free', () => {}));
    const free = await interleave(subjects, ROUNDS);
    for (const name of Object.keys(free)) console.log(`free lock, ${name}: ${said(summary(free[name]))} µs`);
    if (web) console.log(`free lock ÷ navigator.locks: ${said(ratio(free.shm, free.web))} (bar 2)`);
    else console.log(`free lock ÷ navigator.locks: skipped, Node.js ${process.versions.node} has none`);
    console.log(`free lock, times as fast as proper-lockfile: ${said(ratio(free.file, free.shm), 0)} (bar 30)`);
    const waits = { shm: [], file: [] };
    const fights = await interleave({
      shm: async () => fightFor('shm', key, file).then(({ perSecond, longest }) => waits.shm.push(longest) && perSecond),
      file: async () => fightFor('file', key, file).then(({ perSecond, longest }) => waits.file.push(longest) && perSecond),
    }, short ? 1 : 5);
    for (const name of ['shm', 'file']) console.log(`${FIGHTERS} processes fight for one lock, ${name}: ${said(summary(fights[name]), 0)} turns a second, longest wait ${Math.max(...waits[name]).toFixed(0)} ms`);
    console.log(`turns, times those of proper-lockfile: ${said(ratio(fights.shm, fights.file))} (bar 3)`);
    const many = await interleave({ few: () => besidePending(manager, 10), many: () => besidePending(manager, 10000) }, ROUNDS);
    console.log(`free lock beside 10,000 pending ÷ beside 10: ${said(ratio(many.many, many.few))} (bar 2)`);
  } finally {
    manager.destroy();
    fs.rmSync(folder, { recursive: true });
  }
}

if (process.argv[2] === 'fight') {
  once(process).then(fight);
} else {
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
