'use strict';
// The end of the process or worker thread: everything is detached on a normal exit.

/**
 * Where the instances of this module in one thread keep their `detachAll`. Test runners load modules
 * anew for every file: one listener serves them all, or Node would warn of a leak.
 */
const INSTANCES = Symbol.for('shm-typed-array.instances');

/** Calls `detachAll` at the exit event; the main thread tells how many segments that destroyed. */
function detachAtExit(detachAll) {
  if (process[INSTANCES] === undefined) {
    Object.defineProperty(process, INSTANCES, { value: [] });
    process.on('exit', () => detachEverything(process[INSTANCES]));
  }
  process[INSTANCES].push(detachAll);
}

function detachEverything(instances) {
  let destroyed = 0;
  for (const detachAll of instances) {
    try {
      destroyed += detachAll();
    } catch (error) {
      console.error(error);
    }
  }
  if (destroyed > 0 && isMainThread()) console.info('shm segments destroyed:', destroyed);
}

function isMainThread() {
  try {
    return require('worker_threads').isMainThread;
  } catch (_) {
    return true; // Node 10 without --experimental-worker has no other threads
  }
}

module.exports = { detachAtExit, isMainThread };
