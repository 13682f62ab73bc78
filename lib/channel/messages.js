'use strict';
// What a thread holds of a channel: a slot to be filled and sent, or a message to be looked at.

const { DELIVERIES, TAG, TAKEN, WRITING } = require('./layout');
const { Held, HeldLoan, checkReady, end } = require('../structures/borrowed');
const { deadlineOf, timedOut } = require('../structures/sleeping');

class Loan extends HeldLoan {
  send(timeout) {
    checkReady(this);
    const { structure: queue, place: slot, length, tag } = this;
    const deadline = deadlineOf(timeout);
    let isSent = true;
    try {
      isSent = queue.send(slot, length, tag, deadline);
    } finally {
      if (isSent) end(this);
    }
    if (!isSent) throw timedOut();
  }

  giveBack(queue, slot) {
    queue.free(slot, WRITING);
  }
}

class Message extends Held {
  constructor(queue, slot) {
    super(queue, slot, queue.lengthOf(slot));
    this.tag = queue.wordOf(slot, TAG);
    this.deliveries = queue.wordOf(slot, DELIVERIES);
  }

  giveBack(queue, slot) {
    queue.free(slot, TAKEN);
  }
}

module.exports = { Loan, Message };
