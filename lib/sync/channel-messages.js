'use strict';
// What a thread holds of a channel: a slot to be filled and sent, or a message to be looked at. Neither shows
// anything after its end; a view that somebody has kept shows the slot, whatever is in it by then.

const { closed, withCode } = require('../errors');
const { millisecondsOf } = require('./arguments');
const { BRIEFLY, DELIVERIES, NONE, TAG, TAKEN, WRITING } = require('./channel-queue');
const { EMPTY, checkAttached, checkLoan, makeDisposable } = require('./payload');
const { timedOut } = require('./sleeping');

class Loan {
  constructor(queue, slot) {
    const start = queue.start(slot);
    this.queue = queue;
    this.slot = slot;
    this.data = queue.bytes.subarray(start, start + queue.size);
    this.length = queue.size;
    this.tag = 0;
  }

  send(timeout) {
    const { queue, slot, length, tag } = this;
    if (slot === NONE) throw withCode(new Error('This loan has been sent or released'), 'ERR_SHM_RELEASED');
    checkAttached(queue);
    checkLoan(this, queue.size);
    const left = Math.max(millisecondsOf(timeout), BRIEFLY);
    if (queue.isClosed()) throw closed(queue.key, 'channel');
    let isSent = true;
    try {
      isSent = queue.send(slot, length, tag, left);
    } finally {
      if (isSent) end(this);
    }
    if (!isSent) throw timedOut();
  }

  release() {
    release(this, WRITING);
  }
}

class Message {
  constructor(queue, slot) {
    const start = queue.start(slot);
    this.queue = queue;
    this.slot = slot;
    this.length = queue.lengthOf(slot);
    this.data = queue.bytes.subarray(start, start + this.length);
    this.tag = queue.wordOf(slot, TAG);
    this.deliveries = queue.wordOf(slot, DELIVERIES);
  }

  release() {
    release(this, TAKEN);
  }
}

function release(held, state) {
  const { queue, slot } = held;
  if (slot === NONE) return;
  end(held);
  if (queue.isAttached()) queue.free(slot, state);
}

function end(held) {
  held.slot = NONE;
  held.data = EMPTY;
  held.length = 0;
}

makeDisposable(Loan);
makeDisposable(Message);

module.exports = { Loan, Message };
