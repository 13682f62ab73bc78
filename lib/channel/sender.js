'use strict';
// How a channel object gets slots to write to, and sends: when it looks for the dead, waits, or drops the oldest.

const { FREED, TAIL, WRITING } = require('./layout');
const { retryBriefly, spinWhileChanging } = require('./backoff');
const { Loan } = require('./messages');
const { LOCKED } = require('./queue');
const { NONE } = require('./slots');
const { lengthOf } = require('../arrays/intrinsics');
const { closed } = require('../errors');
const { deadlineAfter } = require('../structures/condition');
const { lengthNow } = require('../structures/payload');
const { BUSY, isResult } = require('../structures/results');
const { CLOSED } = require('../structures/structure');

/** A sender that finds the channel full again after less than so many messages, or a quarter of the slots, was woken too early. */
const WORTH_WAKING_FOR = 16;

/** How soon a sender that drops the oldest looks again, where no slot is free and nothing is queued (milliseconds). */
const RETRY_AFTER = 5;

class Sender {
  /** @param {any} queue */
  constructor(queue, dropsOldest) {
    this.queue = queue;
    this.dropsOldest = dropsOldest;
    if (dropsOldest) queue.freeSlots.retryAfter = RETRY_AFTER; // what is queued could be dropped, but does not count as freed
    /** How many slots this object has claimed since it was full. */
    this.claimed = 0;
    this.worthWakingFor = Math.min(WORTH_WAKING_FOR, queue.slots >> 2);
  }

  /** A slot to write to, in the hands of this call; undefined or BUSY if there is none now. See `Condition`. */
  claim = (deadline) => {
    const { queue } = this;
    queue.beginCall();
    if (queue.noticeClosed(FREED)) throw closed(queue.key, queue.what);
    let slot = this.claimNow(deadline);
    if (slot === NONE && queue.recoverIfDue()) slot = this.claimNow(deadline);
    if (slot === LOCKED) return BUSY;
    if (slot === NONE) return undefined;
    this.claimed++;
    return slot;
  };

  claimNow(deadline) {
    const slot = this.queue.claim();
    return slot === NONE && this.dropsOldest ? this.queue.claimOldest(deadline) : slot;
  }

  /** Waits a little for more slots to become free: as long as they do, or for a millisecond, if there were few the last time. */
  backOff = (deadline) => {
    const { queue, worthWakingFor } = this;
    const wereFew = this.claimed < worthWakingFor;
    this.claimed = 0;
    spinWhileChanging(queue.words, TAIL, worthWakingFor);
    const slot = queue.freeSlots.attempt(this.claim, deadline);
    if (slot !== undefined || !wereFew) return slot;
    return retryBriefly(queue.words, CLOSED, () => queue.freeSlots.attempt(this.claim, deadline), deadline);
  };

  trySend(payload) {
    try {
      const slot = this.queue.freeSlots.attempt(this.claim, 0);
      return isResult(slot) && this.put(slot, payload, lengthOf(payload), 0);
    } catch (error) {
      throw this.queue.failed(error);
    }
  }

  sendSync(payload, timeout) {
    const { freeSlots, otherSenders } = this.queue;
    const before = lengthOf(payload);
    try {
      const deadline = deadlineAfter(timeout);
      const slot = freeSlots.waitSync(this.claim, timeout, deadline, this.backOff);
      if (!this.put(slot, payload, lengthNow(payload, before), deadline)) throw otherSenders.timedOut(timeout);
    } catch (error) {
      throw this.queue.failed(error);
    }
  }

  send(payload, options) {
    const before = lengthOf(payload);
    const attempt = () => {
      try {
        const length = lengthNow(payload, before);
        const slot = this.claim();
        if (!isResult(slot)) return slot;
        return this.put(slot, payload, length, undefined) ? null : BUSY;
      } catch (error) {
        throw this.queue.failed(error);
      }
    };
    return this.queue.freeSlots.wait(attempt, options);
  }

  /** Copies a message into a slot and sends it; false, and it was not sent, if others kept the lock too long. */
  put(slot, payload, length, deadline) {
    const { queue } = this;
    queue.bytes.set(payload, queue.start(slot));
    if (queue.send(slot, length, 0, deadline)) return true;
    queue.free(slot, WRITING);
    return false;
  }

  /** A loan, if there is a free slot. See `Condition`. */
  loan = (deadline) => {
    try {
      const slot = this.claim(deadline);
      return isResult(slot) ? this.lend(slot) : slot;
    } catch (error) {
      throw this.queue.failed(error);
    }
  };

  loanSync(timeout) {
    try {
      return this.lend(this.queue.freeSlots.waitSync(this.claim, timeout, deadlineAfter(timeout), this.backOff));
    } catch (error) {
      throw this.queue.failed(error);
    }
  }

  lend(slot) {
    const loan = new Loan(this.queue, slot);
    this.queue.lent.add(slot);
    return loan;
  }
}

module.exports = { Sender };
