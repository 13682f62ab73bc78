'use strict';
// Waiting for each other, across processes: wait, waitAsync, notify.

const { performance } = require('perf_hooks');
const { isMainThread } = require('../runtime/cleanup');
const { detached, invalidType, invalidValue, outOfRange } = require('../errors');
const { checkWord, unknownMemory } = require('./words');

// What the native functions answer.
const NOT_EQUAL = 1;
const TIMED_OUT = 2;
const DETACHED = 3;
const NOT_OURS = -1;
const NOT_EQUAL_AT_ONCE = -2;
const results = ['ok', 'not-equal', 'timed-out'];

// A worker looks up from a blocking wait this often (milliseconds), so that it can be terminated.
const LOOK_UP = isMainThread() ? Infinity : 100;
// When to ask the kernel again for what it has refused (milliseconds).
const AGAIN = 10;
const LONGEST_TIMER = 2 ** 31 - 1;
const INT32_MAX = 2 ** 31 - 1;

/** `wait`, `waitAsync` and `notify` on the native functions, and what ends waits at a detach. */
function createWaiting(binding) {
  const waits = waitsOf(binding);
  const { pending } = waits;

  function wait(int32Array, index, value, timeout) {
    checkWord(int32Array, index);
    const expected = int32Of(value);
    const milliseconds = millisecondsOf(timeout);
    const first = blockFor(int32Array, index, expected, Math.min(milliseconds, LOOK_UP));
    if (first !== TIMED_OUT || milliseconds <= LOOK_UP) return results[first];
    const deadline = performance.now() + milliseconds - LOOK_UP;
    for (;;) {
      const left = Math.max(deadline - performance.now(), 0);
      const result = blockFor(int32Array, index, expected, Math.min(left, LOOK_UP));
      // Changed while this thread looked up: there was nobody whom a notification could have woken.
      if (result === NOT_EQUAL) return 'ok';
      if (result !== TIMED_OUT || left <= LOOK_UP) return results[result];
    }
  }

  function blockFor(int32Array, index, expected, milliseconds) {
    const result = binding.wait(int32Array, index, expected, milliseconds);
    if (result === NOT_OURS) throw unknownMemory(binding, int32Array);
    return result;
  }

  function notify(int32Array, index, count) {
    checkWord(int32Array, index);
    const woken = binding.notify(int32Array, index, countOf(count));
    if (woken === NOT_OURS) throw unknownMemory(binding, int32Array);
    return woken;
  }

  function waitAsync(int32Array, index, value, options) {
    return new Promise((resolve, reject) => {
      checkWord(int32Array, index);
      const expected = int32Of(value);
      const { timeout, signal, ref } = optionsOf(options);
      if (signal !== undefined && signal.aborted) throw reasonOf(signal);
      if (timeout === 0) {
        resolve(results[blockFor(int32Array, index, expected, 0)]);
        return;
      }
      if (!waits.started) start();
      const id = binding.waitAsync(int32Array, index, expected, ref);
      if (id === NOT_OURS) throw unknownMemory(binding, int32Array);
      if (id === NOT_EQUAL_AT_ONCE) resolve('not-equal');
      else add(id, { resolve, reject, ref, signal, settle }, timeout);
    });
  }

  function start() {
    binding.onWaitEnded(waits.end, process.env.SHM_TYPED_ARRAY_WAITS || wayToWait());
    waits.started = true;
  }

  /** Enters a wait that has been started. */
  function add(id, entry, timeout) {
    const { signal } = entry;
    pending.set(id, entry);
    if (timeout !== Infinity) setTimer(id, entry, performance.now() + timeout);
    if (signal !== undefined) {
      entry.onAbort = () => cancel(id, entry, () => entry.reject(reasonOf(signal)));
      signal.addEventListener('abort', entry.onAbort);
    }
  }

  function setTimer(id, entry, deadline) {
    const left = Math.ceil(deadline - performance.now());
    if (left <= 0) {
      cancel(id, entry, () => entry.resolve('timed-out'));
      return;
    }
    entry.timer = setTimeout(setTimer, Math.min(left, LONGEST_TIMER), id, entry, deadline);
    if (!entry.ref) entry.timer.unref();
  }

  /** Asks for the end of a wait. Should a notification be faster, it counts. */
  function cancel(id, entry, end) {
    if (entry.end !== undefined) return;
    entry.end = end;
    untilDone(() => pending.has(id) && binding.cancelWait(id));
  }

  /** Called when a wait has ended. */
  function settle(entry, result) {
    if (result === DETACHED) entry.reject(detached());
    else if (result === TIMED_OUT) entry.end();
    else entry.resolve(results[result]);
    if (entry.timer !== undefined) clearTimeout(entry.timer);
    if (entry.signal !== undefined) entry.signal.removeEventListener('abort', entry.onAbort);
  }

  return { wait, waitAsync, notify };
}

/** The asynchronous waits by their number, kept at the binding, where a detach finds them. */
function waitsOf(binding) {
  if (binding.waits !== undefined) return binding.waits;
  const pending = new Map();
  const end = (id, result) => {
    const entry = pending.get(id);
    pending.delete(id);
    entry.settle(entry, result);
  };
  /** To be called after a detach. */
  const endDetached = () => {
    if (pending.size > 0) untilDone(() => binding.cancelDetached());
  };
  return (binding.waits = { pending, started: false, end, endDetached });
}

/** Does something that fails only as long as the kernel is short of memory, and that nobody can be told of. */
function untilDone(action) {
  try {
    action();
  } catch (_) {
    setTimeout(untilDone, AGAIN, action);
  }
}

/**
 * How the kernel's word that a wait has ended is brought here: by Node's event loop, or elsewhere by
 * a thread. Bun and Deno have functions of libuv, too, but must not be asked: Bun ends the process
 * when one is called. Tests choose the ways of lesser systems: 'many' or 'single' words a thread.
 */
function wayToWait() {
  const { bun, deno } = process.versions;
  return bun === undefined && deno === undefined ? 'loop' : 'reaper';
}

/** A number as an Int32Array holds it. */
function int32Of(value) {
  if (typeof value !== 'number') throw invalidType('value', 'a number', value);
  return value | 0;
}

function millisecondsOf(timeout) {
  if (timeout === undefined) return Infinity;
  if (typeof timeout !== 'number') throw invalidType('timeout', 'a number of milliseconds', timeout);
  return Number.isNaN(timeout) ? Infinity : Math.max(timeout, 0);
}

function countOf(count) {
  if (count === undefined) return INT32_MAX;
  if (typeof count !== 'number') throw invalidType('count', 'a number', count);
  if (Number.isNaN(count) || count < 0) throw outOfRange('count', 'a number from 0 to Infinity', count);
  return Math.min(Math.floor(count), INT32_MAX);
}

/** The options of `waitAsync` and `lockAsync`, checked, with their defaults. */
function optionsOf(options) {
  if (options === undefined) options = {};
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  for (const name of Object.keys(options)) {
    if (!['timeout', 'signal', 'ref'].includes(name)) {
      throw invalidValue(`options.${name}`, 'is no option; there are timeout, signal and ref', options[name]);
    }
  }
  const { timeout, signal, ref } = options;
  if (signal !== undefined && !isSignal(signal)) throw invalidType('options.signal', 'an AbortSignal', signal);
  if (ref !== undefined && typeof ref !== 'boolean') throw invalidType('options.ref', 'a boolean', ref);
  return { timeout: millisecondsOf(timeout), signal, ref: ref === true };
}

/** Runtimes without AbortSignal have it from a package, so its class tells nothing. */
function isSignal(value) {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) return false;
  return typeof value.addEventListener === 'function' && typeof value.removeEventListener === 'function';
}

/** What an aborted signal rejects with. */
function reasonOf(signal) {
  if (signal.reason !== undefined) return signal.reason;
  const error = new Error('The operation was aborted');
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

module.exports = { createWaiting, millisecondsOf, optionsOf, reasonOf };
