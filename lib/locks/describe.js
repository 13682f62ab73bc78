'use strict';
// What can be told of a lock manager from a view of its memory, which may be forged; see structures/describe.js.

const { describeLocks } = require('../mutex/describe');
const { geometryIn } = require('../structures/describe');
const { FREE, HELD, LAST_ORDER, MODE, MUTEX, OF_MAILBOX, ORDER, OWNER, OWNER_DIED, PENDING, PERMITS, PID, REQUEST, SHARED, SINCE, STATE, USED, firstRequestOf, kind } = require('./layout');
const { nameOf } = require('./name');

/** Facts; null if it is no lock manager. @param {Int32Array} words */
function describe(words) {
  const values = geometryIn(kind, words);
  if (values === null) return null;
  const { requests } = values;
  const found = requestsIn(words, requests);
  const count = (state) => found.filter((request) => request.state === state).length;
  return { kind: 'locks', requests, held: count('held'), pending: count('pending'), asked: words[LAST_ORDER] >>> 0, locks: describeLocks(words, [MUTEX]) };
}

/** The requests that are held or pending, in the order in which they were made. @param {Int32Array} words */
function requestsIn(words, requests) {
  const found = [];
  const since = new DataView(words.buffer, words.byteOffset, words.byteLength);
  const used = Math.min(words[USED] >>> 0, requests);
  for (let request = 0; request < used; request++) {
    const at = firstRequestOf(requests) + request * REQUEST;
    const word = words[at + STATE];
    const state = word & ~OWNER;
    if (word === FREE || words[at + MODE] === OF_MAILBOX || (state !== HELD && state !== PENDING)) continue;
    found.push({
      name: nameOf(words, at),
      state: state === HELD ? 'held' : 'pending',
      mode: words[at + MODE] === SHARED ? 'shared' : 'exclusive',
      permits: words[at + PERMITS],
      owner: word & OWNER,
      pid: words[at + PID],
      ownerDied: words[at + OWNER_DIED] !== 0,
      since: since.getFloat64((at + SINCE) * 4, isLittleEndian),
      order: words[at + ORDER],
    });
  }
  return found.sort((a, b) => (a.order - b.order) | 0);
}

/** How many requests were made between two looks. */
const passed = (before, after) => ({ asked: (after.asked - before.asked) >>> 0 });

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

module.exports = { describe, passed, requestsIn };
