'use strict';
// Those who replace, sweep and use the same memory at once. Of ten that replace an orphan, one creates and nine get
// it; nothing is swept that somebody has; and where the orphan has the memory that the new object lacks, it makes room.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const { amount, check, ended, freshKey, freshName, option, shm, start } = require('./support/harness');
const { runApart } = require('./support/containers');

const PROCESSES = 10;
const WORDS = 1000;
const [ROUND, PHASE, TRIED, WINS, DONE, STOP, REMOVED, ATTACHES] = [0, 1, 2, 3, 4, 5, 6, 7];
const [TRY, LEAVE] = [1, 2];

const key = option('key') && JSON.parse(option('key'));
const rounds = Number(option('rounds'));

const nothing = new Int32Array(new SharedArrayBuffer(4));
const pause = () => Atomics.wait(nothing, 0, 0, 0.05);
const waitFor = (condition) => {
  while (!condition()) pause();
};

/** In every round all try at once. */
function replacer() {
  const control = shm.get(option('control'), 'Int32Array');
  const options = { transient: true };
  const creates = option('call') === 'create'; // and gets what another has created; or `getOrCreate` does both
  for (let round = 1; round <= rounds; round++) {
    waitFor(() => Atomics.load(control, ROUND) === round && Atomics.load(control, PHASE) === TRY);
    const made = creates ? shm.create(WORDS, 'Int32Array', key, options) : null;
    if (made !== null) Atomics.add(control, WINS, 1);
    const array = made || (creates ? shm.get(key, 'Int32Array') : shm.getOrCreate(WORDS, 'Int32Array', key, options));
    check(array !== null && array[1] === 0, `round ${round}: got`, array && array[1]);
    Atomics.add(array, 0, 1);
    Atomics.add(control, TRIED, 1);
    waitFor(() => Atomics.load(control, PHASE) === LEAVE);
    check(array[0] === PROCESSES, `round ${round}: all have the same`, array[0]);
    Atomics.add(control, DONE, 1);
    waitFor(() => Atomics.load(control, DONE) >= PROCESSES);
    array[1] = 7;
    shm.detach(key);
    Atomics.add(control, DONE, 1);
  }
  process.disconnect();
}

/** Makes a segment that nobody has, and that is not zero: this package's own would go with its last attach. */
class SegmentMaker {
  constructor(number) {
    const signed = number | 0;
    this.child = spawn('python3', ['-uc', `
import ctypes, sys
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmdt.argtypes = [ctypes.c_void_p]
for line in sys.stdin:
    at = libc.shmat(libc.shmget(${signed}, ${WORDS * 4}, 0o1660), None, 0)
    ctypes.memset(at, 7, ${WORDS * 4})
    libc.shmdt(at)
    print('made')`], { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  make() {
    this.child.stdin.write('make\n');
    // Python writes the line's end by itself: what comes of the last line must not pass for this one.
    return new Promise((resolve) => {
      this.child.stdout.on('data', function hear(text) {
        if (!String(text).endsWith('\n')) return;
        this.removeListener('data', hear);
        resolve();
      });
    });
  }
}

async function replaceInRounds(counts, of, call) {
  const total = amount(3000, 60);
  const control = freshName();
  const words = shm.create(8, 'Int32Array', control);
  const maker = typeof of === 'number' ? new SegmentMaker(of) : null;
  const args = ['--role=replacer', `--key=${JSON.stringify(of)}`, `--control=${control}`, `--rounds=${total}`, `--call=${call}`];
  const children = Array.from({ length: PROCESSES }, () => start(__filename, args));
  let failed = false;
  children.forEach((child) => child.once('exit', (code) => (failed = failed || code !== 0)));
  const until = async (index, value) => {
    for (let tries = 0; Atomics.load(words, index) !== value; tries++) {
      if (failed) {
        children.forEach((child) => child.kill('SIGKILL'));
        throw new Error('a process has failed');
      }
      await new Promise((resolve) => (tries < 20 ? setImmediate(resolve) : setTimeout(resolve, 1)));
    }
  };
  for (let round = 1; round <= total; round++) {
    if (maker !== null) await maker.make();
    else {
      shm.create(WORDS, 'Int32Array', of).fill(7);
      shm.detach(of);
      leaveAsKilled(of);
    }
    [TRIED, WINS, DONE].forEach((index) => Atomics.store(words, index, 0));
    Atomics.store(words, PHASE, TRY);
    Atomics.store(words, ROUND, round);
    await until(TRIED, PROCESSES);
    check(call !== 'create' || words[WINS] === 1, `round ${round}: winners`, words[WINS]);
    Atomics.store(words, PHASE, LEAVE);
    await until(DONE, 2 * PROCESSES);
    counts['rounds of ten that replace']++;
  }
  await Promise.all(children.map(ended));
  if (maker !== null) maker.child.stdin.end();
  shm.destroy(control);
  shm.destroy(of);
}

/** Attaches the objects and looks whether they are still there. */
function user() {
  const control = shm.get(option('control'), 'Int32Array');
  const names = key;
  while (Atomics.load(control, STOP) === 0) {
    const name = names[Math.floor(Math.random() * names.length)];
    const array = shm.get(name) || shm.create(100, 'Buffer', name);
    if (array === null) continue;
    for (let looks = Math.floor(Math.random() * 20); looks >= 0; looks--) {
      check(shm.stat(name) !== null, 'removed under its user', name);
    }
    shm.detach(name);
    Atomics.add(control, ATTACHES, 1);
  }
  process.disconnect();
}

function sweeper() {
  const control = shm.get(option('control'), 'Int32Array');
  while (Atomics.load(control, STOP) === 0) Atomics.add(control, REMOVED, shm.destroyOrphans().length);
  process.disconnect();
}

async function sweepBesideUsers(counts) {
  const names = Array.from({ length: 4 }, () => freshName());
  const control = freshName();
  const words = shm.create(8, 'Int32Array', control);
  const args = [`--key=${JSON.stringify(names)}`, `--control=${control}`];
  const roles = ['user', 'user', 'user', 'sweeper', 'sweeper'];
  const children = roles.map((role) => start(__filename, [`--role=${role}`].concat(args)));
  let failed = false;
  children.forEach((child) => child.once('exit', (code) => (failed = failed || code !== 0)));
  while (!failed && words[REMOVED] < amount(5000, 200)) await new Promise((resolve) => setTimeout(resolve, 20));
  Atomics.store(words, STOP, 1);
  const ends = await Promise.all(children.map(ended));
  check(ends.every(({ code }) => code === 0), 'all end well', ends);
  counts['removed by two sweepers'] = words[REMOVED];
  counts['attaches meanwhile'] = words[ATTACHES];
  counts['removed under a user'] = 0;
  names.concat(control).forEach((name) => shm.destroy(name));
}

/** Marks an object that nobody has as transient: as a SIGKILL of its last user leaves one. */
function leaveAsKilled(name) {
  fs.chmodSync(`/dev/shm${name}`, 0o1660);
}

/** /dev/shm has 64 MB here. */
function makeRoom(counts) {
  const name = freshName();
  shm.create(40 << 20, 'Buffer', name)[0] = 7;
  shm.detach(name);
  leaveAsKilled(name);
  const array = shm.create(40 << 20, 'Buffer', name, { transient: true });
  check(array !== null && array[0] === 0, 'the orphan makes room');
  shm.destroy(name);
  counts['orphans that made room'] = 1;
}

async function all(counts) {
  counts['rounds of ten that replace'] = 0;
  makeRoom(counts);
  await sweepBesideUsers(counts);
  for (const call of ['create', 'getOrCreate']) {
    await replaceInRounds(counts, freshName(), call);
    if (spawnSync('python3', ['--version']).status === 0) await replaceInRounds(counts, freshKey(), call);
  }
}

runApart(__filename, all, { replacer, sweeper, user });
