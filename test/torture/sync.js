'use strict';
// Torture of waiting and locking: fairness, updates under a lock whose owners are killed, and a hunt
// for lost wakeups. Prints a line of counts for each, all of them in the last, and exits
// with 1 if a promise was broken.
// `--short` does a hundredth.

const { fork } = require('child_process');
const shm = require('../..');

const short = process.argv.includes('--short');
const scale = (count) => (short ? Math.ceil(count / 100) : count);
const PROCESSES = 8;
const OWNER = 0x3fffffff;
/** As far as a word can count. */
const MOST = 2 ** 31 - 1;

// The words of the memory: the lock, what it protects, and one per process for its own count and
// for its number as an owner.
const LOCK = 0;
const COUNT = 1;
const TARGET = 2;
const DEATHS = 3;
const DONE = 16;
const NUMBER = 32;

const sum = (array) => array.subarray(DONE, DONE + PROCESSES).reduce((total, done) => total + done, 0);

/** What the processes do; each ends with exit code 0. */
const roles = {
  /** Counts under the lock until the target is reached. Repairs what a dead owner has left. */
  count(array, slot) {
    const mutex = new shm.Mutex(array, LOCK);
    array[NUMBER + slot] = -1; // ready
    for (let more = true; more; ) {
      if (mutex.lockSync() === 'owner-died') {
        array[COUNT] = sum(array);
        array[DEATHS]++;
      }
      array[NUMBER + slot] = array[LOCK] & OWNER;
      more = array[COUNT] < array[TARGET];
      if (more) {
        array[COUNT]++;
        array[DONE + slot]++;
      }
      mutex.unlock();
    }
  },
  /** Passes the turn back and forth, with random delays; 0 and 1 take part. */
  pingPong(array, slot) {
    for (let round = slot; round < array[TARGET]; round += 2) {
      while (Atomics.load(array, COUNT) !== round) {
        const seen = Atomics.load(array, COUNT);
        if (seen !== round) refuseLoss(array, shm.wait(array, COUNT, seen, 10000), seen);
      }
      for (let spin = Math.random() * 300; spin > 0; spin--) Atomics.load(array, LOCK);
      Atomics.store(array, COUNT, round + 1);
      shm.notify(array, COUNT, 1);
    }
  },
  async pingPongAsync(array, slot) {
    const options = { timeout: 10000, ref: true };
    for (let round = slot; round < array[TARGET]; round += 2) {
      for (;;) {
        const seen = Atomics.load(array, COUNT);
        if (seen === round) break;
        refuseLoss(array, await shm.waitAsync(array, COUNT, seen, options), seen);
      }
      for (let spin = Math.random() * 300; spin > 0; spin--) Atomics.load(array, LOCK);
      Atomics.store(array, COUNT, round + 1);
      shm.notify(array, COUNT, 1);
    }
  },
};

function refuseLoss(array, result, seen) {
  if (result === 'timed-out' && Atomics.load(array, COUNT) !== seen) throw new Error('a wakeup was lost');
}

function start(role, key, slot) {
  const child = fork(__filename, [role, String(key), String(slot)]);
  child.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal || code)));
  return child;
}

async function withMemory(target, work) {
  const array = shm.create(64, 'Int32Array');
  array[TARGET] = target;
  try {
    return await work(array);
  } finally {
    shm.destroy(array.key);
  }
}

/** Ends the run if nothing moves for a minute: a deadlock. */
function watch(array, what) {
  let last = -1;
  return setInterval(() => {
    const now = array[COUNT];
    if (now === last) {
      console.log(`${what}: deadlock at ${now} of ${array[TARGET]}, word ${array[LOCK]}`);
      process.exit(1);
    }
    last = now;
    if (process.stderr.isTTY) process.stderr.write(`${what}: ${now} of ${array[TARGET]}\r`);
  }, 60000);
}

/** A busy machine may keep a process from running for as long as a run takes, but not each time. */
async function fairness() {
  for (let runs = 1; ; runs++) {
    const result = await fairnessOnce();
    if (result.ok || runs === 3) return result;
  }
}

function fairnessOnce() {
  const total = 1e6; // fewer would end before the scheduler has had its say
  return withMemory(total, async (array) => {
    const gate = new shm.Mutex(array, LOCK);
    gate.lockSync();
    const children = [];
    for (let slot = 0; slot < PROCESSES; slot++) children.push(start('count', array.key, slot));
    const ready = () => array.subarray(NUMBER, NUMBER + PROCESSES).every((number) => number === -1);
    while (!ready()) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 300)); // and asleep at the gate
    gate.unlock();
    const ends = await Promise.all(children.map((child) => child.ended));
    const shares = Array.from(array.subarray(DONE, DONE + PROCESSES), (done) => (100 * done) / total);
    const list = shares.map((share) => share.toFixed(1)).join(' ');
    return {
      ok: ends.every((end) => end === 0) && Math.min(...shares) >= 5,
      counts: `${total} acquisitions by ${PROCESSES} processes, percent each: ${list}`,
    };
  });
}

function killedOwners() {
  const kills = scale(500);
  return withMemory(scale(1e7), async (array) => {
    const timer = watch(array, 'killed owners');
    const children = [];
    for (let slot = 0; slot < PROCESSES; slot++) children.push(start('count', array.key, slot));
    const target = array[TARGET];
    array[TARGET] = MOST; // until enough owners are dead
    let killed = 0;
    while (array[DEATHS] < kills && array[COUNT] < MOST) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      const owner = Atomics.load(array, LOCK) & OWNER;
      const slot = array.subarray(NUMBER, NUMBER + PROCESSES).indexOf(owner);
      if (owner === 0 || slot === -1) continue;
      children[slot].kill('SIGKILL');
      await children[slot].ended;
      killed++;
      children[slot] = start('count', array.key, slot);
    }
    array[TARGET] = Math.max(target, array[COUNT]);
    const ends = await Promise.all(children.map((child) => child.ended));
    clearInterval(timer);
    const lost = sum(array) - array[COUNT];
    return {
      // A busy machine may count to the end before all of them are dead.
      ok: ends.every((end) => end === 0) && lost === 0 && array[COUNT] >= target && array[DEATHS] >= kills / 2,
      counts: `${array[COUNT]} increments by ${PROCESSES} processes, ${killed} killed, ${array[DEATHS]} of them owners, ${lost} updates lost, 0 deadlocks`,
    };
  });
}

function wakeups(role, rounds) {
  return withMemory(rounds, async (array) => {
    const timer = watch(array, role);
    const started = Date.now();
    const children = [start(role, array.key, 0), start(role, array.key, 1)];
    const ends = await Promise.all(children.map((child) => child.ended));
    clearInterval(timer);
    const lost = ends.filter((end) => end !== 0).length;
    const time = ((1000 * (Date.now() - started)) / rounds).toFixed(1);
    return {
      ok: lost === 0 && array[COUNT] >= rounds,
      counts: `${array[COUNT]} handovers of ${rounds} (${role}), ${time} µs each, ${lost} processes missed a wakeup`,
    };
  });
}

async function main() {
  const broken = [];
  const all = [];
  const tests = [
    ['fairness', fairness],
    ['killed owners', killedOwners],
    ['lost wakeups', () => wakeups('pingPong', scale(1e7))],
    ['lost wakeups, async', () => wakeups('pingPongAsync', scale(1e6))],
  ];
  for (const [name, run] of tests) {
    const { ok, counts } = await run();
    console.log(`${name}: ${counts}`);
    all.push(counts);
    if (!ok) broken.push(name);
  }
  console.log(broken.length > 0 ? `broken: ${broken.join(', ')}` : all.join('; '));
  process.exitCode = broken.length > 0 ? 1 : 0;
}

const [role, key, slot] = process.argv.slice(2);
if (roles[role] === undefined) main();
else Promise.resolve(roles[role](shm.get(Number(key), 'Int32Array'), Number(slot))).then(() => process.exit(0));
