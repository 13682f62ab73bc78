'use strict';
// The writer's lock: a call has it for as long as it publishes, a loan until it is published or released.

const { Lock } = require('../mutex');
const { disclaim, hold, letGo } = require('../structures/in-hand');
const { WRITER } = require('./layout');

class WriterLock {
  /** @param {Int32Array} words */
  constructor(words) {
    this.words = words;
    // A thread that has a loan may ask for another one.
    this.lock = new Lock(words, WRITER, true);
    /** Whether a loan of this object has it. */
    this.isLent = false;
  }

  /** Whether this thread has it, by a loan of this object or another one. */
  isOwn() {
    return this.lock.isOwn(Atomics.load(this.words, WRITER));
  }

  /** Takes it, into the hands of this call; false if somebody has it. */
  tryTake() {
    return this.#take(() => this.lock.tryLock());
  }

  /** The same, but it blocks for so many milliseconds. */
  takeSync(milliseconds) {
    return this.#take(() => this.lock.lock(milliseconds));
  }

  #take(lock) {
    if (this.isOwn()) return false;
    hold(this);
    if (lock() !== null) return true;
    letGo();
    return false;
  }

  /**
   * Has it, later, without blocking, as if a loan had it: `takeBack` takes it into the hands of a call. `onLocked()` is
   * called at that very moment.
   */
  async wait(onLocked) {
    await this.lock.lockAsync({ timeout: Infinity, signal: undefined, ref: false }, () => {
      // Who was ended by force while it waited for this lock, too, must not unlock it.
      disclaim((what) => what instanceof WriterLock && what.words.buffer === this.words.buffer);
      this.isLent = true;
      onLocked();
    });
  }

  /** Gives it from the hands of a call to a loan. */
  lend() {
    this.isLent = true;
    letGo();
  }

  /** Takes it back from a loan, into the hands of this call. */
  takeBack() {
    hold(this);
    this.isLent = false;
  }

  /** Unlocks what a call has in its hands. */
  unlock() {
    this.lock.unlock();
    letGo();
  }

  /** Unlocks what a loan has, if there is one. */
  endLoan() {
    if (!this.isLent) return;
    this.takeBack();
    this.unlock();
  }

  /** See in-hand.js. */
  giveBack() {
    this.isLent = false;
    this.lock.unlock();
  }
}

module.exports = { WriterLock };
