'use strict';
// What a thread borrows of a channel: a slot to be filled and sent, or a message to be looked at.

const { DELIVERIES, TAG, TAKEN, WRITING } = require('./layout');
const { Borrowed, BorrowedToFill, OVER, checkReady, end, move, placeOf, structureOf } = require('../structures/borrowed');
const { deadlineAfter } = require('../structures/condition');
const { BUSY } = require('../structures/results');
const { timeoutReader, waitOptionsReader } = require('../wait/arguments');

const readWait = waitOptionsReader("a loan's send");
const readTimeout = timeoutReader("a loan's sendSync");

class Loan extends BorrowedToFill {
  constructor(queue, slot) {
    super(queue, slot, freeLoan);
  }

  trySend() {
    return attemptSend(this, 0);
  }

  sendSync(options) {
    const timeout = readTimeout(options);
    if (!attemptSend(this, deadlineAfter(timeout))) throw structureOf(this).otherSenders.timedOut(timeout);
  }

  async send(options) {
    await structureOf(this).otherSenders.wait(() => (attemptSend(this, undefined) ? null : BUSY), readWait(options));
  }
}

class Message extends Borrowed {
  constructor(queue, slot) {
    super(queue, slot, queue.lengthOf(slot), freeMessage);
    this.tag = queue.wordOf(slot, TAG);
    this.deliveries = queue.wordOf(slot, DELIVERIES);
  }

  text() {
    return this.data.toString();
  }

  json() {
    return JSON.parse(this.text());
  }

  putBack() {
    if (placeOf(this) === OVER) return;
    if (structureOf(this).isAttached()) handBack(this, (queue, slot) => queue.putBack(slot));
    else end(this);
  }
}

/** Puts a message back that nobody has seen: it does not count as delivered. */
function putBackUnseen(message) {
  const queue = structureOf(message);
  if (placeOf(message) !== OVER && queue.isAttached()) queue.discount(placeOf(message));
  message.putBack();
}

/** Sends the slot of a loan, which is over then; false, and it is not over, if others kept the lock too long. */
function attemptSend(loan, deadline) {
  checkReady(loan);
  const queue = structureOf(loan);
  const slot = placeOf(loan);
  queue.beginCall();
  queue.lent.takeBack(queue, slot);
  move(loan, OVER);
  let isSent;
  try {
    isSent = queue.send(slot, loan.length, loan.tag, deadline);
  } catch (error) {
    end(loan);
    throw queue.failed(error);
  }
  if (isSent) end(loan);
  else {
    move(loan, slot);
    queue.lent.add(slot);
  }
  return isSent;
}

function freeLoan(loan) {
  handBack(loan, (queue, slot) => queue.free(slot, WRITING));
}

function freeMessage(message) {
  handBack(message, (queue, slot) => queue.free(slot, TAKEN));
}

/** Ends what was borrowed, and does something with its slot. */
function handBack(borrowed, action) {
  const queue = structureOf(borrowed);
  const slot = placeOf(borrowed);
  queue.beginCall();
  queue.lent.takeBack(queue, slot);
  end(borrowed);
  try {
    action(queue, slot);
  } catch (error) {
    throw queue.failed(error);
  }
}

module.exports = { Loan, Message, putBackUnseen };
