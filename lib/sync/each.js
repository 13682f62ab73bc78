'use strict';
// What `for await` goes through.

/** The event loop has a turn after so many, or so many milliseconds: promises alone would not let it. */
const MANY = 64;
const LONG = 2;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * What a channel or topic receives, until it is closed; each is given back at the next turn of the loop. `next()` is
 * what there is at once, without blocking: a lock that others have would hold up the event loop.
 */
async function* each(receiver, next) {
  let many = 0;
  let since = Date.now();
  for (;;) {
    const received = next() || (await receiver.receiveAsync());
    if (received === null) return;
    try {
      yield received;
    } finally {
      received.release();
    }
    if (++many < MANY && Math.abs(Date.now() - since) < LONG) continue;
    await turn();
    many = 0;
    since = Date.now();
  }
}

module.exports = { each };
