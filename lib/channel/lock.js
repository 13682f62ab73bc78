'use strict';
// One of the two locks of a channel, in which a thread changes a few words. It never nests.

const { retryBriefly } = require('./backoff');
const { Lock } = require('../mutex');
const { leftUntil } = require('../structures/condition');
const { CLOSED } = require('../structures/structure');

/** How long a call that may block waits at least for the lock (milliseconds). docs/channels.md names it. */
const HELD_AT_MOST = 50;

class QueueLock {
  /** @param {Int32Array} words */
  constructor(words, index) {
    this.words = words;
    this.lock = new Lock(words, index);
    this.retry = () => this.tryEnter() || undefined;
  }

  /**
   * `'ok'`; `'owner-died'` if there may be a half step to finish, also of a call of this thread that was ended
   * half-way; null if somebody else is in there.
   */
  tryEnter() {
    return this.lock.tryLock();
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
    // The word that says whether it is closed is never notified.
    const later = retryBriefly(this.words, CLOSED, this.retry, Infinity);
    if (later !== undefined) return later;
    if (deadline === undefined) return null;
    return this.lock.lock(Math.max(leftUntil(deadline), HELD_AT_MOST));
  }

  leave() {
    this.lock.unlock();
  }

  /** After a failure: if this thread still has it, the next owner repairs as after a death. */
  abandon() {
    this.lock.abandon();
  }
}

module.exports = { QueueLock };
