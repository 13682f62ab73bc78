'use strict';
// An actor of the model test, as a process or as a worker thread: does the calls it is sent, and
// answers with their results. `threads` in the first message says how many worker threads to start.

const { Worker, isMainThread, parentPort } = require('worker_threads');
const { calls } = require('./calls');
const shm = require('../../../lib');

const actor = { shm, keys: [], views: [] };
const workers = [];

function answer({ keys, todo }) {
  if (keys) {
    reset(keys);
    return [];
  }
  return todo.map(({ name, args }) => calls[name].real(actor, ...args));
}

/** Forgets everything, and what it has created above all. */
function reset(keys) {
  shm.detachAll();
  actor.keys = keys;
  actor.views = [];
  for (const key of keys) {
    shm.destroy(key);
    shm.create(1, 'Buffer', key);
    shm.destroy(key);
  }
}

if (isMainThread) {
  process.on('message', (message) => {
    if (message.thread > 0) {
      while (workers.length < message.thread) {
        const worker = new Worker(__filename);
        worker.on('message', (result) => process.send(result));
        workers.push(worker);
      }
      workers[message.thread - 1].postMessage(message);
    } else process.send(answer(message));
  });
  process.on('disconnect', () => process.exit());
} else {
  parentPort.on('message', (message) => parentPort.postMessage(answer(message)));
}
