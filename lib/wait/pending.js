'use strict';
// The asynchronous waits that have not ended, by their number: their promises, timers and signals.

const { detached } = require('../errors');
const binding = require('../runtime/binding');
const clock = require('../runtime/clock');
const { lateLook } = require('../runtime/late-look');
const { reasonOf } = require('./arguments');
const { DETACHED, TIMED_OUT, names } = require('./results');
const { offAbort, onAbort } = require('./signals');

/** After how many milliseconds the kernel is asked again for what it has refused. */
const RETRY_DELAY = 10;

/** What the kernel refuses with as long as it is short of something. */
const TEMPORARY = ['ENOMEM', 'EAGAIN', 'EBUSY'];

const pending = new Map();

/**
 * The wait that the kernel has begun and that the call under way is about to enter. If an exception or a timeout of `vm`
 * ends that call, nobody waits for it: the next call or a timer ends it, and a notification that it has had is the next one's.
 * @type {{ id: number, int32Array: Int32Array, index: number } | null}
 */
let begun = null;

const late = lateLook(abandon);

/** Begins a wait, to be entered by `add`: its number, or a negative one if there is none. */
function begin(int32Array, index, expected, ref) {
  abandon();
  if (!late.isSet) late.set();
  const id = binding.waitAsync(int32Array, index, expected, ref);
  // Before anything is called: only then does an engine look whether it has to terminate the script.
  if (id >= 0) begun = { id, int32Array, index };
  return id;
}

/** Enters the wait that has begun; `entry` is `{ resolve, reject, ref, signal }`. */
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
  begun = null;
}

/** Ends the wait that a call has begun and not entered. */
function abandon() {
  if (begun === null) return;
  const { id, int32Array, index } = begun;
  const known = pending.get(id);
  if (known !== undefined) release(known);
  const passOn = (result) => {
    if (result === 'ok' && int32Array.length > 0) binding.notify(int32Array, index, 1);
  };
  const entry = { resolve: passOn, reject() {}, ref: false, signal: undefined };
  pending.set(id, entry);
  begun = null;
  cancel(id, entry, () => {});
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
  abandon(); // no call is under way
  const entry = pending.get(id);
  if (entry === undefined) return;
  pending.delete(id);
  if (result === DETACHED) entry.reject(detached());
  else if (result === TIMED_OUT) entry.onCancelled();
  else entry.resolve(names[result]);
  release(entry);
}

function release({ timer, signal, onAbort }) {
  if (timer !== undefined) clock.clearTimeout(timer);
  if (signal !== undefined && onAbort !== undefined) offAbort(signal, onAbort);
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

module.exports = { add, begin, end, endDetached, expire };
