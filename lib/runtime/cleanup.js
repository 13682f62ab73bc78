'use strict';
// The end of the process or worker thread: everything is detached on a normal exit.

const { oncePerThread } = require('./thread');
const { invalidType } = require('../errors');

/**
 * Calls `detachAll` at the exit event; the main thread tells how many segments that destroyed. One listener serves all
 * copies of the package, or Node would warn of a leak.
 */
function detachAtExit(detachAll) {
  const copies = oncePerThread('exit', () => {
    const registered = [];
    process.on('exit', () => atExit(registered));
    return registered;
  });
  copies.push(detachAll);
}

/** Each of the functions tells how many segments it has destroyed. */
function atExit(functions) {
  let destroyed = 0;
  for (const end of functions) {
    try {
      destroyed += end();
    } catch (error) {
      console.error(error);
    }
  }
  if (destroyed > 0 && isMainThread() && !isQuiet()) console.info('shm segments destroyed:', destroyed);
}

/** What all copies of the package have in common. */
const message = oncePerThread('exit message', () => ({ isOff: false }));

/** Switches the line about destroyed segments off, or on again. */
function setQuiet(isOff) {
  if (typeof isOff !== 'boolean') throw invalidType('quiet', 'true or false', isOff);
  message.isOff = isOff;
}

/** Whether the program has switched the line off, or whoever started it. */
function isQuiet() {
  return message.isOff || Boolean(process.env.SHM_TYPED_ARRAY_QUIET);
}

function isMainThread() {
  try {
    return require('worker_threads').isMainThread;
  } catch (_) {
    return true; // Node 10 without --experimental-worker has no other threads
  }
}

module.exports = { detachAtExit, isMainThread, setQuiet };
