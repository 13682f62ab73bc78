'use strict';
// What the call under way has in its hands: the lock of a structure, a slot, a row. It is noted before it is taken, and
// the note is deleted when an object has it, or nobody. So whatever ends a call half-way, nothing stays taken: an
// exception or a stack overflow gives it back at once; a script that is terminated (a timeout of `vm`, Ctrl-C in the
// REPL: no `finally` runs then), at the thread's next call, or by a timer.
//
// Calls do not nest and do not wait for the event loop, so one note is enough for a thread, and a note that is found
// where no call is under way was left behind.

const { lateLook } = require('../runtime/late-look');

/** @type {{ giveBack(): void } | null} */
let inHand = null;

/** A look at each turn of the event loop would make a message 7 % slower that is waited for without blocking. */
const late = lateLook(giveBack);

/** Notes what a call is about to take, which must not be this thread's yet, or to give back. */
function hold(what) {
  if (inHand !== null && inHand !== what) giveBack();
  inHand = what;
  if (!late.isSet) late.set();
}

/** Notes that the call has nothing in its hands any more. */
function letGo() {
  inHand = null;
}

/** Drops the note of a call that was ended by force before it had taken what it wanted, if `isFree(what)`: by now another object of this thread has that. */
function disclaim(isFree) {
  if (inHand !== null && isFree(inHand)) inHand = null;
}

function isEmptyHanded() {
  return inHand === null;
}

/** Gives back what a call that has ended half-way had in its hands. If that fails, the next one tries again. */
function giveBack() {
  if (inHand === null) return;
  try {
    inHand.giveBack();
  } catch (error) {
    if (error.code !== 'ERR_SHM_DETACHED') throw error; // else it is gone with its memory
  }
  inHand = null;
}

/** Does what the event loop asks for by itself, which nobody ends by force: no timer has to look afterwards. */
function unwatched(action) {
  const wasSet = late.isSet;
  late.isSet = true;
  try {
    action();
  } finally {
    late.isSet = wasSet;
  }
}

module.exports = { disclaim, giveBack, hold, isEmptyHanded, letGo, unwatched };
