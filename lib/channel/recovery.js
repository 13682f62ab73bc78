'use strict';
// How a channel goes on after a death, or after a call that failed half-way: the next owner of a lock finishes its half
// step, and a thread that looks frees what the dead were writing, and queues again what they had taken.

const { DELIVERIES, FREE, FREED, HEAD, OWNER, POSITION, SLOT, TAIL, TAKEN, WRITING } = require('./layout');
const { NO_SLOT } = require('./holdings');
const owners = require('../runtime/owner');
const { hold, letGo } = require('../structures/in-hand');
const { countIfMarked } = require('../structures/sleepers');
const waiting = require('../wait');

/** With the lock of a producer that died: it had sent, if the slot says so. @param {any} queue */
function finishSend(queue) {
  /** @type {Int32Array} */
  const words = queue.words;
  const head = Atomics.load(words, HEAD) >>> 1;
  if (queue.queuedAt(head) >= 0 && queue.advance(head)) waiting.notify(words, HEAD);
}

/** With the lock of a consumer that died: it had taken, if the slot says so. @param {any} queue */
function finishTake(queue) {
  /** @type {Int32Array} */
  const words = queue.words;
  const tail = Atomics.load(words, TAIL) & POSITION;
  const isEmpty = Atomics.load(words, HEAD) >>> 1 === tail;
  if (!isEmpty && queue.queuedAt(tail) < 0) Atomics.store(words, TAIL, (tail + 1) & POSITION);
}

/**
 * Frees what the dead were writing, and queues again what they had taken; unless somebody else is sending or does so. It
 * looks at all slots first, without the lock: there can be a million.
 */
function recover(queue) {
  const { producers, words } = queue;
  const living = new Set([queue.self]);
  const left = [];
  const end = queue.firstSlot + queue.slots * SLOT;
  for (let at = queue.firstSlot; at < end; at += SLOT) if (isLeft(Atomics.load(words, at), living)) left.push(at);
  queue.slotInHand = NO_SLOT;
  hold(queue);
  const entered = producers.tryEnter();
  let maySleep = false;
  if (entered !== null) {
    if (entered === 'owner-died') finishSend(queue);
    for (const at of left) if (recoverSlot(queue, at, living)) maySleep = true;
    producers.leave();
  }
  letGo();
  if (maySleep) waiting.notify(words, HEAD);
}

/** With the producers' lock; whether there may be somebody to wake for a message. @param {any} queue */
function recoverSlot(queue, at, living) {
  const { self } = queue;
  /** @type {Int32Array} */
  const words = queue.words;
  const word = Atomics.load(words, at);
  if (!isLeft(word, living)) return false;
  if ((word & ~OWNER) === WRITING) {
    if (Atomics.compareExchange(words, at, word, FREE) === word) countIfMarked(words, FREED);
    return false;
  }
  queue.slotInHand = at;
  let maySleep = false;
  if (Atomics.compareExchange(words, at, word, TAKEN | self) === word) {
    words[at + DELIVERIES]++;
    maySleep = queue.append((at - queue.firstSlot) / SLOT);
  }
  queue.slotInHand = NO_SLOT;
  return maySleep;
}

/** Whether a slot with this word was left by a thread that has died. */
function isLeft(word, living) {
  const state = word & ~OWNER;
  return (state === WRITING || state === TAKEN) && !lives(word & OWNER, living);
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
