'use strict';
// What can be told of a topic from a view of its memory, which may be forged; see structures/describe.js.

const { MAX_OWNERS, describeLocks } = require('../mutex/describe');
const { geometryIn } = require('../structures/describe');
const { CLOSED } = require('../structures/structure');
const { LATEST, NUMBER, OWNER, PIN, ROW, SEEN, WRITER, kind, rowsOf } = require('./layout');

/**
 * Facts; null if it is no topic. `readers` are the slowest ones, at most MAX_OWNERS of `reading`.
 *
 * @param {Int32Array} words
 */
function describe(words) {
  const values = geometryIn(kind, words);
  if (values === null) return null;
  const { size, history, readers: places } = values;
  const latest = words[LATEST] >>> 1;
  const readers = [];
  const first = rowsOf(history);
  for (let place = 0; place < places; place++) {
    const row = first + place * ROW;
    const owner = words[row + OWNER];
    if (owner !== 0) readers.push({ place, owner, behind: (latest - words[row + SEEN]) & NUMBER, hasFrame: words[row + PIN] !== 0 });
  }
  readers.sort((one, other) => other.behind - one.behind);
  return {
    kind: kind.what,
    size,
    history,
    closed: words[CLOSED] !== 0,
    latest,
    places,
    reading: readers.length,
    readers: readers.slice(0, MAX_OWNERS),
    locks: describeLocks(words, [WRITER]),
  };
}

/** How many frames were published between two looks. */
const passed = (before, after) => ({ published: (after.latest - before.latest) & NUMBER });

module.exports = { describe, passed };
