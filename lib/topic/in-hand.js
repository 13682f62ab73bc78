'use strict';
// What a call is about to take or to give back: the writer's lock or a reader's row. It is noted first, and the note is
// deleted when the object has it, or nobody. So whatever ends a call half-way, nothing stays taken: an exception or a
// stack overflow gives it back at once; a script that is terminated (no `finally` runs then), at the next call, or at the
// next turn of the event loop.

const clock = require('../runtime/clock');

/** @type {{ giveBack(): void } | null} */
let inHand = null;

/** Whether the next turn of the event loop will look. */
let isWatched = false;

/** Notes what a call is about to take, which must not be this thread's yet, or to give back. */
function hold(what) {
  if (inHand !== null && inHand !== what) giveBack();
  inHand = what;
  if (isWatched) return;
  clock.setImmediate(look);
  isWatched = true;
}

/** No call is under way now: whatever is noted was left. */
function look() {
  isWatched = false;
  giveBack();
}

/** Notes that the call has nothing in its hands any more. */
function letGo() {
  inHand = null;
}

function isEmptyHanded() {
  return inHand === null;
}

/** Gives back what a call that has ended half-way had in its hands. */
function giveBack() {
  const what = inHand;
  inHand = null;
  if (what === null) return;
  try {
    what.giveBack();
  } catch (_) {
    // Its memory has been detached.
  }
}

module.exports = { giveBack, hold, isEmptyHanded, letGo };
