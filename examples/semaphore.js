'use strict';
// A counting semaphore of N mutex words: so many permits for all processes. Those of the dead come back.
//   node examples/semaphore.js [processes]

const { fork } = require('child_process');
const shm = require('shm-typed-array');

const PERMITS = 3;
// Words: how many are used now, how many were at most, and one that nobody changes.
const [USED, MOST, PAUSE] = [16, 17, 18];

class Semaphore {
  constructor(int32Array, index, permits) {
    this.mutexes = Array.from({ length: permits }, (_, i) => new shm.Mutex(int32Array, index + i));
  }

  /** A permit, to be unlocked; null if there is none. A thread has each at most once. */
  tryAcquire() {
    return this.mutexes.find((mutex) => mutex.tryLock() !== null) || null;
  }

  /** Waits at one of them: whoever is killed there makes way, too. */
  acquire() {
    const free = this.tryAcquire();
    if (free !== null) return free;
    const any = this.mutexes[Math.floor(Math.random() * this.mutexes.length)];
    any.lockSync();
    return any;
  }
}

function work(key, accident) {
  const words = shm.get(Number(key), 'Int32Array');
  const semaphore = new Semaphore(words, 0, PERMITS);
  for (let i = 0; i < 100; i++) {
    const permit = semaphore.acquire();
    if (accident && i === 50) process.kill(process.pid, 'SIGKILL'); // with the permit
    const used = Atomics.add(words, USED, 1) + 1;
    if (used > Atomics.load(words, MOST)) Atomics.store(words, MOST, used);
    shm.wait(words, PAUSE, 0, 1); // the work
    Atomics.sub(words, USED, 1);
    permit.unlock();
  }
}

async function main(count) {
  const words = shm.create(32, 'Int32Array');
  const start = (i) => new Promise((resolve) => fork(__filename, ['work', String(words.key), i === 0 ? 'accident' : '']).on('exit', resolve));
  await Promise.all(Array.from({ length: count }, (_, i) => start(i)));
  const semaphore = new Semaphore(words, 0, PERMITS);
  let free = 0;
  while (semaphore.tryAcquire() !== null) free++;
  console.log(`at most ${words[MOST]} of ${PERMITS} permits were used, ${free} are free in the end`);
  shm.destroy(words.key);
}

if (process.argv[2] === 'work') work(process.argv[3], process.argv[4] === 'accident');
else main(Number(process.argv[2] || 5));
