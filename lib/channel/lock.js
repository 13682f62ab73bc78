'use strict';
// One of the two locks of a channel, in which a thread changes a few words. It never nests.

const { LOCK_ABANDONED, OWNER } = require('./layout');
const { retryBriefly } = require('./backoff');
const { Mutex } = require('../mutex');
const { leftUntil } = require('../structures/condition');
const { CLOSED } = require('../structures/structure');

/** How long a call that may block waits at least for the lock (milliseconds). docs/channels.md names it. */
const HELD_AT_MOST = 50;

class QueueLock {
  /** @param {Int32Array} words */
  constructor(words, index, self) {
    this.words = words;
    this.index = index;
    this.self = self;
    this.mutex = new Mutex(words, index);
    this.retry = () => this.tryEnter() || undefined;
  }

  /** `'ok'`; `'owner-died'` if there may be a half step to finish; null if somebody else is in there. */
  tryEnter() {
    const entered = this.mutex.tryLock();
    if (entered !== null) return entered;
    // No call of this thread is in there, so one that was ended half-way has left it behind.
    return (Atomics.load(this.words, this.index) & OWNER) === this.self ? 'owner-died' : null;
  }

  /**
   * Waits until a deadline, and at least for `HELD_AT_MOST`, also if the deadline is over; null if somebody else was in
   * there all the time. Without a deadline it waits for a millisecond only.
   *
   * As a rule a moment is all it takes. To be queued for the lock would hand it from one process to the next, at a
   * switch for each message.
   */
  enter(deadline) {
    const entered = this.tryEnter();
    if (entered !== null) return entered;
    // Nobody notifies the word that says whether it is closed.
    const later = retryBriefly(this.words, CLOSED, this.retry, Infinity);
    if (later !== undefined) return later;
    if (deadline === undefined) return null;
    try {
      return this.mutex.lock(Math.max(leftUntil(deadline), HELD_AT_MOST));
    } catch (error) {
      if (error.code !== 'ERR_SHM_TIMED_OUT') throw error;
      return null;
    }
  }

  leave() {
    this.mutex.unlock();
  }

  /** After a failure: if this thread still has it, the next owner repairs as after a death. */
  abandon() {
    if ((Atomics.load(this.words, this.index) & OWNER) === this.self) Atomics.store(this.words, this.index, LOCK_ABANDONED);
  }
}

module.exports = { QueueLock };
