'use strict';
// The protocol of a channel: its slots, and a ring of the numbers of those that are queued. A process can be killed, and a
// call can fail, before any of its steps: every slot that is neither free nor queued names its owner, of whose death
// the kernel tells, and each of the two locks hides at most one half step, which the next owner finishes or leaves out.
// docs/channels.md specifies it, test/model/channel.pml checks it.

const { DELIVERIES, FREED, HEAD, LENGTH, POSITION, QUEUED, RING, SLOT, TAG, TAIL, TAKEN, TICKET, WORD, WRITING } = require('./layout');
const { NO_SLOT } = require('./holdings');
const { finishSend, finishTake, hasFree, recover } = require('./recovery');
const { NONE, Slots } = require('./slots');
const { hold, letGo } = require('../structures/in-hand');
const { Takers, wakeAll } = require('../structures/sleepers');

/** What is returned where a lock was not to be had to look for a slot. */
const LOCKED = -2;

/** How many positions one is before another. */
const distance = (before, after) => (after - before) & POSITION;

class Queue extends Slots {
  constructor(key, options, attempt) {
    super(key, options, attempt);
    // The positions that others count on, as they were seen last: to look again means to get the line of memory from
    // another processor, which every message would have to wait for.
    this.headSeen = 0;
    this.tailSeen = 0;
    this.takers = new Takers(this.words, HEAD);
    this.messages = this.condition(HEAD, 'a message on');
    this.freeSlots = this.condition(FREED, 'a free slot of');
    this.otherSenders = this.condition(FREED, 'another sender of');
    const { lent } = this;
    this.begin(() => lent.giveUp());
  }

  /** Whether there was a moment without a message: HEAD is looked at again, or one could be sent and one taken in between. */
  isEmpty() {
    const { words } = this;
    const head = Atomics.load(words, HEAD) >>> 1;
    return head === Atomics.load(words, TAIL) && head === Atomics.load(words, HEAD) >>> 1;
  }

  /**
   * Makes the oldest message's slot this thread's to write. A call that may block tries soon again, so it waits for the
   * lock no longer than one that may not wait for a slot.
   */
  claimOldest(deadline) {
    const slot = this.take(deadline === undefined ? undefined : 0);
    if (slot >= 0) Atomics.store(this.words, this.firstSlot + slot * SLOT, WRITING | this.self);
    return slot;
  }

  /** Queues a slot that this thread has written; false if others had the lock until the deadline, see `QueueLock.enter`. */
  send(slot, length, tag, deadline) {
    const { words } = this;
    const at = this.firstSlot + slot * SLOT;
    words[at + LENGTH] = length;
    words[at + TAG] = tag;
    words[at + DELIVERIES] = 0;
    const entered = this.producers.enter(deadline);
    if (entered === null) return false;
    this.enqueue(entered, slot, WRITING);
    return true;
  }

  /** Queues a message again that this thread has taken. If the lock is not free, the next recovery does it. */
  putBack(slot) {
    const entered = this.producers.enter(undefined);
    if (entered === null) {
      this.failed(null);
      return;
    }
    this.enqueue(entered, slot, TAKEN);
  }

  /** Takes off a message that this thread has taken the delivery that counts when it is queued again, by whomever. */
  discount(slot) {
    this.words[this.firstSlot + slot * SLOT + DELIVERIES]--;
  }

  /** With the producers' lock, which it gives back: queues a slot that this thread has in this state. */
  enqueue(entered, slot, state) {
    const { words } = this;
    if (entered === 'owner-died') finishSend(this);
    if (!this.isMine(slot, state)) throw this.damage(`slot ${slot} was taken away`);
    if (state === TAKEN) words[this.firstSlot + slot * SLOT + DELIVERIES]++;
    const maySleep = this.append(slot);
    this.producers.leave();
    letGo();
    if (maySleep) this.takers.wake();
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
    return this.takers.count(head + 1);
  }

  /** The slot that is queued at a position. */
  queuedAt(position) {
    const { words } = this;
    const slot = Atomics.load(words, RING + (position & (this.entries - 1)));
    if (!(slot >= 0 && slot < this.slots)) return NONE;
    const at = this.firstSlot + slot * SLOT;
    return Atomics.load(words, at + WORD) === QUEUED && words[at + TICKET] === position ? slot : NONE;
  }

  /** Takes the first slot out of the queue; LOCKED if others had the lock until the deadline, see `QueueLock.enter`. */
  take(deadline) {
    if (Atomics.load(this.words, TAIL) === this.headSeen && this.isEmpty()) return NONE;
    this.slotInHand = NO_SLOT;
    hold(this);
    const entered = this.consumers.enter(deadline);
    let slot = LOCKED;
    if (entered !== null) {
      if (entered === 'owner-died') finishTake(this);
      slot = this.takeFirst();
      this.consumers.leave();
    }
    if (slot < 0) letGo();
    return slot;
  }

  /** With the consumers' lock. */
  takeFirst() {
    const { words } = this;
    const tail = Atomics.load(words, TAIL);
    const seen = distance(tail, this.headSeen);
    let slot = seen > 0 && seen <= this.entries ? this.queuedAt(tail & POSITION) : NONE;
    if (slot === NONE) {
      this.headSeen = Atomics.load(words, HEAD) >>> 1;
      const queued = distance(tail, this.headSeen);
      if (queued === 0) return NONE;
      if (queued > this.entries) throw this.damage('its positions are impossible');
      slot = this.queuedAt(tail & POSITION);
    }
    if (slot !== NONE) {
      this.slotInHand = this.firstSlot + slot * SLOT;
      Atomics.store(words, this.slotInHand, TAKEN | this.self); // from here on it is taken
    }
    Atomics.store(words, TAIL, (tail + 1) & POSITION);
    if (slot === NONE) throw this.damage(`its entry ${tail} is none`);
    return slot;
  }

  /** Looks for the dead if it is time again; whether it has looked. */
  recoverIfDue() {
    if (!this.isRecoveryDue()) return false;
    recover(this);
    return true;
  }

  /** Looks for the dead, and wakes those whom somebody should have woken who died just before. See `Condition`. */
  lookUp() {
    if (!this.isAttached()) return;
    this.user.checkCurrent();
    try {
      this.beginCall();
      recover(this);
    } catch (error) {
      this.failed(error); // who is woken finds it out
    }
    const isClosed = this.isClosed();
    if (isClosed || !this.isEmpty()) wakeAll(this.words, HEAD);
    if (isClosed || hasFree(this)) wakeAll(this.words, FREED);
  }

  close() {
    this.closeFor(HEAD, FREED);
  }

  /** What the channel shows of itself. */
  facts() {
    const { key, slots, size } = this;
    if (!this.isAttached()) return { key, slots, size, detached: true };
    const queued = distance(Atomics.load(this.words, TAIL), Atomics.load(this.words, HEAD) >>> 1);
    return { key, slots, size, queued, closed: this.isClosed() };
  }
}

module.exports = { LOCKED, NONE, Queue };
