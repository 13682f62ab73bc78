'use strict';
// What the tests of waiting and locking share: worker threads, and what the system can do.

const path = require('path');
const { freshKey, isLinux, shm } = require('./support');

const hasAbort = typeof AbortController === 'function';
const hasWorkers = canStartWorkers();

function canStartWorkers() {
  try {
    return typeof require('worker_threads').Worker === 'function';
  } catch (_) {
    return false;
  }
}

/** Whether asynchronous waits are in the kernel's queue at once: then a notification counts them. */
const hasExactWaits = isLinux && !['many', 'single'].includes(process.env.SHM_TYPED_ARRAY_WAITS || '') && countsAtOnce();

function countsAtOnce() {
  const array = shm.create(1, 'Int32Array', freshKey());
  const waits = 100; // one alone a thread can have begun by then, too
  for (let i = 0; i < waits; i++) shm.waitAsync(array, 0, 0, { ref: false }).catch(() => {});
  const woken = shm.notify(array, 0);
  shm.destroy(array.key);
  return woken === waits;
}

/** A worker thread that runs a command of test/fixtures/worker.js on the memory. */
function startWorker(command, key, ...args) {
  const { Worker } = require('worker_threads');
  const workerData = { command, key, args };
  return new Worker(path.join(__dirname, 'fixtures', 'worker.js'), { workerData });
}

module.exports = { hasAbort, hasExactWaits, hasWorkers, startWorker };
