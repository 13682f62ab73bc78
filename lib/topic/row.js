'use strict';
// A reader's row: it says whose it is, and which frame it pins. A topic's object has one, from its first read on.
//
// word     | who changes it
// OWNER    | 0, or the number of a thread that has died → the reader's thread, by compareExchange;
//          | the reader's thread → 0, when the reader leaves. What is no number of a thread counts as dead
// PIN      | only the row's owner: 0, or the number of a frame + 1. Whoever takes a row clears it after that, not
//          | before: another one may have been faster, and have pinned a frame
// SEEN     | only the row's owner: for those who look at the topic

const owners = require('../runtime/owner');
const { NOBODY } = require('../mutex/word');
const { hold, letGo } = require('../structures/in-hand');
const { OWNER, PIN, ROW, SEEN } = require('./layout');

const NONE = -1;

class Row {
  /** @param {Int32Array} words */
  constructor(words, first, places, self) {
    this.words = words;
    this.first = first;
    this.places = places;
    this.self = self;
    /** The first word of the row; NONE if this reader has none. */
    this.at = NONE;
    /** That of the row which a call is about to take or to give back. */
    this.wanted = NONE;
    /** The number of the frame that this reader has seen last. */
    this.seen = 0;
  }

  /** Takes a row that no living thread has; whether there was one. */
  take() {
    const { words, first, places, self } = this;
    const living = new Set();
    for (let at = first; at < first + ROW * places; at += ROW) {
      const owner = Atomics.load(words, at + OWNER);
      if (isAlive(owner, living)) continue;
      this.wanted = at;
      hold(this);
      if (Atomics.compareExchange(words, at + OWNER, owner, self) === owner) {
        Atomics.store(words, at + PIN, 0);
        this.at = at;
        letGo();
        return true;
      }
      letGo();
    }
    return false;
  }

  /** Whether this reader has a row, and nobody has taken it away. */
  isOwn() {
    return this.at !== NONE && Atomics.load(this.words, this.at + OWNER) === this.self;
  }

  pin(frame) {
    Atomics.store(this.words, this.at + PIN, frame + 1);
  }

  unpin() {
    if (this.at !== NONE) Atomics.store(this.words, this.at + PIN, 0);
  }

  see(number) {
    Atomics.store(this.words, this.at + SEEN, number);
    this.seen = number; // last: whoever fails before has not seen it
  }

  leave() {
    if (this.at === NONE) return;
    this.wanted = this.at;
    hold(this);
    this.at = NONE;
    free(this, this.wanted);
    letGo();
  }

  /** See in-hand.js. */
  giveBack() {
    this.at = NONE;
    if (this.words.length > 0) free(this, this.wanted);
  }
}

function free({ words, self }, at) {
  if (Atomics.load(words, at + OWNER) !== self) return;
  Atomics.store(words, at + PIN, 0);
  Atomics.compareExchange(words, at + OWNER, self, 0);
}

function isAlive(owner, living) {
  if (living.has(owner)) return true;
  const isLiving = owner > 0 && owner < NOBODY && owners.isAlive(owner);
  if (isLiving) living.add(owner);
  return isLiving;
}

module.exports = { Row };
