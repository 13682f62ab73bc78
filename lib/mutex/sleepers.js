'use strict';
// Attempts of this thread that wait for a lock without blocking. One timer looks after all of them: a killed owner
// wakes no waiter, and thousands of timers, each of which asks the kernel, would keep a processor busy.

const { checkCurrent } = require('../memory/current');
const clock = require('../runtime/clock');
const owners = require('../runtime/owner');
const waiting = require('../wait');
const { CONTENDED, CURRENT_CHECK_INTERVAL, HANDED_ON_FOR, OWNER, OWNER_CHECK_INTERVAL } = require('./word');

/** A sleeping attempt: a function that ends its wait, and why it cannot go on. @typedef {{ expire: () => void, error: any }} Sleeper */

/** The sleepers of each lock, the longest first. @type {Map<any, Set<Sleeper>>} */
const sleeping = new Map();

/** @returns {any} the sleeper that has slept longest */
const firstOf = (sleepers) => sleepers.values().next().value;

/** @type {any} */
let timer = null;

/** When it was last looked whether the locks are still where their keys lead. */
let checkedAt = 0;

/** Sleeps on an attempt's word, `left` milliseconds at most; like `waitAsync`. */
async function sleep({ lock, word }, left, signal, ref) {
  // What was handed on is taken soon, or by nobody.
  const timeout = Math.max(0, (word & OWNER) === 0 ? Math.min(left, HANDED_ON_FOR) : left);
  const sleeper = { expire() {}, error: null };
  enter(lock, sleeper);
  try {
    const { ended, expire } = waiting.begin(lock.int32Array, lock.index, word, { timeout, signal, ref });
    sleeper.expire = expire;
    const result = await ended;
    if (sleeper.error !== null) throw sleeper.error;
    return result;
  } finally {
    leave(lock, sleeper);
  }
}

function enter(lock, sleeper) {
  if (timer === null) start(); // first: if that fails, there is nobody to look after
  const sleepers = sleeping.get(lock);
  if (sleepers === undefined) sleeping.set(lock, new Set([sleeper]));
  else sleepers.add(sleeper);
}

function start() {
  checkedAt = clock.now();
  timer = clock.setInterval(lookAtAll, OWNER_CHECK_INTERVAL);
  timer.unref();
}

function leave(lock, sleeper) {
  const sleepers = sleeping.get(lock);
  if (sleepers === undefined) return;
  sleepers.delete(sleeper);
  if (sleepers.size === 0) sleeping.delete(lock);
}

function lookAtAll() {
  wakeForgotten();
  if (clock.now() - checkedAt >= CURRENT_CHECK_INTERVAL) endReplaced();
  // Not at the end of the last wait: the next one comes soon, as a rule, and a new timer costs more than the wait.
  if (sleeping.size > 0) return;
  clock.clearInterval(timer);
  timer = null;
}

/** Ends the first wait of each lock whose waits would otherwise never end; it then takes the lock, or marks it again. */
function wakeForgotten() {
  const alive = new Map();
  for (const [lock, sleepers] of sleeping) {
    if (isForgotten(lock.int32Array[lock.index], alive)) firstOf(sleepers).expire();
  }
}

/** Ends the waits for locks in memory that nobody finds any more, since its key leads elsewhere. */
function endReplaced() {
  checkedAt = clock.now();
  const errors = new Map(); // of each array: it may have thousands of locks, and a look asks the kernel
  for (const [{ int32Array }, sleepers] of sleeping) {
    if (!errors.has(int32Array)) errors.set(int32Array, whyNotCurrent(int32Array));
    const error = errors.get(int32Array);
    if (error === null) continue;
    for (const sleeper of sleepers) {
      sleeper.error = error;
      sleeper.expire();
    }
  }
}

/** What `checkCurrent` throws; null if it throws nothing. */
function whyNotCurrent(array) {
  try {
    checkCurrent(array);
    return null;
  } catch (error) {
    return error;
  }
}

/** Whether nobody will wake those who sleep on this word: a thread died that should have, or that has the lock. */
function isForgotten(word, alive) {
  const owner = word & OWNER;
  if (owner === 0 || (word & CONTENDED) === 0) return true;
  if (!alive.has(owner)) alive.set(owner, owners.isAlive(owner));
  return !alive.get(owner);
}

module.exports = { sleep };
