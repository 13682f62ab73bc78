'use strict';
// What calls wait for, as a condition variable: a word in shared memory that counts the changes that may end their
// waiting. Its lowest bit says that a thread may sleep. A thread that has changed something counts on and thereby clears
// the bit; only if it was set there may be a thread to wake, for which the kernel has to be asked.
// test/model/sleeping.pml checks it.
//
// the word              | by
// count × 2 → + 1       | a thread that is about to sleep; it looks once more before it does
// any → (count + 1) × 2 | a thread that has changed something; it notifies all if the bit was set

const { timedOut } = require('../errors');
const clock = require('../runtime/clock');
const waiting = require('../wait');
const { Calls } = require('./calls');
const { isResult } = require('./results');
const { MAY_SLEEP } = require('./sleepers');
const { PAUSE_OF_BLOCKING, Spin } = require('./spin');

/** How often a blocking call looks whether somebody has died (milliseconds). */
const LOOK_UP_EVERY = 100;

class Condition {
  /**
   * @param {any} structure has `words`, `key`, `what`, and `lookUp()`, which finds out about deaths, wakes those whom the
   *   dead should have woken, and throws if waiting is in vain
   * @param {number} index of the word
   * @param {string} event what the calls wait for, as messages say it before the kind and the key: 'a message on'
   */
  constructor(structure, index, event) {
    this.structure = structure;
    this.words = structure.words;
    this.index = index;
    this.event = event;
    /** After how long a call that does not block looks again, if what it waits for may come without a change (milliseconds). */
    this.retryAfter = Infinity;
    this.spin = new Spin(PAUSE_OF_BLOCKING);
    /** The calls that wait without blocking. */
    this.calls = new Calls(this);
  }

  /** Says that somebody may sleep; the word with that bit. */
  mark() {
    return Atomics.or(this.words, this.index, MAY_SLEEP) | MAY_SLEEP;
  }

  /** What `attempt` gives at once, behind the calls that were made before; undefined or BUSY if it has to wait. */
  attempt(attempt, deadline) {
    return this.calls.isEmpty() || this.calls.advance() === true ? attempt(deadline) : undefined;
  }

  /**
   * Blocks until `attempt(deadline)` gives something else than undefined or BUSY. It may block itself as long as there
   * is time, until `deadline`, which is in `timeout` milliseconds. Before anybody is asked to wake this thread it looks
   * for a moment, or tries `backOff(deadline)` once, if given.
   */
  waitSync(attempt, timeout, deadline, backOff) {
    const first = this.attempt(attempt, deadline);
    if (isResult(first)) return first;
    const second = backOff === undefined ? this.look(attempt, deadline) : backOff(deadline);
    if (isResult(second)) return second;
    for (;;) {
      const value = this.mark();
      // Once more: everyone who changes something from now on sees the mark.
      const result = this.attempt(attempt, deadline);
      if (isResult(result)) return result;
      const left = leftUntil(deadline);
      if (left === 0) throw this.timedOut(timeout);
      if (waiting.wait(this.words, this.index, value, Math.min(left, LOOK_UP_EVERY)) === 'timed-out') this.structure.lookUp();
    }
  }

  /** What `attempt` gives if the word changes in a moment. See `Spin`. */
  look(attempt, deadline) {
    const { index, spin, words } = this;
    if (!spin.begin(deadline)) return undefined;
    for (;;) {
      const seen = Atomics.load(words, index);
      const result = this.attempt(attempt, deadline);
      const hasFound = isResult(result);
      if (hasFound || !spin.changes(words, index, seen)) {
        spin.end(hasFound);
        return result;
      }
    }
  }

  /** A promise of what `attempt()` gives, which must not block; options are those of `waitOptionsReader`. */
  wait(attempt, options) {
    return this.calls.add(attempt, options).promise;
  }

  timedOut(timeout) {
    const { event, structure } = this;
    return timedOut(timeout, `${event} ${structure.what}`, structure.key);
  }
}

/** When a timeout will be over. A look at the clock would make a message slower that has all the time there is. */
function deadlineAfter(timeout) {
  return timeout === Infinity ? Infinity : clock.now() + timeout;
}

/** How many milliseconds there are left. */
function leftUntil(deadline) {
  return deadline === Infinity ? Infinity : Math.max(0, deadline - clock.now());
}

module.exports = { Condition, deadlineAfter, leftUntil };
