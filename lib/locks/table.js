'use strict';
// The requests of a lock manager, for who holds its mutex. A process can be killed before any step: the states are what
// counts, and lists, which only save looking, are made anew by `repair`. test/model/locks.pml checks the protocol.

const { damaged } = require('../errors');
const owners = require('../runtime/owner');
const {
  BROKEN, BUCKET, BUCKETS, CHANGES, EXCLUSIVE, FIRST_FREE, FIRST_NEWS, FREE, HASH, HELD, HELD_FIRST, IS_NEWS, LAST_ORDER, MAILBOX, MODE,
  NEXT, NEXT_NEWS, OF_MAILBOX, ORDER, OWNER, OWNER_DIED, PENDING, PENDING_FIRST, PENDING_LAST, PERMITS, PID, PREVIOUS, REQUEST, SHARED,
  SINCE, STATE, USED, bucketsOf, firstRequestOf,
} = require('./layout');
const { encode, hasName, nameOf, writeName } = require('./name');

/** The time of day, which only people look at. */
const timeOfDay = Date.now;

/** What is returned for no request. */
const NONE = -1;

class Table {
  /** @param {Int32Array} words */
  constructor(words, requests, key) {
    this.words = words;
    this.floats = new Float64Array(words.buffer, words.byteOffset, Math.floor(words.length / 2));
    this.key = key;
    this.requests = requests;
    this.first = firstRequestOf(requests);
    this.bucketMask = bucketsOf(requests) - 1;
    this.self = owners.ownNumber();
    /** Mailboxes whose threads have to be told of something when the mutex has been given back. @type {Set<number>} */
    this.told = new Set();
  }

  /** The first word of a request. */
  at(request) {
    return this.first + request * REQUEST;
  }

  stateOf(request) {
    return Atomics.load(this.words, this.at(request) + STATE);
  }

  /** How many requests there can be anything about. */
  used() {
    return Math.min(this.words[USED] >>> 0, this.requests);
  }

  /** A request that nobody has, or NONE. Nothing is in it until a state is stored. */
  allocate() {
    const { words } = this;
    const free = words[FIRST_FREE] - 1;
    if (free >= 0 && free < this.requests && words[this.at(free) + STATE] === FREE) {
      words[FIRST_FREE] = words[this.at(free) + NEXT];
      return free;
    }
    const used = this.used();
    if (used === this.requests) return NONE;
    words[USED] = used + 1;
    return used;
  }

  free(request) {
    const { words } = this;
    const at = this.at(request);
    Atomics.store(words, at + STATE, FREE);
    words[at + NEXT] = words[FIRST_FREE];
    words[FIRST_FREE] = request + 1;
  }

  /** A mailbox for this thread; NONE if the table is full. */
  addMailbox() {
    const request = this.allocate();
    if (request === NONE) return NONE;
    const at = this.at(request);
    this.words.fill(0, at + 1, at + REQUEST);
    this.words[at + MODE] = OF_MAILBOX;
    Atomics.store(this.words, at + STATE, HELD | this.self);
    return request;
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
    this.floats[(at + SINCE) / 2] = timeOfDay();
    entered(request);
    Atomics.store(words, at + STATE, state | this.self);
    this.link(request, state);
  }

  /** The bucket of the name that was encoded last. */
  bucketOf(hash) {
    return BUCKETS + BUCKET * (hash & this.bucketMask);
  }

  link(request, state) {
    const { words } = this;
    const at = this.at(request);
    const bucket = this.bucketOf(words[at + HASH]);
    if (state === PENDING) {
      const last = words[bucket + PENDING_LAST];
      words[at + PREVIOUS] = last;
      words[at + NEXT] = 0;
      if (last === 0) words[bucket + PENDING_FIRST] = request + 1;
      else words[this.at(last - 1) + NEXT] = request + 1;
      words[bucket + PENDING_LAST] = request + 1;
      return;
    }
    const first = words[bucket + HELD_FIRST];
    words[at + PREVIOUS] = 0;
    words[at + NEXT] = first;
    if (first !== 0) words[this.at(first - 1) + PREVIOUS] = request + 1;
    words[bucket + HELD_FIRST] = request + 1;
  }

  unlink(request, state) {
    const { words } = this;
    const at = this.at(request);
    const bucket = this.bucketOf(words[at + HASH]);
    const [next, previous] = [words[at + NEXT], words[at + PREVIOUS]];
    if (previous !== 0) words[this.at(previous - 1) + NEXT] = next;
    else words[bucket + (state === PENDING ? PENDING_FIRST : HELD_FIRST)] = next;
    if (next !== 0) words[this.at(next - 1) + PREVIOUS] = previous;
    else if (state === PENDING) words[bucket + PENDING_LAST] = previous;
  }

  /** The requests of a list that have the name that was encoded last. It ends, whatever is written there. */
  named(hash, list) {
    const { words } = this;
    const found = [];
    let steps = 0;
    for (let next = words[this.bucketOf(hash) + list]; next !== 0; next = words[this.at(next - 1) + NEXT]) {
      if (next < 0 || next > this.requests || steps++ > this.requests) throw this.damage();
      if (hasName(words, this.at(next - 1))) found.push(next - 1);
    }
    return found;
  }

  /** The first pending request with the name that was encoded last, and NONE if there is none. */
  firstPending(hash) {
    const { words } = this;
    let steps = 0;
    for (let next = words[this.bucketOf(hash) + PENDING_FIRST]; next !== 0; next = words[this.at(next - 1) + NEXT]) {
      if (next < 0 || next > this.requests || steps++ > this.requests) throw this.damage();
      if (hasName(words, this.at(next - 1))) return next - 1;
    }
    return NONE;
  }

  isDead(request, living = new Map()) {
    const owner = this.stateOf(request) & OWNER;
    if (owner === this.self) return false;
    if (!living.has(owner)) living.set(owner, owner !== 0 && owners.isAlive(owner));
    return !living.get(owner);
  }

  /** Whether a request can be held beside those that are. @param {number[]} held */
  fits(mode, permits, held) {
    if (held.length === 0) return true;
    if (mode === SHARED) return held.every((other) => this.words[this.at(other) + MODE] === SHARED);
    return permits > held.length && this.words[this.at(held[0]) + MODE] === EXCLUSIVE;
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
    for (let next = this.firstPending(hash); next !== NONE; next = this.firstPending(hash)) {
      const at = this.at(next);
      if (this.isDead(next, living)) {
        this.unlink(next, PENDING);
        this.free(next);
        continue;
      }
      if (!this.fits(words[at + MODE], words[at + PERMITS], holding)) break;
      if (dead.length > 0) words[at + OWNER_DIED] = 1;
      this.unlink(next, PENDING);
      Atomics.store(words, at + STATE, HELD | (words[at + STATE] & OWNER)); // from here on it is granted
      this.link(next, HELD);
      for (const holder of dead.splice(0)) this.remove(holder, HELD);
      holding.push(next);
      this.tell(next);
    }
    // With one holder only, that one came after the dead, and was told.
    if (holding.some((holder) => words[this.at(holder) + MODE] === EXCLUSIVE && words[this.at(holder) + PERMITS] <= 1)) {
      for (const holder of dead) this.remove(holder, HELD);
    }
  }

  remove(request, state) {
    this.unlink(request, state);
    this.free(request);
  }

  /** Releases what this thread holds, or gives up what it waits for. */
  end(request, name) {
    const state = this.stateOf(request) & ~OWNER;
    if (state === FREE) return;
    if (state === BROKEN) {
      this.free(request);
      return;
    }
    this.remove(request, state);
    if (state === HELD) this.grantNext(name, false);
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

  /** Breaks the locks on the name that was encoded last; whether a thief has to be told of a death. */
  breakAll(hash) {
    const { words } = this;
    const held = this.named(hash, HELD_FIRST);
    let isTold = false;
    for (const holder of held) {
      const at = this.at(holder);
      // Who is broken may not have run yet, or not to its end.
      if (words[at + OWNER_DIED] !== 0) isTold = true;
      if (this.isDead(holder)) {
        isTold = true;
        continue;
      }
      this.unlink(holder, HELD);
      Atomics.store(words, at + STATE, BROKEN | (words[at + STATE] & OWNER));
      this.tell(holder);
    }
    return isTold;
  }

  /** Puts a request on the list of its mailbox, whose thread is woken after the mutex has been given back. */
  tell(request) {
    const { words } = this;
    const at = this.at(request);
    const mailbox = words[at + MAILBOX] - 1;
    if (mailbox < 0 || mailbox >= this.requests) return;
    if (Atomics.exchange(words, at + IS_NEWS, 1) === 0) {
      const list = this.at(mailbox) + FIRST_NEWS;
      for (let first = Atomics.load(words, list); ; ) {
        words[at + NEXT_NEWS] = first;
        const found = Atomics.compareExchange(words, list, first, request + 1);
        if (found === first) break;
        first = found;
      }
    }
    this.told.add(this.at(mailbox) + CHANGES);
  }

  /** Calls `take(request)` for each request that a mailbox has news of, the oldest first. It needs no mutex. */
  takeNews(mailbox, take) {
    const { words } = this;
    const found = [];
    let next = Atomics.exchange(words, this.at(mailbox) + FIRST_NEWS, 0);
    while (next > 0 && next <= this.requests && found.length < this.requests) {
      found.push(next - 1);
      next = words[this.at(next - 1) + NEXT_NEWS];
    }
    for (const request of found.reverse()) {
      Atomics.store(words, this.at(request) + IS_NEWS, 0); // before the state is looked at
      take(request);
    }
  }

  /** After the death of a mutex's owner: makes the lists anew, from the states. */
  repair() {
    const { words } = this;
    words.fill(0, BUCKETS, BUCKETS + BUCKET * (this.bucketMask + 1));
    words[FIRST_FREE] = 0;
    const pending = [];
    const names = new Set();
    for (let request = this.used() - 1; request >= 0; request--) {
      const at = this.at(request);
      const state = words[at + STATE] & ~OWNER;
      if (words[at + STATE] === FREE) this.free(request);
      else if (words[at + MODE] !== OF_MAILBOX && state === HELD) this.link(request, HELD);
      else if (state === PENDING) pending.push(request);
    }
    pending.sort((a, b) => (words[this.at(a) + ORDER] - words[this.at(b) + ORDER]) | 0);
    for (const request of pending) {
      this.link(request, PENDING);
      names.add(nameOf(words, this.at(request)));
    }
    for (const name of names) this.grantNext(name, true);
  }

  /** Owners of requests, of whom some may be dead: a look without the mutex. */
  ownersSeen() {
    const seen = new Set();
    for (let request = 0, used = this.used(); request < used; request++) {
      const word = this.words[this.at(request) + STATE];
      if (word !== FREE) seen.add(word & OWNER);
    }
    return seen;
  }

  /** Ends the requests of the dead, and grants what they held. */
  sweep(dead) {
    const { words } = this;
    const names = new Set();
    for (let request = 0, used = this.used(); request < used; request++) {
      const word = words[this.at(request) + STATE];
      if (word === FREE || !dead.has(word & OWNER)) continue;
      const state = word & ~OWNER;
      if (words[this.at(request) + MODE] === OF_MAILBOX || state === BROKEN) this.free(request);
      else if (state === PENDING) this.remove(request, PENDING);
      else names.add(nameOf(words, this.at(request)));
    }
    for (const name of names) this.grantNext(name, true);
  }

  /** Frees what the dead have held that nobody has asked for since: nobody will be told. */
  forgetDead() {
    const living = new Map();
    for (let request = 0, used = this.used(); request < used; request++) {
      const at = this.at(request);
      const isHeld = (this.words[at + STATE] & ~OWNER) === HELD && this.words[at + MODE] !== OF_MAILBOX;
      if (isHeld && this.isDead(request, living)) this.remove(request, HELD);
    }
  }

  damage() {
    return damaged(this.key, 'lock manager', 'its lists lead outside');
  }
}

module.exports = { NONE, Table };
