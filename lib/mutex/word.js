'use strict';
// The word of a lock.
//
//   0                               free
//   owner                           locked by the thread of that number; nobody sleeps
//   owner | CONTENDED               locked; somebody may sleep
//   owner | CONTENDED | HANDED_ON   locked; a thread that was woken before came too late
//   CONTENDED | HANDED_ON           nobody's: kept for a thread that has slept, see HANDED_ON_FOR
//
// From free, any thread makes it its own. Whoever finds it locked adds the marks before it sleeps. The owner makes it
// free, or hands it on if that mark is set. Who has slept takes what is handed on, or the word of a dead owner.

const OWNER = 0x3fffffff;
/** A number that no thread has: that of an owner who is dead for sure. */
const NOBODY = 0x3fffffff;
const HANDED_ON = 0x40000000;
const CONTENDED = -0x80000000;

/** How often a thread that waits looks whether the owner still lives (milliseconds). */
const OWNER_CHECK_INTERVAL = 50;

/** How often it looks whether the key of the memory still leads to it (milliseconds). */
const CURRENT_CHECK_INTERVAL = 1000;

/** How long a lock that was handed on is left to the thread that was woken (milliseconds). */
const HANDED_ON_FOR = 5;

module.exports = { CONTENDED, CURRENT_CHECK_INTERVAL, HANDED_ON, HANDED_ON_FOR, NOBODY, OWNER, OWNER_CHECK_INTERVAL };
