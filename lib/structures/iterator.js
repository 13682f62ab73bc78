'use strict';
// What `for await` goes through. By hand: an async generator takes twice as many promises.

/** The event loop has a turn after so many, or so many milliseconds: promises alone would not let it. */
const MANY = 64;
const LONG = 2;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * What a channel or topic receives, until it is closed; each is given back when the loop goes on or ends. `poll()` is
 * what there is at once, without blocking: a lock that others have would hold up the event loop.
 */
class Each {
  constructor(receiver, poll) {
    this.receiver = receiver;
    this.poll = poll;
    /** What the loop has now. @type {{ release(): void } | null} */
    this.received = null;
    this.isOver = false;
    this.many = 0;
    this.since = Date.now();
    this.calls = 0;
    /** @type {Promise<any>} */
    this.last = Promise.resolve();
  }

  next() {
    return this.inTurn(goOn);
  }

  return(value) {
    return this.inTurn((each) => stop(each, value));
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** One after the other, should somebody not wait for the answer. */
  inTurn(answer) {
    const isAlone = this.calls++ === 0;
    const call = () => answer(this);
    return (this.last = isAlone ? call() : this.last.then(call, call));
  }

  release() {
    const { received } = this;
    this.received = null;
    if (received !== null) received.release();
  }
}

async function goOn(each) {
  try {
    if (each.received !== null) {
      each.release();
      if (++each.many >= MANY || Math.abs(Date.now() - each.since) >= LONG) {
        await turn();
        each.many = 0;
        each.since = Date.now();
      }
    }
    const received = each.isOver ? null : each.poll() || (await each.receiver.receiveAsync());
    each.received = received;
    each.isOver = received === null;
    return { value: received === null ? undefined : received, done: each.isOver };
  } catch (error) {
    each.isOver = true;
    throw error;
  } finally {
    each.calls--;
  }
}

async function stop(each, value) {
  try {
    each.isOver = true;
    each.release();
    return { value, done: true };
  } finally {
    each.calls--;
  }
}

const each = (receiver, poll) => new Each(receiver, poll);

module.exports = { each };
