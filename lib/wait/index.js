'use strict';
// Waiting for each other, across processes: wait, waitAsync, notify.

const { performance } = require('perf_hooks');
const { onDetached } = require('../arrays/buffers');
const binding = require('../runtime/binding');
const { isMainThread } = require('../runtime/cleanup');
const { countOf, int32Of, millisecondsOf, reasonOf, waitOptionsReader } = require('./arguments');
const pending = require('./pending');
const { BEGUN, NOT_EQUAL, NOT_EQUAL_AT_ONCE, NOT_OURS, NO_PLACE, TIMED_OUT, names } = require('./results');
const { checkWord, unknownMemory } = require('./words');

// A worker looks up from a blocking wait this often (milliseconds), so that it can be terminated.
const LOOK_UP = isMainThread() ? Infinity : 100;

const readOptions = waitOptionsReader('waitAsync');

let isStarted = false;
const way = () => process.env.SHM_TYPED_ARRAY_WAITS || bestWay();

function wait(int32Array, index, value, timeout) {
  checkWord(int32Array, index);
  const expected = int32Of(value);
  const milliseconds = millisecondsOf(timeout);
  const result =
    milliseconds <= LOOK_UP
      ? known(binding.wait(int32Array, index, expected, milliseconds), int32Array)
      : waitLookingUp(int32Array, index, expected, performance.now() + milliseconds);
  return names[result];
}

/** In a worker: keeps its place in the kernel's queue while it looks up. */
function waitLookingUp(int32Array, index, expected, deadline) {
  const begun = isExact(way()) ? known(binding.beginWait(int32Array, index, expected), int32Array) : NO_PLACE;
  if (begun === NO_PLACE) return waitInSlices(int32Array, index, expected, deadline);
  if (begun !== BEGUN) return begun;
  for (;;) {
    const left = Math.max(deadline - performance.now(), 0);
    const isLast = left <= LOOK_UP;
    const result = binding.continueWait(Math.min(left, LOOK_UP), isLast);
    if (result !== TIMED_OUT || isLast) return result;
  }
}

/** Where the kernel keeps no place: who looks up goes to the end of the queue. */
function waitInSlices(int32Array, index, expected, deadline) {
  for (let isFirst = true; ; isFirst = false) {
    const left = Math.max(deadline - performance.now(), 0);
    const result = known(binding.wait(int32Array, index, expected, Math.min(left, LOOK_UP)), int32Array);
    // Changed while this thread looked up: there was nobody whom a notification could have woken.
    if (result === NOT_EQUAL && !isFirst) return 0;
    if (result !== TIMED_OUT || left <= LOOK_UP) return result;
  }
}

function known(result, int32Array) {
  if (result === NOT_OURS) throw unknownMemory(int32Array);
  return result;
}

function notify(int32Array, index, count) {
  checkWord(int32Array, index);
  return known(binding.notify(int32Array, index, countOf(count)), int32Array);
}

function waitAsync(int32Array, index, value, options) {
  return new Promise((resolve, reject) => {
    checkWord(int32Array, index);
    const expected = int32Of(value);
    const { timeout, signal, ref } = readOptions(options);
    if (signal !== undefined && signal.aborted) throw reasonOf(signal);
    if (timeout === 0) {
      resolve(names[known(binding.wait(int32Array, index, expected, 0), int32Array)]);
      return;
    }
    if (!isStarted) start();
    const id = known(binding.waitAsync(int32Array, index, expected, ref), int32Array);
    if (id === NOT_EQUAL_AT_ONCE) resolve('not-equal');
    else pending.add(id, { resolve, reject, ref, signal }, timeout);
  });
}

function start() {
  binding.onWaitEnded(pending.end, way());
  onDetached(pending.endDetached);
  isStarted = true;
}

/**
 * How the kernel's word that a wait has ended is brought here: by Node's event loop, or elsewhere by
 * a thread. Bun and Deno have functions of libuv, too, but must not be asked: Bun ends the process
 * when one is called. Tests choose the ways of lesser systems: 'many' or 'single' words a thread.
 */
function bestWay() {
  const { bun, deno } = process.versions;
  return bun === undefined && deno === undefined ? 'loop' : 'reaper';
}

/** Whether waits by that way are in the kernel's queue from their start to their end. */
function isExact(way) {
  return way === 'loop' || way === 'reaper';
}

module.exports = { notify, wait, waitAsync };
