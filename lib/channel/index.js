'use strict';
// Messages from any number of processes and threads to any number of others, each to one of them. What the calls
// promise is written, for editors, in lib/types/channel.d.ts; how they do it is in channel-queue.js.

const { closed, invalidValue } = require('../errors');
const { FREED, HEAD, TAIL, TAKEN, WRITING } = require('./layout');
const { Loan, Message } = require('./messages');
const { LOCKED, NONE, Queue } = require('./queue');
const { each } = require('../structures/iterator');
const { follow } = require('../structures/follow');
const { checkOptions } = require('../structures/geometry');
const { checkAttached, checkTarget, payloadOf } = require('../structures/payload');
const { BUSY, deadlineOf, leftUntil, optionsOf, timedOut, until, untilAsync } = require('../structures/sleeping');

/** How often to look for the dead where nobody sleeps, and so nobody looks up (milliseconds). */
const LOOK_UP = 100;

/** A receiver looks at the clock at one of so many calls that find a message: to do so takes a fifth of such a call. */
const CALLS = 16;

/** Who finds it full again after less than so many messages, or a quarter of the slots, has been woken too early. */
const FEW = 16;

/** What was taken, if it is a message. */
const messageIn = (taken) => (taken instanceof Message ? taken : null);

class Channel {
  constructor(key, options) {
    options = checkOptions(options, ['slots', 'size', 'perm', 'overflow'], 'channel');
    const { overflow = 'wait' } = options;
    if (overflow !== 'wait' && overflow !== 'drop-oldest') {
      throw invalidValue('options.overflow', "must be 'wait' or 'drop-oldest'", overflow);
    }
    const queue = new Queue(key, options);
    const dropsOldest = overflow === 'drop-oldest';
    let lookedUp = Date.now();
    // How often this object was asked for a message.
    let calls = 0;
    // How many slots this object has claimed since it was full.
    let claimed = 0;

    /**
     * Looks for the dead, if nobody did for a while; whether it has looked. Every receiver and every sender that
     * finds no slot does so, so that a busy channel is looked after, too.
     */
    const lookUpIfDue = () => {
      const now = Date.now();
      if (Math.abs(now - lookedUp) < LOOK_UP) return false;
      lookedUp = now;
      queue.recover();
      return true;
    };

    /** A slot to write to, if there is one; see `until`. */
    const claim = () => {
      checkAttached(queue);
      if (queue.noticeClosed(FREED)) throw closed(key, 'channel');
      let slot = queue.claim();
      if (slot === NONE && dropsOldest) slot = queue.claimOldest();
      if (slot !== NONE) {
        claimed++;
        return slot;
      }
      lookUpIfDue();
      return undefined;
    };

    /** Leaves time for more slots to become free: as long as they do, or for a nap, if there were few the last time. */
    const claimLater = (deadline) => {
      const few = Math.min(FEW, queue.slots >> 2);
      const wereFew = claimed < few;
      claimed = 0;
      follow(queue.words, TAIL, few);
      const slot = claim();
      if (slot !== undefined) return slot;
      return wereFew ? queue.nap(claim, deadline) : undefined;
    };

    /** A slot to write to, in time. */
    const claimInTime = (deadline) => until(queue.words, FREED, claim, queue.lookUp, deadline, claimLater);

    /** A slot with a message; null at the end; undefined if there is none now. Without a deadline it must not block. */
    const take = (deadline) => {
      checkAttached(queue);
      if (++calls % CALLS === 0) lookUpIfDue();
      let slot = queue.take(deadline);
      if (slot === NONE && lookUpIfDue()) slot = queue.take(deadline);
      const isClosed = queue.noticeClosed(HEAD);
      if (slot === LOCKED) return BUSY;
      if (slot !== NONE) return slot;
      return isClosed && queue.isEmpty() ? null : undefined;
    };

    /** A message; what is none as from `take`. */
    const takeMessage = (deadline) => {
      const slot = take(deadline);
      return typeof slot === 'number' ? new Message(queue, slot) : slot;
    };

    this.key = key;
    this.slots = queue.slots;
    this.size = queue.size;
    this.queue = queue;
    this.claim = claim;
    this.claimInTime = claimInTime;
    this.take = take;
    this.takeMessage = takeMessage;
  }

  send(data, timeout) {
    const payload = payloadOf(data, this.size);
    const deadline = deadlineOf(timeout);
    const slot = this.claimInTime(deadline);
    if (!this.put(slot, payload, deadline)) throw timedOut();
  }

  trySend(data) {
    const payload = payloadOf(data, this.size);
    const slot = this.claim();
    return slot !== undefined && this.put(slot, payload, 0);
  }

  async sendAsync(data, options) {
    const { queue } = this;
    const payload = payloadOf(data, this.size);
    const { timeout, signal, ref } = optionsOf(options);
    const deadline = deadlineOf(timeout);
    // As a rule there is a slot: then no promise is waited for.
    let slot = signal === undefined ? this.claim() : undefined;
    if (slot === undefined) slot = await untilAsync(queue.words, FREED, this.claim, queue.lookUp, options);
    queue.bytes.set(payload, queue.start(slot));
    const attempt = () => queue.send(slot, payload.length, 0) || BUSY;
    if (attempt() !== BUSY) return;
    try {
      await untilAsync(queue.words, FREED, attempt, queue.lookUp, { timeout: leftUntil(deadline), signal, ref });
    } catch (error) {
      if (queue.isAttached()) queue.free(slot, WRITING);
      throw error;
    }
  }

  /** Copies a message into a slot and sends it; false, and it was not sent, if others kept the lock too long. */
  put(slot, payload, deadline) {
    const { queue } = this;
    queue.bytes.set(payload, queue.start(slot));
    if (queue.send(slot, payload.length, 0, deadline)) return true;
    queue.free(slot, WRITING);
    return false;
  }

  loan(timeout) {
    return new Loan(this.queue, this.claimInTime(deadlineOf(timeout)));
  }

  tryLoan() {
    const slot = this.claim();
    return slot === undefined ? null : new Loan(this.queue, slot);
  }

  async loanAsync(options) {
    return new Loan(this.queue, await untilAsync(this.queue.words, FREED, this.claim, this.queue.lookUp, options));
  }

  receive(timeout) {
    return until(this.queue.words, HEAD, this.takeMessage, this.queue.lookUp, deadlineOf(timeout));
  }

  tryReceive() {
    return messageIn(this.takeMessage(0));
  }

  receiveAsync(options) {
    return untilAsync(this.queue.words, HEAD, this.takeMessage, this.queue.lookUp, options);
  }

  receiveInto(buffer, timeout) {
    const { queue } = this;
    checkTarget(buffer, this.size);
    const slot = until(queue.words, HEAD, this.take, queue.lookUp, deadlineOf(timeout));
    if (slot === null) return null;
    const length = queue.lengthOf(slot);
    const start = queue.start(slot);
    queue.bytes.copy(buffer, 0, start, start + length);
    queue.free(slot, TAKEN);
    return length;
  }

  [Symbol.asyncIterator]() {
    return each(this, () => messageIn(this.takeMessage()));
  }

  get closed() {
    checkAttached(this.queue);
    return this.queue.isClosed();
  }

  close() {
    checkAttached(this.queue);
    this.queue.close();
  }
}

module.exports = { Channel };
