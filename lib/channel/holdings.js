'use strict';
// Which slots this thread has, so that whatever ends a call or an object gives them back: an exception, a stack
// overflow, a script that is terminated (no `finally` runs then), a detach.
//
// A call has at most one slot at a time in its hands, and calls do not nest. So there is one note for the thread of what
// a call is about to make its own. It is written first, and deleted when the slot is queued, freed or lent. The next
// call of any channel that finds a note knows that the call before ended half-way.

const { FREE, OWNER, SLOT, TAKEN, WRITING } = require('./layout');

/** No slot, but perhaps one of the locks. */
const NO_SLOT = -1;

/** What a call has in its hands: one of the locks of a queue, or the word of a slot, or both; no queue if nothing. */
const inHand = { queue: /** @type {any} */ (null), at: NO_SLOT };

/** Gives up what a call that has failed has in its hands, as far as it still is this thread's. */
function dropInHand() {
  const { queue, at } = inHand;
  if (queue === null) return;
  const { consumers, producers, self, words } = queue;
  try {
    if (at !== NO_SLOT && words.length > 0) disown(words, at, self);
    producers.abandon();
    consumers.abandon();
  } catch (error) {
    // The note stays, for the next call.
    if (error.code !== 'ERR_SHM_DETACHED') throw error;
  }
  inHand.queue = null;
}

/**
 * Takes its owner's number off a slot: what has no owner is taken for a dead owner's, and freed or queued again.
 *
 * @param {Int32Array} words
 */
function disown(words, at, self) {
  const word = Atomics.load(words, at);
  const state = word & ~OWNER;
  if (state === FREE || word !== (state | self) || (state !== WRITING && state !== TAKEN)) return;
  Atomics.compareExchange(words, at, word, state);
}

/** The slots that an object has lent to its loans and messages. */
class Lent {
  #words;
  #firstSlot;
  #self;
  #isLent;

  /** @param {Int32Array} words */
  constructor(words, firstSlot, slots, self) {
    this.#words = words;
    this.#firstSlot = firstSlot;
    this.#self = self;
    this.#isLent = new Uint8Array(slots);
  }

  /** Notes that a slot is not in the hands of a call any more, but in those of a loan or message. */
  add(slot) {
    this.#isLent[slot] = 1;
    inHand.queue = null;
  }

  /** Notes that a call of a queue is about to do something with the slot of a loan or message. */
  takeBack(queue, slot) {
    inHand.at = this.#firstSlot + slot * SLOT;
    inHand.queue = queue;
    this.#isLent[slot] = 0;
  }

  /** Disowns all of them. */
  giveUp() {
    for (let slot = this.#isLent.indexOf(1); slot >= 0; slot = this.#isLent.indexOf(1, slot + 1)) {
      this.#isLent[slot] = 0;
      disown(this.#words, this.#firstSlot + slot * SLOT, this.#self);
    }
  }
}

module.exports = { Lent, NO_SLOT, dropInHand, inHand };
