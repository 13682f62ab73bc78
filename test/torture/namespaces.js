'use strict';
// Containers that share memory: in each every process has the same pid, those that are killed are followed by
// others of their pid, and it is the owners of a mutex that are killed. The dead are noticed, and nobody takes
// the lock from the living. Waiting reaches across, and looking at what there is works in all of them.

const { execFileSync, fork } = require('child_process');
const fs = require('fs');
const path = require('path');
const { amount, check, ended, execArgv, execPath, forkArgv, freshKey, freshName, nextMessage, option, shm, tell } = require('./support/harness');
const { runApart, startIn } = require('./support/containers');

const CLI = path.join(__dirname, '..', '..', 'lib', 'cli', 'cli.js');
const OWNER = 0x3fffffff;
const PID = 100; // what a process that locks in a container is made to have

// The words of the memory: the lock, what it protects, the name of who is inside, and for each process its own count,
// its number as an owner and its pid.
const [LOCK, COUNT, DEATHS, INSIDE, STOLEN, STOP] = [0, 1, 2, 3, 4, 5];
const [DONE, NUMBER, PIDS, WORDS] = [16, 32, 48, 64];

const key = /^\d+$/.test(option('key')) ? Number(option('key')) : option('key');
const slot = Number(option('slot'));
const open = () => shm.get(key, 'Int32Array');
const sum = (array) => array.subarray(DONE, NUMBER).reduce((total, done) => total + done, 0);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Counts under the lock until it is told to stop. Repairs what a dead owner has left. */
async function count() {
  const array = open();
  const mutex = new shm.Mutex(array, LOCK);
  const name = 1 + Math.floor(Math.random() * (2 ** 31 - 2));
  array[PIDS + slot] = process.pid;
  for (let round = 1, more = true; more; round++) {
    const result = slot % 2 === 0 ? mutex.lockSync() : await mutex.lock();
    array[NUMBER + slot] = array[LOCK] & OWNER;
    if (result === 'owner-died') {
      array[INSIDE] = 0;
      array[COUNT] = sum(array);
      array[DEATHS]++;
    }
    if (array[INSIDE] !== 0) array[STOLEN]++;
    array[INSIDE] = name;
    more = array[STOP] === 0;
    if (more) {
      array[COUNT]++;
      array[DONE + slot]++;
    }
    // Now and then for longer than the others sleep before they ask whether the owner lives.
    if (round % 1000 === 0) await pause(120);
    if (array[INSIDE] !== name) array[STOLEN]++;
    array[INSIDE] = 0;
    mutex.unlock();
  }
}

/** The first process of a container: starts one that counts, kills it when it is told to, and starts the next. */
function init() {
  let child = null;
  const args = process.argv.slice(2).filter((argument) => !argument.startsWith('--role=')).concat('--role=count');
  const next = () => {
    fs.writeFileSync('/proc/sys/kernel/ns_last_pid', String(PID - 1));
    child = fork(__filename, args, { execPath, execArgv: forkArgv });
    if (child.pid !== PID) {
      // A thread has taken the number. This one has not begun yet.
      child.once('exit', next);
      child.kill('SIGKILL');
      return;
    }
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') process.exit(code);
      next();
      process.send('killed');
    });
  };
  next();
  process.on('message', () => child.kill('SIGKILL'));
  return new Promise(() => {});
}

/** Hands a word back and forth with another process, which has the other slot of 0 and 1. */
async function pass() {
  const array = open();
  const timeout = option('wait') === 'waitAsync' ? { timeout: 10000, ref: true } : 10000;
  for (let round = slot; round < Number(option('rounds')); round += 2) {
    for (let seen = array[COUNT]; seen !== round; seen = Atomics.load(array, COUNT)) {
      const result = await shm[option('wait')](array, COUNT, seen, timeout);
      check(result !== 'timed-out', 'no wakeup is lost', seen, Atomics.load(array, COUNT));
    }
    Atomics.store(array, COUNT, round + 1);
    shm.notify(array, COUNT, 1);
  }
}

/** Tells what there is, as seen from here. */
function look() {
  const listed = shm.list().map((status) => status.key);
  execFileSync(execPath, execArgv.concat(CLI, 'ls', '--json'), { stdio: ['ignore', 'ignore', 'inherit'] });
  const segment = Number(option('segment'));
  const seen = { listed, size: shm.stat(key).size, segment: shm.stat(segment) !== null && shm.get(segment) !== null };
  return tell(seen);
}

/** One that counts; `kill` ends when the next one is on its way. */
class Counter {
  constructor(kind, of, place) {
    const role = kind === 'container' ? 'init' : 'count';
    Object.assign(this, { kind, pid: { pid: 1, container: PID }[kind] });
    this.start = () => {
      this.child = startIn(kind, __filename, [`--role=${role}`, `--key=${of}`, `--slot=${place}`]);
      // Its first process has the channel too, and keeps it until it is dead.
      this.gone = new Promise((resolve) => this.child.once('disconnect', resolve));
    };
    this.start();
  }

  async kill() {
    if (this.kind === 'container') {
      const killed = new Promise((resolve) => this.child.once('message', resolve));
      this.child.send('kill');
      await Promise.race([killed, this.gone]);
    } else {
      this.child.kill('SIGKILL');
      await this.gone;
      this.start();
    }
  }
}

async function killOwners(counts, of, kinds) {
  const array = shm.create(WORDS, 'Int32Array', of);
  const counters = kinds.map((kind, place) => new Counter(kind, of, place));
  let killed = 0;
  let last = { count: -1, at: 0 };
  while (array[DEATHS] < amount(250, 8)) {
    await pause(Math.random() * 20);
    if (array[COUNT] !== last.count) last = { count: array[COUNT], at: Date.now() };
    check(Date.now() - last.at < 20000, 'a dead owner is noticed', array[LOCK] & OWNER);
    const owner = Atomics.load(array, LOCK) & OWNER;
    const place = array.subarray(NUMBER, PIDS).indexOf(owner);
    if (owner === 0 || place === -1) continue;
    await counters[place].kill();
    // unshare(1), killed right after its fork, would leave its child behind: only who has told its number again is killed.
    array[NUMBER + place] = 0;
    killed++;
  }
  array[STOP] = 1;
  const ends = await Promise.all(counters.map(({ child }) => ended(child)));
  check(ends.every(({ code }) => code === 0), 'all end well', ...ends);
  const pids = counters.map(({ pid }, place) => pid || array[PIDS + place]);
  check(pids.every((pid, place) => array[PIDS + place] === pid), 'the same pids all the time', array.subarray(PIDS, WORDS), pids);
  check(array[DEATHS] <= killed, 'only the dead are taken for dead', array[DEATHS], killed);
  check(array[STOLEN] === 0, 'nobody takes the lock from the living', array[STOLEN]);
  check(array[COUNT] === sum(array), 'no update is lost', array[COUNT], sum(array));
  counts.stolen += array[STOLEN];
  counts['updates lost'] += sum(array) - array[COUNT];
  counts.kills += killed;
  counts['owners among them'] += array[DEATHS];
  counts.increments += array[COUNT];
  shm.destroy(of);
}

async function passAround(counts, wait, rounds) {
  const of = freshName();
  const array = shm.create(WORDS, 'Int32Array', of);
  const args = [`--key=${of}`, `--wait=${wait}`, `--rounds=${rounds}`, '--role=pass'];
  const children = [0, 1].map((place) => startIn('container', __filename, args.concat(`--slot=${place}`)));
  const ends = await Promise.all(children.map(ended));
  check(ends.every(({ code }) => code === 0) && array[COUNT] >= rounds, `${wait}: handovers`, array[COUNT], ...ends);
  counts[`handovers (${wait})`] = array[COUNT];
  shm.destroy(of);
}

async function lookAround(counts) {
  const object = freshName();
  const segment = freshKey();
  shm.create(10, 'Buffer', object);
  shm.create(10, 'Buffer', segment);
  for (const kind of ['host', 'pid', 'container']) {
    const child = startIn(kind, __filename, ['--role=look', `--key=${object}`, `--segment=${segment}`]);
    const seen = await nextMessage(child);
    check((await ended(child)).code === 0, `${kind}: looking`);
    const isShared = kind !== 'container'; // which has an IPC namespace of its own
    check(seen.size === 18 && seen.listed.includes(object), `${kind}: the object is seen`, seen);
    check(seen.segment === isShared && seen.listed.includes(segment) === isShared, `${kind}: the segment`, seen);
    counts['kinds of namespaces looked at']++;
  }
  shm.destroy(object);
  shm.destroy(segment);
}

async function all(counts) {
  Object.assign(counts, { kills: 0, 'owners among them': 0, stolen: 0, increments: 0, 'updates lost': 0, 'kinds of namespaces looked at': 0 });
  await killOwners(counts, freshKey(), ['host', 'pid', 'pid', 'pid']);
  await killOwners(counts, freshName(), ['host', 'pid', 'container', 'container', 'container']);
  await passAround(counts, 'wait', amount(200000, 2000));
  await passAround(counts, 'waitAsync', amount(50000, 500));
  await lookAround(counts);
}

runApart(__filename, all, { count, init, look, pass });
