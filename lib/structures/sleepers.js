'use strict';
// The other side of a condition: telling those who may sleep that something has changed.

const waiting = require('../wait');

/** The bit of a condition's word that says that somebody may sleep. */
const MAY_SLEEP = 1;

/** Counts a change that has been made, and wakes all, if somebody may sleep for it. @param {Int32Array} words */
function countIfMarked(words, index) {
  const value = Atomics.load(words, index);
  if ((value & MAY_SLEEP) === 0) return;
  // If somebody else has counted meanwhile, that one wakes.
  if (Atomics.compareExchange(words, index, value, (value + MAY_SLEEP) | 0) === value) waiting.notify(words, index);
}

/**
 * Wakes those who sleep for a word that counts messages. A message is for one thread, so it wakes one if many slept the
 * last time: to be woken in vain costs a thread as much as to be woken for something.
 *
 * The mark stays as long as many sleep. It is cleared when one is to be woken and none sleeps; whoever went to sleep in
 * between is woken to mark the word again. A thread that was woken takes a message, or wakes another one. If it dies
 * before that, the others look up. test/model/takers.pml checks it.
 */
class Takers {
  /** @type {Int32Array} */
  #words;
  /** @type {number} */
  #index;
  #areMany = false;

  constructor(words, index) {
    this.#words = words;
    this.#index = index;
  }

  /** Counts on to a number, under a lock; whether somebody may have to be woken for it. */
  count(number) {
    const before = this.#areMany ? Atomics.add(this.#words, this.#index, 2 * MAY_SLEEP) : Atomics.exchange(this.#words, this.#index, number << 1);
    return (before & MAY_SLEEP) !== 0;
  }

  /** To be called if `count` has said so, outside the lock. */
  wake() {
    const words = this.#words;
    const index = this.#index;
    if (!this.#areMany) {
      this.#areMany = waiting.notify(words, index) > 1;
      return;
    }
    if (waiting.notify(words, index, 1) > 0) return;
    this.#areMany = false;
    const value = Atomics.load(words, index);
    if ((value & MAY_SLEEP) === 0) return;
    if (Atomics.compareExchange(words, index, value, value & ~MAY_SLEEP) === value) waiting.notify(words, index);
  }
}

/** Wakes all who sleep, for a change that is not counted. @param {Int32Array} words */
function wakeAll(words, index) {
  Atomics.and(words, index, ~MAY_SLEEP);
  waiting.notify(words, index);
}

module.exports = { MAY_SLEEP, Takers, countIfMarked, wakeAll };
