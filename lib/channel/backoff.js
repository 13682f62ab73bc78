'use strict';
// Short waits for what will soon be there: another thread's lock of a few words, a slot of a queue that is being emptied.
// To be woken for them would take longer than they last, and cost the thread that has to wake.

const waiting = require('../wait');
const { leftUntil } = require('../structures/condition');

/** Turns of an empty loop between two looks, so that looking does not hinder the others. */
const TURNS_BETWEEN_LOOKS = 100;

/** After so many looks without a change there will be none soon: about two microseconds. */
const LOOKS_WITHOUT_CHANGE = 40;

/** How long the first sleep between two attempts takes, and how long none does any more; each takes twice as long (ms). */
const FIRST_SLEEP = 0.05;
const SLEEP_LIMIT = 0.5;

/**
 * Returns when a word has changed so many times, or does not change any more. A thread that empties a queue at this
 * moment on another processor has made room sooner than a sleep could end.
 *
 * @param {Int32Array} words
 */
function spinWhileChanging(words, index, changesWanted) {
  let seen = Atomics.load(words, index);
  let changes = 0;
  for (let looks = 0; looks < LOOKS_WITHOUT_CHANGE && changes < changesWanted; looks++) {
    for (let turn = 0; turn < TURNS_BETWEEN_LOOKS; turn++);
    const value = Atomics.load(words, index);
    if (value === seen) continue;
    seen = value;
    changes++;
    looks = 0;
  }
}

/**
 * What `attempt()` gives after one of a few sleeps, of a millisecond together; undefined if they did not help. `index` is
 * that of a word that is never notified.
 */
function retryBriefly(words, index, attempt, deadline) {
  const value = Atomics.load(words, index);
  for (let sleep = FIRST_SLEEP; sleep < SLEEP_LIMIT && sleep < leftUntil(deadline); sleep *= 2) {
    waiting.wait(words, index, value, sleep);
    const result = attempt();
    if (result !== undefined) return result;
  }
  return undefined;
}

module.exports = { retryBriefly, spinWhileChanging };
