'use strict';
// How a channel goes on after a death, or after a call that failed half-way: the next owner of a lock finishes its half
// step, and a thread that looks frees what the dead were writing, and queues again what they had taken.

const { DELIVERIES, FREE, FREED, HEAD, OWNER, POSITION, SLOT, TAIL, TAKEN, WRITING } = require('./layout');
const { NO_SLOT, inHand } = require('./holdings');
const owners = require('../runtime/owner');
const { countIfMarked } = require('../structures/sleepers');
const waiting = require('../wait');

/** With the lock of a producer that died: it had sent, if the slot says so. @param {any} queue */
function finishSend(queue) {
  /** @type {Int32Array} */
  const words = queue.words;
  const head = Atomics.load(words, HEAD) >>> 1;
  if (queue.queuedAt(head) >= 0 && queue.advance(head) !== 0) waiting.notify(words, HEAD);
}

/** With the lock of a consumer that died: it had taken, if the slot says so. @param {any} queue */
function finishTake(queue) {
  /** @type {Int32Array} */
  const words = queue.words;
  const tail = Atomics.load(words, TAIL) & POSITION;
  const isEmpty = Atomics.load(words, HEAD) >>> 1 === tail;
  if (!isEmpty && queue.queuedAt(tail) < 0) Atomics.store(words, TAIL, (tail + 1) & POSITION);
}

/** Frees what the dead were writing, and queues again what they had taken; unless somebody else is sending or does so. */
function recover(queue) {
  const { producers, words } = queue;
  inHand.at = NO_SLOT;
  inHand.queue = queue;
  const entered = producers.tryEnter();
  let mark = 0;
  if (entered !== null) {
    if (entered === 'owner-died') finishSend(queue);
    const living = new Set([queue.self]);
    const end = queue.firstSlot + queue.slots * SLOT;
    for (let at = queue.firstSlot; at < end; at += SLOT) mark |= recoverSlot(queue, at, living);
    producers.leave();
  }
  inHand.queue = null;
  if (mark !== 0) waiting.notify(words, HEAD);
}

/** Whether there is somebody to wake for a message. @param {any} queue */
function recoverSlot(queue, at, living) {
  const { self } = queue;
  /** @type {Int32Array} */
  const words = queue.words;
  const word = Atomics.load(words, at);
  const state = word & ~OWNER;
  if ((state !== WRITING && state !== TAKEN) || lives(word & OWNER, living)) return 0;
  if (state === WRITING) {
    if (Atomics.compareExchange(words, at, word, FREE) === word) countIfMarked(words, FREED);
    return 0;
  }
  inHand.at = at;
  let mark = 0;
  if (Atomics.compareExchange(words, at, word, TAKEN | self) === word) {
    words[at + DELIVERIES]++;
    mark = queue.append((at - queue.firstSlot) / SLOT);
  }
  inHand.at = NO_SLOT;
  return mark;
}

/** Whether an owner lives; each that does is asked about once. The owner 0 is that of a call that failed. */
function lives(owner, living) {
  if (living.has(owner)) return true;
  if (owner === 0) return false;
  const isAlive = owners.isAlive(owner);
  if (isAlive) living.add(owner);
  return isAlive;
}

/** @param {any} queue */
function hasFree(queue) {
  const { firstSlot, slots } = queue;
  /** @type {Int32Array} */
  const words = queue.words;
  for (let slot = 0; slot < slots; slot++) if (Atomics.load(words, firstSlot + slot * SLOT) === FREE) return true;
  return false;
}

module.exports = { finishSend, finishTake, hasFree, recover };
