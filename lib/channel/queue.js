'use strict';
// The protocol of a channel: slots, and a ring of the numbers of those that are queued. A process can be killed
// before any of its steps: every slot that is neither free nor queued names its owner, of whose death the kernel
// tells, and each of the two locks hides at most one half step, which the next owner finishes or leaves out.
// docs/channels.md specifies it, test/model/channel.pml checks it.

const {
  CONSUMERS, DELIVERIES, FREE, FREED, HEAD, LENGTH, OWNER, POSITION, PRODUCERS, QUEUED,
  RING, SLOT, TAG, TAIL, TAKEN, TICKET, WORD, WRITING, kind, ringOf,
} = require('./layout');
const { Mutex } = require('../mutex');
const owners = require('../runtime/owner');
const { nap } = require('../structures/nap');
const { MAY_SLEEP, countIfMarked, leftUntil, wakeAll } = require('../structures/sleeping');
const { CLOSED, Structure } = require('../structures/structure');
const waiting = require('../wait');

/** How long who may block waits at least for a lock of a few words (milliseconds). */
const BRIEFLY = 20;

/** What is returned for no slot, and where a lock was not to be had to look for one. */
const NONE = -1;
const LOCKED = -2;

/** How many positions one is before another. */
const distance = (before, after) => (after - before) & POSITION;

class Queue extends Structure {
  constructor(key, options) {
    super(key, kind, options);
    const { words } = this;
    this.slots = this.values.slots;
    this.entries = ringOf(this.slots);
    this.firstSlot = RING + this.entries;
    this.producers = new Mutex(words, PRODUCERS);
    this.consumers = new Mutex(words, CONSUMERS);
    // Where to look for a free slot next.
    this.next = 0;
    // The positions that others count on, as they were seen last: to look again means to get the line of memory from
    // another processor, which every message would have to wait for.
    this.headSeen = 0;
    this.tailSeen = 0;
    this.lookUp = () => this.recoverAndWake();
    // Nobody notifies the word that says whether it is closed.
    this.nap = (attempt, deadline) => nap(words, CLOSED, attempt, leftUntil(deadline));
  }

  isEmpty() {
    return Atomics.load(this.words, HEAD) >>> 1 === Atomics.load(this.words, TAIL);
  }

  /** Makes a free slot this thread's to write. */
  claim() {
    const { words, slots } = this;
    for (let tried = 0; tried < slots; tried++) {
      const slot = this.next;
      this.next = slot + 1 < slots ? slot + 1 : 0;
      const at = this.firstSlot + slot * SLOT;
      if (words[at] === FREE && Atomics.compareExchange(words, at, FREE, WRITING | this.self) === FREE) return slot;
    }
    return NONE;
  }

  /** Makes the oldest message's slot this thread's to write. */
  claimOldest() {
    const slot = this.take(0);
    if (slot === LOCKED) return NONE;
    if (slot !== NONE) Atomics.store(this.words, this.firstSlot + slot * SLOT, WRITING | this.self);
    return slot;
  }

  /** Queues a slot that this thread has written; false if others had the lock for too long; see `enter`. */
  send(slot, length, tag, deadline) {
    const { words } = this;
    const at = this.firstSlot + slot * SLOT;
    words[at + LENGTH] = length;
    words[at + TAG] = tag;
    words[at + DELIVERIES] = 0;
    const lock = this.enter(this.producers, deadline);
    if (lock === null) return false;
    let mark;
    try {
      if (lock === 'owner-died') this.finishSend();
      if (words[at + WORD] !== (WRITING | this.self)) throw this.damage(`slot ${slot} was taken away`);
      mark = this.append(slot);
    } finally {
      this.producers.unlock();
    }
    if (mark !== 0) waiting.notify(words, HEAD);
    return true;
  }

  /** With the producers' lock: puts a slot at the end; whether there is somebody to wake. */
  append(slot) {
    const { words } = this;
    const head = Atomics.load(words, HEAD) >>> 1;
    if (distance(this.tailSeen, head) >= this.entries) this.tailSeen = Atomics.load(words, TAIL);
    if (distance(this.tailSeen, head) >= this.entries) throw this.damage('its positions are impossible');
    const at = this.firstSlot + slot * SLOT;
    words[RING + (head & (this.entries - 1))] = slot;
    words[at + TICKET] = head;
    Atomics.store(words, at + WORD, QUEUED); // from here on it is sent, and what is written above is seen
    return this.advance(head);
  }

  advance(head) {
    return Atomics.exchange(this.words, HEAD, (head + 1) << 1) & MAY_SLEEP;
  }

  /** With the lock of a producer that died: it had sent, if the slot says so. */
  finishSend() {
    const head = Atomics.load(this.words, HEAD) >>> 1;
    if (this.queuedAt(head) !== NONE && this.advance(head) !== 0) waiting.notify(this.words, HEAD);
  }

  /** The slot that is queued at a position. */
  queuedAt(position) {
    const { words } = this;
    const slot = Atomics.load(words, RING + (position & (this.entries - 1)));
    if (!(slot >= 0 && slot < this.slots)) return NONE;
    const at = this.firstSlot + slot * SLOT;
    return Atomics.load(words, at + WORD) === QUEUED && words[at + TICKET] === position ? slot : NONE;
  }

  /** Takes the first slot out of the queue; see `enter` for the deadline. */
  take(deadline) {
    const { words } = this;
    if (Atomics.load(words, TAIL) === this.headSeen && this.isEmpty()) return NONE;
    const lock = this.enter(this.consumers, deadline);
    if (lock === null) return LOCKED;
    try {
      if (lock === 'owner-died') this.finishTake();
      const tail = Atomics.load(words, TAIL);
      const seen = distance(tail, this.headSeen);
      let slot = seen > 0 && seen <= this.entries ? this.queuedAt(tail & POSITION) : NONE;
      if (slot === NONE) {
        this.headSeen = Atomics.load(words, HEAD) >>> 1;
        const waiting = distance(tail, this.headSeen);
        if (waiting === 0) return NONE;
        if (waiting > this.entries) throw this.damage('its positions are impossible');
        slot = this.queuedAt(tail & POSITION);
      }
      if (slot !== NONE) Atomics.store(words, this.firstSlot + slot * SLOT, TAKEN | this.self); // from here on it is taken
      Atomics.store(words, TAIL, (tail + 1) & POSITION);
      if (slot === NONE) throw this.damage(`its entry ${tail} is none`);
      return slot;
    } finally {
      this.consumers.unlock();
    }
  }

  /**
   * Takes a lock; null if somebody else had it until a deadline, which may be over; undefined: for more than a nap.
   * It is a matter of a few words, so a nap is all it takes, as a rule; to be queued for it would hand it from one
   * process to the next, at a switch for each message.
   */
  enter(mutex, deadline) {
    const lock = mutex.tryLock();
    if (lock !== null) return lock;
    try {
      const napped = this.nap(() => mutex.tryLock() || undefined, Infinity);
      if (napped !== undefined) return napped;
      return deadline === undefined ? null : mutex.lock(Math.max(leftUntil(deadline), BRIEFLY));
    } catch (error) {
      if (error.code !== 'ERR_SHM_TIMED_OUT') throw error;
      return null;
    }
  }

  /** With the lock of a consumer that died: it had taken, if the slot says so. */
  finishTake() {
    const tail = Atomics.load(this.words, TAIL) & POSITION;
    const isEmpty = Atomics.load(this.words, HEAD) >>> 1 === tail;
    if (!isEmpty && this.queuedAt(tail) === NONE) Atomics.store(this.words, TAIL, (tail + 1) & POSITION);
  }

  /** Gives back a slot that this thread writes or has taken. */
  free(slot, state) {
    const at = this.firstSlot + slot * SLOT;
    const word = state | this.self;
    if (Atomics.compareExchange(this.words, at, word, FREE) !== word) throw this.damage(`slot ${slot} was taken away`);
    countIfMarked(this.words, FREED);
  }

  /** Frees what the dead were writing, and queues again what they had taken. */
  recover() {
    const { words } = this;
    const lock = this.producers.tryLock();
    if (lock === null) return;
    const living = new Set([this.self]);
    let mark = 0;
    try {
      if (lock === 'owner-died') this.finishSend();
      for (let at = this.firstSlot; at < this.firstSlot + this.slots * SLOT; at += SLOT) {
        const word = Atomics.load(words, at);
        const state = word & ~OWNER;
        if ((state !== WRITING && state !== TAKEN) || this.lives(word & OWNER, living)) continue;
        if (state === WRITING) {
          if (Atomics.compareExchange(words, at, word, FREE) === word) countIfMarked(words, FREED);
        } else if (Atomics.compareExchange(words, at, word, TAKEN | this.self) === word) {
          words[at + DELIVERIES]++;
          mark |= this.append((at - this.firstSlot) / SLOT);
        }
      }
    } finally {
      this.producers.unlock();
    }
    if (mark !== 0) waiting.notify(words, HEAD);
  }

  lives(owner, living) {
    if (living.has(owner)) return true;
    const isAlive = owner !== 0 && owners.isAlive(owner);
    if (isAlive) living.add(owner);
    return isAlive;
  }

  /** The same, and wakes those whom somebody should have woken who died just before. */
  recoverAndWake() {
    if (!this.isAttached()) return;
    try {
      this.recover();
    } catch (_) {
      // Whoever is woken finds it out.
    }
    const isClosed = this.isClosed();
    if (isClosed || !this.isEmpty()) wakeAll(this.words, HEAD);
    if (isClosed || this.hasFree()) wakeAll(this.words, FREED);
  }

  hasFree() {
    for (let slot = 0; slot < this.slots; slot++) if (this.words[this.firstSlot + slot * SLOT] === FREE) return true;
    return false;
  }

  close() {
    this.closeFor(HEAD, FREED);
  }

  /** What there is about a message that was taken, as its length is checked. */
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

module.exports = { LOCKED, NONE, Queue };
