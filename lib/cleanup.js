'use strict';
// The end of the process or worker thread: everything is detached on a normal exit.

/** Calls `detachAll` at the exit event; the main thread tells how many segments that destroyed. */
function detachAtExit(detachAll) {
  process.on('exit', () => {
    try {
      const destroyed = detachAll();
      if (destroyed > 0 && isMainThread()) console.info('shm segments destroyed:', destroyed);
    } catch (error) {
      console.error(error);
    }
  });
}

function isMainThread() {
  try {
    return require('worker_threads').isMainThread;
  } catch (_) {
    return true; // Node 10 without --experimental-worker has no other threads
  }
}

module.exports = { detachAtExit };
