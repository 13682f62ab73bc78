'use strict';
// node examples/at-most.js [CALLS]: four workers call an API, at most ten at a time of all of them together.

const { fork } = require('child_process');
const shm = require('..');

const name = `/at-most-${process.argv[3] || process.pid}`;
const counts = shm.getOrCreate(2, 'Int32Array', name, { transient: true }); // now, and the most there were

if (process.argv[2] === 'worker') {
  const call = async () => {
    const now = Atomics.add(counts, 0, 1) + 1;
    while (now > Atomics.load(counts, 1)) Atomics.store(counts, 1, now);
    await new Promise((resolve) => setTimeout(resolve, 2)); // the API
    Atomics.sub(counts, 0, 1);
  };
  const calls = Array.from({ length: Number(process.argv[4]) }, () => shm.locks.request(name, { permits: 10 }, call));
  Promise.all(calls).then(() => process.disconnect());
} else {
  const calls = Number(process.argv[2] || 100);
  let left = 4;
  const workers = [1, 2, 3, 4].map(() => fork(__filename, ['worker', process.pid, calls / 4]));
  for (const worker of workers) {
    worker.on('exit', () => --left || console.log(`${calls} calls, at most ${counts[1]} at a time`));
  }
}
