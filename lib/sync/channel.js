'use strict';
// Messages from any number of processes and threads to any number of others, each to one of them. What the calls
// promise is written, for editors, in lib/types/channel.d.ts; how they do it is in channel-queue.js.

const { closed, invalidValue } = require('../errors');
const { FREED, HEAD, NONE, TAKEN, createQueueClass } = require('./channel-queue');
const { Loan, Message } = require('./channel-messages');
const { each } = require('./each');
const { checkOptions } = require('./geometry');
const { createNap } = require('./nap');
const { checkAttached, checkTarget, payloadOf } = require('./payload');

/** How often to look for the dead where nobody sleeps, and so nobody looks up (milliseconds). */
const LOOK_UP = 100;

/** Who finds it full again after less than so many messages, or a quarter of the slots, has been woken too early. */
const FEW = 16;

/** The class `Channel`; `sleeping` and what `createQueueClass` takes are those of its neighbours. */
function createChannel(binding, geometry, Mutex, sleeping, waiting) {
  const Queue = createQueueClass(binding, geometry, Mutex, sleeping, waiting, createNap(waiting));
  const { until, untilAsync } = sleeping;

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
      // How many slots this object has claimed since it was full.
      let claimed = 0;

      /** Every receiver and every sender that finds no slot looks for the dead, so that a busy channel does, too. */
      const lookUpIfDue = () => {
        const now = Date.now();
        if (Math.abs(now - lookedUp) < LOOK_UP) return;
        lookedUp = now;
        queue.recover();
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

      /** Leaves time for more slots to become free, if there were few the last time. */
      const claimLater = (left) => {
        const few = Math.min(FEW, queue.slots >> 2);
        const wereFew = claimed < few;
        claimed = 0;
        return wereFew ? queue.nap(claim, left) : undefined;
      };

      /** A slot to write to, in time. */
      const claimInTime = (timeout) => until(queue.words, FREED, claim, queue.lookUp, timeout, claimLater);

      /** A slot with a message; null at the end; undefined if there is none now. */
      const take = (left) => {
        checkAttached(queue);
        lookUpIfDue();
        const slot = queue.take(left);
        const isClosed = queue.noticeClosed(HEAD);
        if (slot !== NONE) return slot;
        return isClosed && queue.isEmpty() ? null : undefined;
      };

      /** A message; null and undefined as from `take`. */
      const takeMessage = (left) => {
        const slot = take(left);
        return slot === null || slot === undefined ? slot : new Message(queue, slot);
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
      this.put(this.claimInTime(timeout), payload);
    }

    trySend(data) {
      const payload = payloadOf(data, this.size);
      const slot = this.claim();
      if (slot === undefined) return false;
      this.put(slot, payload);
      return true;
    }

    async sendAsync(data, options) {
      const payload = payloadOf(data, this.size);
      // As a rule there is a slot: then no promise is waited for.
      let slot = options === undefined ? this.claim() : undefined;
      if (slot === undefined) slot = await untilAsync(this.queue.words, FREED, this.claim, this.queue.lookUp, options);
      this.put(slot, payload);
    }

    /** Copies a message into a slot and sends it. */
    put(slot, payload) {
      this.queue.bytes.set(payload, this.queue.start(slot));
      this.queue.send(slot, payload.length, 0);
    }

    loan(timeout) {
      return new Loan(this.queue, this.claimInTime(timeout));
    }

    tryLoan() {
      const slot = this.claim();
      return slot === undefined ? null : new Loan(this.queue, slot);
    }

    async loanAsync(options) {
      return new Loan(this.queue, await untilAsync(this.queue.words, FREED, this.claim, this.queue.lookUp, options));
    }

    receive(timeout) {
      return until(this.queue.words, HEAD, this.takeMessage, this.queue.lookUp, timeout);
    }

    tryReceive() {
      return this.takeMessage(0) || null;
    }

    receiveAsync(options) {
      return untilAsync(this.queue.words, HEAD, this.takeMessage, this.queue.lookUp, options);
    }

    receiveInto(buffer, timeout) {
      const { queue } = this;
      checkTarget(buffer, this.size);
      const slot = until(queue.words, HEAD, this.take, queue.lookUp, timeout);
      if (slot === null) return null;
      const length = queue.lengthOf(slot);
      const start = queue.start(slot);
      queue.bytes.copy(buffer, 0, start, start + length);
      queue.free(slot, TAKEN);
      return length;
    }

    [Symbol.asyncIterator]() {
      return each(this);
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

  return Channel;
}

module.exports = { createChannel };
