'use strict';
// The asynchronous waits that have not ended, by their number: their promises, timers and signals.

const { detached } = require('../errors');
const binding = require('../runtime/binding');
const clock = require('../runtime/clock');
const { reasonOf } = require('./arguments');
const { DETACHED, TIMED_OUT, names } = require('./results');
const { offAbort, onAbort } = require('./signals');

/** After how many milliseconds the kernel is asked again for what it has refused. */
const RETRY_DELAY = 10;

/** What the kernel refuses with as long as it is short of something. */
const TEMPORARY = ['ENOMEM', 'EAGAIN', 'EBUSY'];

const pending = new Map();

/** Enters a wait that has been started; `entry` is `{ resolve, reject, ref, signal }`. */
function add(id, entry, timeout) {
  const { signal } = entry;
  pending.set(id, entry);
  if (timeout !== Infinity) setTimer(id, entry, clock.now() + timeout);
  if (signal !== undefined) {
    entry.onAbort = () => cancel(id, entry, () => entry.reject(reasonOf(signal)));
    try {
      onAbort(signal, entry.onAbort);
    } catch (error) {
      cancel(id, entry, () => entry.reject(error));
    }
  }
}

function setTimer(id, entry, deadline) {
  const left = Math.ceil(deadline - clock.now());
  if (left <= 0) {
    expire(id);
    return;
  }
  entry.timer = clock.setTimeout(setTimer, Math.min(left, clock.LONGEST_TIMER), id, entry, deadline);
  if (!entry.ref) entry.timer.unref();
}

/** Ends a wait, if it has not ended, as its timeout does. */
function expire(id) {
  const entry = pending.get(id);
  if (entry !== undefined) cancel(id, entry, () => entry.resolve('timed-out'));
}

/** Asks for the end of a wait. If a notification is faster, it counts. */
function cancel(id, entry, onCancelled) {
  if (entry.onCancelled !== undefined) return;
  entry.onCancelled = onCancelled;
  retryUntilDone(() => binding.cancelWait(id));
}

/** Called by the native side when a wait has ended. */
function end(id, result) {
  const entry = pending.get(id);
  if (entry === undefined) return; // the call that began it was ended before it had a promise
  pending.delete(id);
  if (result === DETACHED) entry.reject(detached());
  else if (result === TIMED_OUT) entry.onCancelled();
  else entry.resolve(names[result]);
  if (entry.timer !== undefined) clock.clearTimeout(entry.timer);
  if (entry.signal !== undefined) offAbort(entry.signal, entry.onAbort);
}

/** To be called after a detach, which has ended the waits unless the kernel refused. */
function endDetached() {
  if (pending.size > 0) retryUntilDone(() => binding.cancelDetached());
}

/** Does something whose failure has no caller to be told to, until the kernel is no longer short of something. */
function retryUntilDone(action) {
  try {
    action();
  } catch (error) {
    if (!TEMPORARY.includes(error.code)) throw error;
    clock.setTimeout(retryUntilDone, RETRY_DELAY, action);
  }
}

module.exports = { add, end, endDetached, expire };
