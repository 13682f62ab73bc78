'use strict';
// How a channel object takes messages: when it looks for the dead, and how it notices the end.

const { HEAD, TAKEN } = require('./layout');
const { Message, putBackUnseen } = require('./messages');
const { LOCKED } = require('./queue');
const { NONE } = require('./slots');
const { copyBytes } = require('../arrays/copy');
const { checkTarget } = require('../structures/payload');
const { BUSY } = require('../structures/results');

/** A receiver looks at the clock at one of so many calls: to do so takes a fifth of a call that finds a message. */
const CALLS_PER_LOOK = 16;

class Receiver {
  /** @param {any} queue */
  constructor(queue) {
    this.queue = queue;
    this.calls = 0;
  }

  /**
   * A slot with a message, in the hands of this call; null at the end; undefined if there is none now, BUSY if a lock is
   * in the way. Without a deadline it does not block. See `Condition`.
   */
  take(deadline) {
    const { queue } = this;
    queue.beginCall();
    try {
      if (++this.calls % CALLS_PER_LOOK === 0) queue.recoverIfDue();
      let slot = queue.take(deadline);
      if (slot === NONE && queue.recoverIfDue()) slot = queue.take(deadline);
      if (slot >= 0) return slot;
      const isClosed = queue.noticeClosed(HEAD);
      if (slot === LOCKED) return BUSY;
      return isClosed && queue.isEmpty() ? null : undefined;
    } catch (error) {
      throw queue.failed(error);
    }
  }

  /** A message; what is none as from `take`. */
  message = (deadline) => {
    const slot = this.take(deadline);
    if (typeof slot !== 'number') return slot;
    const { queue } = this;
    try {
      const message = new Message(queue, slot);
      queue.lent.add(slot);
      return message;
    } catch (error) {
      throw queue.failed(error);
    }
  };

  /** What copies a message to a buffer and gives it back: its length; what is none as from `take`. */
  into(buffer) {
    checkTarget(buffer, this.queue.size);
    return (deadline) => this.#copyInto(buffer, deadline);
  }

  #copyInto(buffer, deadline) {
    const { queue } = this;
    if (deadline === undefined) checkTarget(buffer, queue.size); // it may have waited, and the buffer have been transferred
    const slot = this.take(deadline);
    if (typeof slot !== 'number') return slot;
    try {
      const length = queue.lengthOf(slot);
      copyBytes(queue.bytes, queue.start(slot), length, buffer);
      queue.free(slot, TAKEN);
      return length;
    } catch (error) {
      throw queue.failed(error);
    }
  }

  /** What `for await` goes through; see `Iteration`. */
  source() {
    return { condition: this.queue.messages, attempt: this.message, putBack: putBackUnseen };
  }
}

module.exports = { Receiver };
