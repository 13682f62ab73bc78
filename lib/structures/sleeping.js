'use strict';
// To sleep until something has changed, on a word that counts the changes: its lowest bit says that somebody may
// sleep, the others count. Who has changed something counts on and thereby clears the bit; only if it was set
// there is somebody to be woken, for which the kernel has to be asked. test/model/sleeping.pml checks it.

const { performance } = require('perf_hooks');
const { withCode } = require('../errors');
const waiting = require('../wait');
const lookUps = require('./look-ups');
const { millisecondsOf, reasonOf, waitOptionsReader } = require('../wait/arguments');

const MAY_SLEEP = 1;

/** How often a blocking wait looks whether somebody has died (milliseconds). */
const LOOK_UP = 100;

/** What an attempt returns when somebody else had a lock for too long: there may be something, soon. */
const BUSY = Symbol('busy');

/** When an asynchronous wait tries again then (milliseconds): nobody wakes it for a lock. */
const SHORTLY = 5;

const readOptions = waitOptionsReader('a waiting call');

const noOptions = { timeout: Infinity, signal: undefined, ref: true };

/**
 * Blocks until `attempt(deadline)` returns something else than undefined or BUSY, sleeping in between on a word; it
 * may block itself as long as there is time. `lookUp()` is to find out about deaths. `before(deadline)`, if given,
 * is tried once before anybody is asked to wake this thread.
 */
function until(words, index, attempt, lookUp, deadline, before) {
  const first = attempt(deadline);
  if (isResult(first)) return first;
  const second = before === undefined ? undefined : before(deadline);
  if (second !== undefined) return second;
  for (;;) {
    const value = mark(words, index);
    // Once more, now that whoever changes something sees the mark.
    const result = attempt(deadline);
    if (isResult(result)) return result;
    const left = leftUntil(deadline);
    if (left === 0) throw timedOut();
    if (waiting.wait(words, index, value, Math.min(left, LOOK_UP)) === 'timed-out') lookUp();
  }
}

/** The same for asynchronous waits, whose attempts must not block; the options are those of `waitAsync`. */
async function untilAsync(words, index, attempt, lookUp, options) {
  const { timeout, signal, ref } = optionsOf(options);
  if (signal !== undefined && signal.aborted) throw reasonOf(signal);
  const deadline = deadlineOf(timeout);
  const first = attempt();
  if (isResult(first)) return first;
  lookUps.begin(lookUp);
  try {
    for (;;) {
      const value = mark(words, index);
      const result = attempt();
      if (isResult(result)) return result;
      const left = leftUntil(deadline);
      if (left === 0) throw timedOut();
      await waiting.waitAsync(words, index, value, { timeout: result === BUSY ? Math.min(left, SHORTLY) : left, signal, ref });
    }
  } finally {
    lookUps.end(lookUp);
  }
}

/** Sets the bit; the word with it. @param {Int32Array} words */
function mark(words, index) {
  return Atomics.or(words, index, MAY_SLEEP) | MAY_SLEEP;
}

/** Counts a change that has been made, and wakes all, if somebody may sleep for it. @param {Int32Array} words */
function countIfMarked(words, index) {
  const value = Atomics.load(words, index);
  if ((value & MAY_SLEEP) === 0) return;
  // Should somebody else have counted meanwhile, it is he who wakes.
  if (Atomics.compareExchange(words, index, value, (value + MAY_SLEEP) | 0) === value) waiting.notify(words, index);
}

/** Wakes all who sleep, for a change that is not counted. */
function wakeAll(words, index) {
  Atomics.and(words, index, ~MAY_SLEEP);
  waiting.notify(words, index);
}

const isResult = (result) => result !== undefined && result !== BUSY;

/** The options of an asynchronous wait. */
function optionsOf(options) {
  return options === undefined ? noOptions : readOptions(options);
}

/** When a timeout will be over. A look at the clock would make a message slower that has all the time there is. */
function deadlineOf(timeout) {
  const milliseconds = millisecondsOf(timeout);
  return milliseconds === Infinity ? Infinity : performance.now() + milliseconds;
}

/** How many milliseconds there are left. */
function leftUntil(deadline) {
  return deadline === Infinity ? Infinity : Math.max(0, deadline - performance.now());
}

function timedOut() {
  return withCode(new Error('It did not happen in time'), 'ERR_SHM_TIMED_OUT');
}

module.exports = { BUSY, MAY_SLEEP, countIfMarked, deadlineOf, leftUntil, optionsOf, timedOut, until, untilAsync, wakeAll };
