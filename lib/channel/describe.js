'use strict';
// What can be told of a channel from a view of its memory, which may be forged; see structures/describe.js.

const { MAX_OWNERS, describeLocks } = require('../mutex/describe');
const { geometryIn } = require('../structures/describe');
const { CLOSED } = require('../structures/structure');
const { CONSUMERS, FREE, HEAD, OWNER, POSITION, PRODUCERS, QUEUED, RING, SLOT, TAIL, WRITING, kind, ringOf } = require('./layout');

/**
 * Facts; null if it is no channel. `sent` and `received` are positions, which begin again at 0 after `POSITION`.
 *
 * @param {Int32Array} words
 */
function describe(words) {
  const values = geometryIn(kind, words);
  if (values === null) return null;
  const { slots, size } = values;
  const sent = words[HEAD] >>> 1;
  const received = words[TAIL] & POSITION;
  return {
    kind: kind.what,
    slots,
    size,
    closed: words[CLOSED] !== 0,
    messages: (sent - received) & POSITION,
    sent,
    received,
    ...slotsOf(words, slots),
    locks: describeLocks(words, [PRODUCERS, CONSUMERS]),
  };
}

/** How many slots are in which state, and the first owners of those that are being written or have been taken. */
function slotsOf(words, slots) {
  const counts = { free: 0, queued: 0, writing: 0, taken: 0 };
  const users = new Map();
  const first = RING + ringOf(slots);
  for (let slot = 0; slot < slots; slot++) {
    const word = words[first + slot * SLOT];
    const owner = word & OWNER;
    const state = word & ~OWNER;
    const name = state === FREE ? 'free' : state === QUEUED ? 'queued' : state === WRITING ? 'writing' : 'taken';
    counts[name]++;
    if (owner === 0 || (users.size === MAX_OWNERS && !users.has(owner))) continue;
    if (!users.has(owner)) users.set(owner, { owner, writing: 0, taken: 0 });
    if (name === 'writing' || name === 'taken') users.get(owner)[name]++;
  }
  return { ...counts, users: Array.from(users.values()) };
}

/** How many messages were sent and received between two looks. */
const passed = (before, after) => ({
  sent: (after.sent - before.sent) & POSITION,
  received: (after.received - before.received) & POSITION,
});

module.exports = { describe, passed };
