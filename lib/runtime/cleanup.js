'use strict';
// The end of the process or worker thread: everything is detached on a normal exit.

const { oncePerThread } = require('./thread');

/**
 * Calls `detachAll` at the exit event; the main thread tells how many segments that destroyed. One
 * listener serves all copies of the package, or Node would warn of a leak.
 */
function detachAtExit(detachAll) {
  const copies = oncePerThread('exit', () => {
    const registered = [];
    process.on('exit', () => detachEverything(registered));
    return registered;
  });
  copies.push(detachAll);
}

function detachEverything(copies) {
  let destroyed = 0;
  for (const detachAll of copies) {
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
