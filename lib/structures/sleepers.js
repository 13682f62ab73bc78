'use strict';
// The other side of a condition: telling those who may sleep that something has changed.

const waiting = require('../wait');

/** The bit of a condition's word that says that somebody may sleep. */
const MAY_SLEEP = 1;

/** Counts a change that has been made, and wakes all, if somebody may sleep for it. @param {Int32Array} words */
function countIfMarked(words, index) {
  const value = Atomics.load(words, index);
  if ((value & MAY_SLEEP) === 0) return;
  // If somebody else has counted meanwhile, that one wakes.
  if (Atomics.compareExchange(words, index, value, (value + MAY_SLEEP) | 0) === value) waiting.notify(words, index);
}

/** Wakes all who sleep, for a change that is not counted. @param {Int32Array} words */
function wakeAll(words, index) {
  Atomics.and(words, index, ~MAY_SLEEP);
  waiting.notify(words, index);
}

module.exports = { MAY_SLEEP, countIfMarked, wakeAll };
