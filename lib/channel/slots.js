'use strict';
// The slots of a channel: which are free, which this thread writes or has taken, and what their words tell.

const { CONSUMERS, FREE, FREED, LENGTH, PRODUCERS, RING, SLOT, TAKEN, WRITING, kind, ringOf } = require('./layout');
const { Lent, NO_SLOT, disown } = require('./holdings');
const { QueueLock } = require('./lock');
const clock = require('../runtime/clock');
const { giveBack, hold, isEmptyHanded, letGo } = require('../structures/in-hand');
const { countIfMarked } = require('../structures/sleepers');
const { Structure } = require('../structures/structure');

/**
 * How often a sender looks at each slot before it takes the channel for full: a slot that it has passed can become free
 * while another sender takes the one that it comes to.
 */
const ROUNDS = 3;

/** How often a busy channel looks for the dead: where no call sleeps, none looks (milliseconds). */
const RECOVER_EVERY = 100;

/** What is returned for no slot. */
const NONE = -1;

class Slots extends Structure {
  constructor(key, options, attempt) {
    super(key, kind, options, attempt);
    const { words } = this;
    this.slots = this.values.slots;
    this.entries = ringOf(this.slots);
    this.firstSlot = RING + this.entries;
    this.producers = new QueueLock(words, PRODUCERS);
    this.consumers = new QueueLock(words, CONSUMERS);
    this.lent = new Lent(words, this.firstSlot, this.slots, this.self);
    /** The word of the slot that a call has in its hands. @type {number} */
    this.slotInHand = NO_SLOT;
    // Where to look for a free slot next.
    this.next = 0;
    /** When this object has looked for the dead last. @type {number} */
    this.recoveredAt = -Infinity;
  }

  /** To be called first by every call: throws after a detach, and repairs what the call before has left half-way. */
  beginCall() {
    this.checkAttached();
    if (!isEmptyHanded()) giveBack();
  }

  /** To be called when a call fails: gives up what it has in its hands, and returns the error. */
  failed(error) {
    giveBack();
    return error;
  }

  /** Gives up what a call has left, to be looked for at the next chance. See in-hand.js. */
  giveBack() {
    const { consumers, producers, self, slotInHand, words } = this;
    this.recoveredAt = -Infinity;
    if (slotInHand !== NO_SLOT && words.length > 0) disown(words, slotInHand, self);
    producers.abandon();
    consumers.abandon();
  }

  /** Whether it is time again to look for the dead; then it is not for a while. */
  isRecoveryDue() {
    const now = clock.now();
    if (now - this.recoveredAt < RECOVER_EVERY) return false;
    this.recoveredAt = now;
    return true;
  }

  /** Makes a free slot this thread's to write. */
  claim() {
    const { words, slots } = this;
    for (let tried = 0; tried < ROUNDS * slots; tried++) {
      const slot = this.next;
      this.next = slot + 1 < slots ? slot + 1 : 0;
      const at = this.firstSlot + slot * SLOT;
      if (Atomics.load(words, at) !== FREE) continue;
      this.slotInHand = at;
      hold(this);
      if (Atomics.compareExchange(words, at, FREE, WRITING | this.self) === FREE) return slot;
      letGo();
    }
    return NONE;
  }

  /** Gives back a slot that this thread writes or has taken. */
  free(slot, state) {
    const at = this.firstSlot + slot * SLOT;
    const word = state | this.self;
    const found = Atomics.compareExchange(this.words, at, word, FREE);
    letGo();
    if (found !== word) throw this.damage(`slot ${slot} was taken away`);
    countIfMarked(this.words, FREED);
  }

  /** Whether a slot is in this state, and this thread's. */
  isMine(slot, state) {
    return Atomics.load(this.words, this.firstSlot + slot * SLOT) === (state | this.self);
  }

  /** The bytes of a message that was taken. If its length cannot be true, its slot is freed. @throws {Error} `ERR_SHM_LAYOUT` */
  lengthOf(slot) {
    const length = this.wordOf(slot, LENGTH);
    if (this.isLength(length)) return length;
    this.free(slot, TAKEN);
    throw this.damage(`slot ${slot} tells of a length of ${length >>> 0} bytes`);
  }

  wordOf(slot, word) {
    return this.words[this.firstSlot + slot * SLOT + word];
  }
}

module.exports = { NONE, Slots };
