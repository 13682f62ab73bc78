'use strict';
// The requests of a lock manager, for who holds its mutex: how they are entered, granted, ended and stolen. A process can
// be killed before any step: the states are what counts. test/model/locks.pml checks the protocol.

const clock = require('../runtime/clock');
const owners = require('../runtime/owner');
const { BROKEN, EXCLUSIVE, FREE, HELD, HELD_FIRST, IS_NEWS, LAST_ORDER, MAILBOX, MODE, OF_MAILBOX, ORDER, OWNER, OWNER_DIED, PENDING, PERMITS, PID, RELEASED, REQUEST, SHARED, SINCE, STATE } = require('./layout');
const { Lists, NONE } = require('./lists');
const { encode, writeName } = require('./name');
const { tell } = require('./news');

class Table extends Lists {
  /** @param {Int32Array} words */
  constructor(words, requests, key) {
    super(words, requests, key);
    this.floats = new Float64Array(words.buffer, words.byteOffset, Math.floor(words.length / 2));
    this.self = owners.ownNumber();
    /** Mailboxes whose threads have to be told of something when the mutex has been given back. @type {Set<number>} */
    this.told = new Set();
  }

  /** Makes a request that nobody has a mailbox of this thread. Its number has to be known: as for `add`. */
  addMailbox(request) {
    const at = this.at(request);
    this.words.fill(0, at + 1, at + REQUEST);
    this.words[at + MODE] = OF_MAILBOX;
    Atomics.store(this.words, at + STATE, HELD | this.self);
  }

  isMailbox(request) {
    return this.stateOf(request) === (HELD | this.self) && this.words[this.at(request) + MODE] === OF_MAILBOX;
  }

  /** Whether a request is one of this thread's that has that mailbox. */
  isOwn(request, mailbox) {
    return (this.stateOf(request) & OWNER) === this.self && this.words[this.at(request) + MAILBOX] === mailbox + 1;
  }

  /**
   * Enters a request for the name that was encoded last: PENDING, or HELD. The number is told before the state is
   * stored, so that whatever happens then its owner finds it.
   */
  add(request, { mode, permits, mailbox, ownerDied, state, entered }) {
    const { words } = this;
    const at = this.at(request);
    writeName(words, at);
    words[at + ORDER] = words[LAST_ORDER] = (words[LAST_ORDER] + 1) | 0;
    words[at + MODE] = mode;
    words[at + PERMITS] = permits;
    words[at + MAILBOX] = mailbox + 1;
    words[at + OWNER_DIED] = ownerDied ? 1 : 0;
    words[at + PID] = process.pid;
    words[at + IS_NEWS] = 0;
    this.floats[(at + SINCE) / 2] = clock.time();
    entered(request);
    Atomics.store(words, at + STATE, state | this.self);
    this.link(request, state);
  }

  isDead(request, living = new Map()) {
    return !this.isLiving(this.stateOf(request) & OWNER, living);
  }

  /** Whether an owner lives; `living` remembers the answers, for each of which the kernel is asked once. */
  isLiving(owner, living) {
    if (owner === this.self) return true;
    if (!living.has(owner)) living.set(owner, owner !== 0 && owners.isAlive(owner));
    return living.get(owner);
  }

  /** Whether a request can be held beside those that are. @param {number[]} held */
  fits(mode, permits, held) {
    if (held.length === 0) return true;
    if (mode === SHARED) return held.every((other) => this.words[this.at(other) + MODE] === SHARED);
    return permits > held.length && this.words[this.at(held[0]) + MODE] === EXCLUSIVE;
  }

  /** Whether any of these holders, none of which lives, has died before it could release. @param {number[]} dead */
  hasDied(dead) {
    return dead.some((holder) => (this.stateOf(holder) & OWNER) !== RELEASED);
  }

  /** Whether any of these holders was told of a death. @param {number[]} held */
  wereTold(held) {
    return held.some((holder) => this.words[this.at(holder) + OWNER_DIED] !== 0);
  }

  /**
   * Grants a name to as many as can have it, in their order. With `looks`, holders that are dead hold nothing any more,
   * and the next one is told of it.
   */
  grantNext(name, looks) {
    const { words } = this;
    const { hash } = encode(name);
    const living = new Map();
    const held = this.named(hash, HELD_FIRST);
    const dead = looks ? held.filter((holder) => this.isDead(holder, living)) : [];
    const holding = held.filter((holder) => !dead.includes(holder));
    // All who share the lock are told: any of them may be the first to look at what the dead one has left.
    const isTold = this.hasDied(dead) || this.wereTold(holding);
    let steps = 0;
    for (let next = this.firstPending(hash); next !== NONE; next = this.firstPending(hash)) {
      if (steps++ > this.requests) throw this.damage();
      const at = this.at(next);
      if (this.isDead(next, living)) {
        this.unlink(next, PENDING);
        this.free(next);
        continue;
      }
      if (!this.fits(words[at + MODE], words[at + PERMITS], holding)) break;
      if (isTold) words[at + OWNER_DIED] = 1;
      this.unlink(next, PENDING);
      Atomics.xor(words, at + STATE, PENDING ^ HELD); // from here on it is granted; its owner may give it up meanwhile
      this.link(next, HELD);
      for (const holder of dead.splice(0)) this.remove(holder, HELD);
      holding.push(next);
      tell(this, next);
    }
    // With one holder only, that one came after the dead, and was told.
    if (holding.some((holder) => words[this.at(holder) + MODE] === EXCLUSIVE && words[this.at(holder) + PERMITS] <= 1)) {
      for (const holder of dead) this.remove(holder, HELD);
    }
  }

  /** Releases what this thread holds, or gives up what it waits for: whoever is behind it may fit beside those that hold it. */
  end(request, name) {
    const state = this.stateOf(request) & ~OWNER;
    if (state === FREE) return;
    if (state === BROKEN) this.free(request);
    else this.remove(request, state);
    this.grantNext(name, false);
  }

  /** Gives back what this thread was granted and does not want any more; what it was told, the next one is told. */
  decline(request, name) {
    const { words } = this;
    const at = this.at(request);
    const isTold = words[at + OWNER_DIED] !== 0 && (this.stateOf(request) & ~OWNER) === HELD;
    if (!isTold) {
      this.end(request, name);
      return;
    }
    Atomics.store(words, at + STATE, HELD); // of no owner: as a dead one's
    this.grantNext(name, true);
  }

  /** Breaks the locks of these holders. @param {number[]} holders */
  breakAll(holders) {
    for (const holder of holders) {
      this.unlink(holder, HELD);
      Atomics.or(this.words, this.at(holder) + STATE, BROKEN);
      tell(this, holder);
    }
  }
}

module.exports = { Table };
