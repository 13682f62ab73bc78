'use strict';
// Mutex. What the calls promise is written, for editors, in lib/types/mutex.d.ts; how they do it is in lock.js.

const { isAttached } = require('../arrays/buffers');
const { invalidType, show, withCode } = require('../errors');
const { callback: callbackOf, flag, optionsReader, signal: signalOf, timeout: timeoutOf } = require('../options');
const { standFor } = require('../memory/current');
const binding = require('../runtime/binding');
const { timeoutReader, waitOptionsReader } = require('../wait/arguments');
const { Lock } = require('./lock');
const { OWNER } = require('./word');

/** The lock of a mutex. A property, since a lock by way of a WeakMap takes twice as long; not enumerable, so it shows nowhere. */
const LOCK = Symbol('lock');

const readTimeout = timeoutReader('Mutex.lockSync');
const readWait = waitOptionsReader('Mutex.lock');
const readRun = optionsReader('Mutex.run', { timeout: timeoutOf, signal: signalOf, ref: flag, recover: callbackOf });

class Mutex {
  constructor(int32Array, index) {
    Object.defineProperty(this, LOCK, { value: new Lock(int32Array, index, true) });
    standFor(this, int32Array);
  }

  async lock(options) {
    return wait(this[LOCK], readWait(options));
  }

  lockSync(options) {
    const lock = this[LOCK];
    const timeout = options === undefined ? Infinity : readTimeout(options);
    const result = lock.lock(timeout);
    if (result === null) throw lock.isOwn(wordOf(lock)) ? deadlock(lock) : timedOut(lock, timeout);
    return result;
  }

  tryLock() {
    return this[LOCK].tryLock();
  }

  unlock() {
    if (!this[LOCK].unlock()) throw notOwner(this[LOCK]);
  }

  async run(callback, options) {
    if (typeof callback !== 'function') throw invalidType('callback', 'a function', callback);
    const { timeout = Infinity, signal, ref = true, recover } = readRun(options);
    const lock = this[LOCK];
    const result = await wait(lock, { timeout, signal, ref });
    if (result === 'owner-died' && recover !== undefined) await recoverWith(lock, recover);
    return callWith(lock, callback);
  }

  get int32Array() {
    return this[LOCK].int32Array;
  }

  get index() {
    return this[LOCK].index;
  }

  toJSON() {
    const lock = this[LOCK];
    const key = keyOf(lock);
    return { key: key === null ? undefined : key, index: lock.index, state: stateOf(lock) };
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    const { key, index, state } = this.toJSON();
    return `Mutex { key: ${show(key)}, index: ${index}, state: '${state}' }`;
  }
}

/** The result of a lock that does not block. */
async function wait(lock, options) {
  const result = await lock.lockAsync(options);
  if (result === null) throw timedOut(lock, options.timeout);
  return result;
}

/** Repairs what a dead owner has left. If that fails, the next owner is told of the death, too. */
async function recoverWith(lock, recover) {
  try {
    await recover();
  } catch (error) {
    quietly(() => lock.abandon());
    throw error;
  }
}

/** Calls a function with the lock, and unlocks whatever becomes of it. */
async function callWith(lock, callback) {
  let value;
  try {
    value = await callback();
  } catch (error) {
    quietly(() => lock.unlock());
    throw error;
  }
  if (!lock.unlock()) throw notOwner(lock);
  return value;
}

/** Gives a lock back, if that is possible: there is another error to be told. */
function quietly(giveBack) {
  try {
    giveBack();
  } catch (_) {
    // Its memory has been detached.
  }
}

/** The word; undefined after a detach. */
function wordOf({ int32Array, index }) {
  return isAttached(int32Array) ? int32Array[index] : undefined;
}

function stateOf(lock) {
  const word = wordOf(lock);
  if (word === undefined) return 'detached';
  if ((word & OWNER) === 0) return 'free';
  return lock.isOwn(word) ? 'locked by this thread' : 'locked';
}

/** The key of a lock's memory: null if that is a file, undefined after a detach. */
function keyOf({ int32Array }) {
  return binding.keyOf(int32Array);
}

/** How messages name a lock. */
function nameOf(lock) {
  const key = keyOf(lock);
  const where = key === undefined ? '' : key === null ? ' of a mapped file' : ` of ${show(key)}`;
  return `the mutex in word ${lock.index}${where}`;
}

function timedOut(lock, milliseconds) {
  const owner = lock.isOwn(wordOf(lock)) ? ', which this thread has locked' : '';
  return withCode(new Error(`Timed out after ${milliseconds} ms waiting for ${nameOf(lock)}${owner}`), 'ERR_SHM_TIMED_OUT');
}

function deadlock(lock) {
  const message = `This thread has ${nameOf(lock)} already, and would wait for itself. If what locked it was interrupted, unlock it first`;
  return withCode(new Error(message), 'ERR_SHM_DEADLOCK');
}

function notOwner(lock) {
  return withCode(new Error(`This thread does not have ${nameOf(lock)}`), 'ERR_SHM_NOT_OWNER');
}

module.exports = { Lock, Mutex };
