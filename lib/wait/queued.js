'use strict';
// The place of this thread in the kernel's queue while it blocks: it keeps it while it looks up. A script can be
// terminated then (a timeout of `vm`), and no `finally` runs. Its place would take a notification that is another one's,
// so this thread leaves it when it waits again, or by a timer.

const binding = require('../runtime/binding');
const { lateLook } = require('../runtime/late-look');
const { BEGUN, OK, TIMED_OUT } = require('./results');

/** The word that this thread is in the queue for. @type {{ int32Array: Int32Array, index: number } | null} */
let place = null;

const late = lateLook(leave);

/** Enters the queue; what the native side answers. */
function begin(int32Array, index, expected) {
  leave();
  if (!late.isSet) late.set();
  const begun = binding.beginWait(int32Array, index, expected);
  // Before anything is called: only then does an engine look whether it has to terminate the script.
  if (begun === BEGUN) place = { int32Array, index };
  return begun;
}

/** Blocks; the place is kept if the time is over, unless it is the last time. */
function sleep(milliseconds, isLast) {
  const result = binding.continueWait(milliseconds, isLast);
  if (result !== TIMED_OUT || isLast) place = null;
  return result;
}

/** Leaves a place at which no call waits any more. A notification that has come there is the next one's. */
function leave() {
  if (place === null) return;
  const { int32Array, index } = place;
  place = null;
  if (binding.continueWait(0, true) === OK && int32Array.length > 0) binding.notify(int32Array, index, 1);
}

module.exports = { begin, sleep };
