'use strict';
// To look at a word for as long as others change it. Whoever empties a queue at this moment on another processor has
// made room sooner than a sleep could end; and whoever does not, or is not running, is waited for in vain for two
// microseconds only.

/** Turns of an empty loop between two looks, so that they do not hinder the others. */
const PAUSE = 100;

/** How many looks there are without a change. */
const LOOKS = 40;

/** Returns when a word has changed `many` times, or does not change any more. @param {Int32Array} words */
function follow(words, index, many) {
  let seen = words[index];
  let changes = 0;
  for (let looks = 0; looks < LOOKS && changes < many; looks++) {
    for (let turn = 0; turn < PAUSE; turn++);
    const value = Atomics.load(words, index);
    if (value === seen) continue;
    seen = value;
    changes++;
    looks = 0;
  }
}

module.exports = { follow };
