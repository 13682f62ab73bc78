'use strict';
// Which slots this thread has. One at a time is in the hands of the call under way (`queue.slotInHand`, see
// structures/in-hand.js); all others are lent to loans and messages.

const { OWNER, SLOT, TAKEN, WRITING } = require('./layout');
const { hold, letGo } = require('../structures/in-hand');

/** The word of no slot. */
const NO_SLOT = -1;

/**
 * Takes its owner's number off a slot that is still this thread's: what has no owner is taken for a dead owner's, and
 * freed or queued again.
 *
 * @param {Int32Array} words
 */
function disown(words, at, self) {
  const word = Atomics.load(words, at);
  const state = word & ~OWNER;
  if (word !== (state | self) || (state !== WRITING && state !== TAKEN)) return;
  Atomics.compareExchange(words, at, word, state);
}

/** The slots that an object has lent to its loans and messages. */
class Lent {
  #words;
  #firstSlot;
  #self;
  #isLent;
  #slotInHand = 0;

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
    letGo();
  }

  /** Notes that a call of a queue is about to do something with the slot of a loan or message. */
  takeBack(queue, slot) {
    queue.slotInHand = this.#firstSlot + slot * SLOT;
    hold(queue);
    this.#isLent[slot] = 0;
  }

  /** Disowns all of them. */
  giveUp() {
    for (let slot = this.#isLent.indexOf(1); slot >= 0; slot = this.#isLent.indexOf(1, slot + 1)) {
      this.#slotInHand = slot;
      hold(this);
      this.giveBack();
      letGo();
    }
  }

  /** See in-hand.js. */
  giveBack() {
    this.#isLent[this.#slotInHand] = 0;
    if (this.#words.length > 0) disown(this.#words, this.#firstSlot + this.#slotInHand * SLOT, this.#self);
  }
}

module.exports = { Lent, NO_SLOT, disown };
