'use strict';
// Waiting for each other, across processes: wait, waitAsync, notify.

const { onDetached } = require('../arrays/buffers');
const binding = require('../runtime/binding');
const { isMainThread } = require('../runtime/cleanup');
const clock = require('../runtime/clock');
const { countOf, int32Of, millisecondsOf, reasonOf, waitOptionsReader } = require('./arguments');
const pending = require('./pending');
const queued = require('./queued');
const { BEGUN, NOT_EQUAL, NOT_EQUAL_AT_ONCE, NOT_OURS, NO_PLACE, OK, TIMED_OUT, names } = require('./results');
const { checkWord, unknownMemory } = require('./words');

/** How long a thread blocks at a time (milliseconds): a worker looks up in between, so that it can be terminated. */
const SLICE = isMainThread() ? Infinity : 100;

const readOptions = waitOptionsReader('waitAsync');

let isStarted = false;

function wait(int32Array, index, value, timeout) {
  checkWord(int32Array, index);
  const expected = int32Of(value);
  const milliseconds = millisecondsOf(timeout);
  const result =
    milliseconds <= SLICE
      ? checked(binding.wait(int32Array, index, expected, milliseconds), int32Array)
      : waitInWorker(int32Array, index, expected, clock.now() + milliseconds);
  return names[result];
}

/** Looks up after each slice, and keeps its place in the kernel's queue if that is possible. */
function waitInWorker(int32Array, index, expected, deadline) {
  const begun = keepsPlaces(chosenWay()) ? checked(queued.begin(int32Array, index, expected), int32Array) : NO_PLACE;
  if (begun === NO_PLACE) return waitAnew(int32Array, index, expected, deadline);
  if (begun !== BEGUN) return begun;
  for (;;) {
    const left = Math.max(deadline - clock.now(), 0);
    const isLast = left <= SLICE;
    const result = queued.sleep(Math.min(left, SLICE), isLast);
    if (result !== TIMED_OUT || isLast) return result;
  }
}

/** Where the kernel keeps no place, each slice is a wait of its own, at the end of the queue. */
function waitAnew(int32Array, index, expected, deadline) {
  for (let isFirst = true; ; isFirst = false) {
    const left = Math.max(deadline - clock.now(), 0);
    const result = checked(binding.wait(int32Array, index, expected, Math.min(left, SLICE)), int32Array);
    // The word changed between two slices, when a notification would have found no waiter.
    if (result === NOT_EQUAL && !isFirst) return OK;
    if (result !== TIMED_OUT || left <= SLICE) return result;
  }
}

/** The result of a native function, unless it did not know the memory. */
function checked(result, int32Array) {
  if (result === NOT_OURS) throw unknownMemory(int32Array);
  return result;
}

function notify(int32Array, index, count) {
  checkWord(int32Array, index);
  return checked(binding.notify(int32Array, index, countOf(count)), int32Array);
}

function waitAsync(int32Array, index, value, options) {
  try {
    return begin(int32Array, index, value, readOptions(options)).ended;
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Begins a wait: `{ ended, expire }`, a promise of its result and a function that ends it as its timeout would. For
 * the rooms above, which have read the options.
 */
function begin(int32Array, index, value, { timeout, signal, ref }) {
  checkWord(int32Array, index);
  const expected = int32Of(value);
  if (signal !== undefined && signal.aborted) throw reasonOf(signal);
  if (timeout === 0) return over(names[checked(binding.wait(int32Array, index, expected, 0), int32Array)]);
  if (!isStarted) start();
  const id = checked(pending.begin(int32Array, index, expected, ref), int32Array);
  if (id === NOT_EQUAL_AT_ONCE) return over('not-equal');
  const ended = new Promise((resolve, reject) => pending.add(id, { resolve, reject, ref, signal }, timeout));
  return { ended, expire: () => pending.expire(id) };
}

/** A wait that has ended at once. */
function over(result) {
  return { ended: Promise.resolve(result), expire() {} };
}

function start() {
  binding.onWaitEnded(pending.end, chosenWay());
  onDetached(pending.endDetached);
  isStarted = true;
}

/** The way that a test has chosen, those of lesser systems ('many' or 'single' words a thread) among them; or the best. */
function chosenWay() {
  return process.env.SHM_TYPED_ARRAY_WAITS || bestWay();
}

/**
 * How the kernel's word that a wait has ended is brought here: by Node's event loop, or elsewhere by
 * a thread. Bun and Deno have functions of libuv, too, but must not be asked: Bun ends the process
 * when one is called.
 */
function bestWay() {
  const { bun, deno } = process.versions;
  return bun === undefined && deno === undefined ? 'loop' : 'reaper';
}

/** Whether waits by that way are in the kernel's queue from their start to their end. */
function keepsPlaces(way) {
  return way === 'loop' || way === 'reaper';
}

module.exports = { begin, notify, wait, waitAsync };
