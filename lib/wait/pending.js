'use strict';
// The asynchronous waits that have not ended, by their number: their promises, timers and signals.

const { performance } = require('perf_hooks');
const { detached } = require('../errors');
const binding = require('../runtime/binding');
const { reasonOf } = require('./arguments');
const { DETACHED, TIMED_OUT, names } = require('./results');

// When to ask the kernel again for what it has refused (milliseconds).
const AGAIN = 10;
// What the kernel refuses only as long as it is short of something.
const PASSING = ['ENOMEM', 'EAGAIN', 'EBUSY'];
const LONGEST_TIMER = 2 ** 31 - 1;

const pending = new Map();

/** Enters a wait that has been started. */
function add(id, entry, timeout) {
  const { signal } = entry;
  pending.set(id, entry);
  if (timeout !== Infinity) setTimer(id, entry, performance.now() + timeout);
  if (signal !== undefined) {
    entry.onAbort = () => cancel(id, entry, () => entry.reject(reasonOf(signal)));
    signal.addEventListener('abort', entry.onAbort, { once: true });
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
function cancel(id, entry, onCancelled) {
  if (entry.onCancelled !== undefined) return;
  entry.onCancelled = onCancelled;
  untilDone(() => binding.cancelWait(id));
}

/** Called by the native side when a wait has ended. */
function end(id, result) {
  const entry = pending.get(id);
  pending.delete(id);
  if (result === DETACHED) entry.reject(detached());
  else if (result === TIMED_OUT) entry.onCancelled();
  else entry.resolve(names[result]);
  if (entry.timer !== undefined) clearTimeout(entry.timer);
  // One that has been aborted calls nobody again, and to remove one listener of many is slow.
  const { signal } = entry;
  if (signal !== undefined && !signal.aborted) signal.removeEventListener('abort', entry.onAbort);
}

/** To be called after a detach, which has ended the waits unless the kernel refused. */
function endDetached() {
  if (pending.size > 0) untilDone(() => binding.cancelDetached());
}

/** Does something that nobody can be told the failure of, again and again while the kernel is short of something. */
function untilDone(action) {
  try {
    action();
  } catch (error) {
    if (!PASSING.includes(error.code)) throw error;
    setTimeout(untilDone, AGAIN, action);
  }
}

module.exports = { add, end, endDetached };
