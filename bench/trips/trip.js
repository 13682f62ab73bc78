'use strict';
// What the programs of this folder share: each starts itself a second time, sends a message of 64 bytes there and has it
// back, many times, and prints microseconds a round trip. `node promises.js TRIPS [PROCESSOR PROCESSOR]` binds the two.

const { fork, spawnSync } = require('child_process');
const os = require('os');

// Loaded before the package, which polls where there is a second processor.
if (process.env.SHM_BENCH_POLLING === 'off') os.availableParallelism = () => 1;

const [, program, trips = '20000', ...processors] = process.argv;
const WARM_UP = Math.min(2000, Number(trips));

/** Binds the first thread of a process once it has started: how many processors it has it found before. */
function bind(pid, processor) {
  const bound = spawnSync('taskset', ['-c', '-p', processor, String(pid)]);
  if (bound.status !== 0) throw new Error(`taskset: ${bound.error || bound.stderr}`);
}

/** Runs `trip()`, which may return a promise, against the child; `end()` gives back what was used. */
async function play(child, trip, end) {
  await new Promise((resolve) => child.once('message', resolve));
  if (processors.length === 2) [process.pid, child.pid].forEach((pid, side) => bind(pid, processors[side]));
  for (let i = 0; i < WARM_UP; i++) await trip();
  const start = process.hrtime();
  for (let i = 0; i < Number(trips); i++) await trip();
  const [seconds, nanoseconds] = process.hrtime(start);
  console.log((seconds * 1e6 + nanoseconds / 1e3) / Number(trips));
  child.kill('SIGKILL');
  end();
}

/** Starts this program again, as the other side; `key` is where they meet. */
const start = (key) => fork(program, ['other', key]);

const isOther = trips === 'other';
const key = isOther ? processors[0] : `/shm-bench-trips-${process.pid}`;

module.exports = { isOther, key, play, start };
