'use strict';
// What can be told of a lock manager from a view of its memory, which may be forged; see structures/describe.js.

const { describeLocks } = require('../mutex/describe');
const { geometryIn } = require('../structures/describe');
const { HELD, LAST_ORDER, MODE, MUTEX, OF_MAILBOX, ORDER, OWNER, OWNER_DIED, PENDING, PERMITS, PID, REQUEST, SHARED, SINCE, STATE, USED, firstRequestOf, kind } = require('./layout');
const { nameOf } = require('./name');

/** Facts; null if it is no lock manager. @param {Int32Array} words */
function describe(words) {
  const values = geometryIn(kind, words);
  if (values === null) return null;
  const { requests } = values;
  const counts = { held: 0, pending: 0 };
  for (const at of placesIn(words, requests)) counts[stateAt(words, at)]++;
  return { kind: 'locks', requests, ...counts, asked: words[LAST_ORDER] >>> 0, locks: describeLocks(words, [MUTEX]) };
}

/** Where the requests are that are held or pending. */
function* placesIn(words, requests) {
  const used = Math.min(words[USED] >>> 0, requests);
  const first = firstRequestOf(requests);
  for (let request = 0; request < used; request++) {
    const at = first + request * REQUEST;
    if (words[at + MODE] !== OF_MAILBOX && stateAt(words, at) !== null) yield at;
  }
}

function stateAt(words, at) {
  const state = words[at + STATE] & ~OWNER;
  return state === HELD ? 'held' : state === PENDING ? 'pending' : null;
}

/** The oldest requests that are held or pending, at most `most`, in the order in which they were made. @param {Int32Array} words */
function requestsIn(words, requests, most = Infinity) {
  const floats = new DataView(words.buffer, words.byteOffset, words.byteLength);
  const oldest = Array.from(placesIn(words, requests)).sort((one, other) => (words[one + ORDER] - words[other + ORDER]) | 0);
  return oldest.slice(0, most).map((at) => ({
    name: nameOf(words, at),
    state: stateAt(words, at),
    mode: words[at + MODE] === SHARED ? 'shared' : 'exclusive',
    permits: words[at + PERMITS],
    owner: words[at + STATE] & OWNER,
    pid: words[at + PID],
    ownerDied: words[at + OWNER_DIED] !== 0,
    since: floats.getFloat64((at + SINCE) * 4, isLittleEndian),
  }));
}

/** How many requests were made between two looks. */
const passed = (before, after) => ({ asked: (after.asked - before.asked) >>> 0 });

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

module.exports = { describe, passed, requestsIn };
