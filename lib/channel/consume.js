'use strict';
// Work that is not lost: messages go to a handler, and are done when it has succeeded.

const { show, withCode } = require('../errors');
const clock = require('../runtime/clock');
const { offAbort, onAbort } = require('../wait/signals');

/**
 * Takes messages until the channel is closed and empty, or the signal is aborted, and hands each to `handler`, up to
 * `concurrency` at a time. When the handler fails, the message goes back into the queue, as the last, until it has been
 * delivered `retries` times more; then it goes to `onFailure`, and is done. A process that dies fails, too.
 *
 * @param {any} receiver
 * @param {(message: any) => any} handler
 */
async function consume(receiver, handler, { signal, concurrency = 1, retries = Infinity, onFailure }) {
  const { queue } = receiver;
  const ends = new Set();
  let isOver = false;
  const stop = () => {
    isOver = true;
    for (const call of ends) call.succeed(null);
  };

  async function next() {
    const call = queue.messages.calls.add(receiver.message, { timeout: Infinity, signal: undefined, ref: true });
    ends.add(call);
    try {
      return await call.promise;
    } finally {
      ends.delete(call);
    }
  }

  async function handle(message) {
    try {
      if (message.deliveries > retries) throw lastOwnerDied(queue.key, message.deliveries);
      await handler(message);
    } catch (error) {
      if (message.deliveries < retries) {
        message.putBack();
        return;
      }
      try {
        await onFailure(error, message);
      } catch (failure) {
        message.putBack();
        throw failure;
      }
    }
    message.release();
  }

  async function work() {
    while (!isOver) {
      const message = await next();
      if (message === null) return;
      await handle(message); // also if it is over since: to put it back would count as a delivery
      await new Promise((resolve) => clock.setImmediate(resolve));
    }
  }

  if (signal !== undefined) {
    if (signal.aborted) return;
    onAbort(signal, stop);
  }
  try {
    const workers = Array.from({ length: concurrency }, work);
    // The first that fails stops the others, and what they have in their hands is waited for.
    workers.forEach((worker) => worker.catch(stop));
    await Promise.allSettled(workers);
    await Promise.all(workers);
  } finally {
    if (signal !== undefined) offAbort(signal, stop);
  }
}

/** A message came back after its last retry: no handler has failed here. */
function lastOwnerDied(key, deliveries) {
  const message = `A message on channel ${show(key)} was not finished in ${deliveries} deliveries: the process that had it last has died, or put it back`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_OWNER_DIED'), { key });
}

module.exports = { consume };
