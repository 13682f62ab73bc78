'use strict';
// What can be told of locks from a view of their words. Nothing is written, and there are no Atomics: Bun compiles
// their loads to writes, which a view to read must not have.

const { CONTENDED, OWNER } = require('./word');

/** How many owners are told of: asking the kernel about one takes microseconds, and forged memory may name millions. */
const MAX_OWNERS = 16;

/**
 * How many of these locks are held, how many of them somebody may wait for, and the numbers of the first owners.
 *
 * @param {Int32Array} words
 * @param {Iterable<number>} indexes
 */
function describeLocks(words, indexes) {
  const owners = new Set();
  let held = 0;
  let wanted = 0;
  for (const index of indexes) {
    const word = words[index];
    const owner = word & OWNER;
    if (owner !== 0) held++;
    if ((word & CONTENDED) !== 0) wanted++;
    if (owner !== 0 && owners.size < MAX_OWNERS) owners.add(owner);
  }
  return { held, wanted, owners: Array.from(owners) };
}

module.exports = { MAX_OWNERS, describeLocks };
