'use strict';
// Short sleeps between tries, for what will soon be there. Nobody has to wake who naps, and so nobody pays for it.

const waiting = require('../wait');

/** How long the first nap takes, and what all are shorter than (milliseconds); the next one takes twice as long. */
const FIRST = 0.05;
const LONG = 0.5;

/**
 * Tries again after each nap, until `attempt()` returns something else than undefined; undefined, if that did not
 * help in a millisecond. `index` is that of a word that nobody notifies, `left` are the milliseconds there are.
 */
function nap(words, index, attempt, left) {
  const value = Atomics.load(words, index);
  for (let length = FIRST; length < LONG && length < left; length *= 2) {
    waiting.wait(words, index, value, length);
    const result = attempt();
    if (result !== undefined) return result;
  }
  return undefined;
}

module.exports = { nap };
