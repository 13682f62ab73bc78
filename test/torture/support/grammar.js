'use strict';
// A grammar of forged memory. Each kind of structure has places: groups of words that mean the same, with the rules by
// which values are made that come near to what may stand there. A forged memory is an honest one with a few words
// replaced by what the rules give, now and then with its geometry too, or with a part of it copied over another.

const channel = require('../../../lib/channel/layout');
const locks = require('../../../lib/locks/layout');
const map = require('../../../lib/map/layout');
const topic = require('../../../lib/topic/layout');
const { NOBODY } = require('../../../lib/mutex/word');

const EDGES = [0, 1, -1, 2, 3, 7, 8, 63, 64, 255, 256, 65535, 65536, 2 ** 20, 2 ** 20 + 1, 0x7fffffff, 0x7ffffffe, 0x80000000 | 0, 0x80000001 | 0, 0x40000000, 0xc0000000 | 0, 0x3fffffff];
const STATES = [channel.FREE, channel.WRITING, channel.TAKEN, channel.QUEUED];

/** Rules: what a word becomes. `forging` has `next(limit)`, `owners` and the structure's `words` and `values`. */
const rules = {
  edge: ({ next }) => EDGES[next(EDGES.length)],
  any: ({ next }) => next(2 ** 32) | 0,
  near: ({ next }, old) => (old + next(9) - 4) | 0,
  bit: ({ next }, old) => old ^ (1 << next(32)),
  twice: ({ next }, old) => Math.imul(old, 2 + next(3)),
  index: ({ next, count }) => next(count + 2) - 1,
  owner: ({ next, owners }) => owners[next(owners.length)],
  state: (forging) => STATES[forging.next(STATES.length)] | rules.owner(forging),
  // A lock of a thread that lives is waited for: seldom, since that takes its time.
  lock: (forging) => (forging.next(40) === 0 ? rules.owner(forging) : forging.owners[forging.next(2) * 4]) | [0, 0x40000000, 0x80000000, 0xc0000000][forging.next(4)],
  copied: ({ next, words }) => words[next(words.length)],
};

/** Places of each kind: `[how often, rules, the word as a function of the forging]`. */
const places = {
  channel: [
    [1, ['edge', 'near', 'twice'], ({ next }) => next(6)],
    [1, ['lock'], ({ next }) => [channel.PRODUCERS, channel.CONSUMERS][next(2)]],
    [4, ['near', 'edge', 'bit', 'any'], ({ next }) => [channel.HEAD, channel.TAIL, channel.FREED][next(3)]],
    [3, ['index', 'edge', 'any'], ({ next, values }) => channel.RING + next(channel.ringOf(values.slots))],
    [6, ['state', 'bit', 'edge'], (forging) => slotOf(forging) + channel.WORD],
    [4, ['near', 'edge', 'any', 'copied'], (forging) => slotOf(forging) + forging.next(channel.SLOT)],
  ],
  topic: [
    [1, ['edge', 'near', 'twice'], ({ next }) => next(6)],
    [1, ['lock'], () => topic.WRITER],
    [4, ['near', 'edge', 'bit', 'any'], () => topic.LATEST],
    [4, ['index', 'edge', 'any'], ({ next, values }) => topic.RING + next(topic.ringOf(values.history))],
    [3, ['owner', 'edge', 'any'], (forging) => rowOf(forging) + topic.OWNER],
    [3, ['index', 'edge', 'any'], (forging) => rowOf(forging) + topic.PIN],
    [4, ['near', 'edge', 'any', 'copied'], ({ next, values }) => topic.rowsOf(values.history) + topic.ROW * values.readers + next(topic.FRAME * topic.framesOf(values))],
  ],
  map: [
    [1, ['edge', 'near', 'twice'], ({ next }) => next(10)],
    [1, ['lock'], (forging) => shardOf(forging) + map.SHARD.mutex],
    [4, ['near', 'edge', 'bit', 'any'], (forging) => shardOf(forging) + map.SHARD.tail + forging.next(10)],
    [4, ['near', 'copied', 'edge', 'any'], (forging) => shardOf(forging) + map.FIRST_SLOT + forging.next(2 * forging.values.slots)],
    [6, ['near', 'copied', 'bit', 'edge', 'any'], (forging) => ringOf(forging) + forging.next(2 * forging.values.units)],
  ],
  locks: [
    [1, ['edge', 'near', 'twice'], ({ next }) => next(6)],
    [1, ['lock'], () => locks.MUTEX],
    [3, ['index', 'edge', 'any'], ({ next }) => locks.FIRST_FREE + next(3)],
    [4, ['index', 'edge', 'any'], ({ next, values }) => locks.BUCKETS + next(locks.BUCKET * locks.bucketsOf(values.requests))],
    [6, ['state', 'bit', 'edge'], (forging) => requestOf(forging) + locks.STATE],
    [6, ['index', 'edge', 'near', 'any', 'copied'], (forging) => requestOf(forging) + forging.next(locks.NAME + 4)],
  ],
};

const slotOf = ({ next, values }) => channel.RING + channel.ringOf(values.slots) + channel.SLOT * next(values.slots);
const rowOf = ({ next, values }) => topic.rowsOf(values.history) + topic.ROW * next(values.readers);
const shardOf = ({ next, values }) => (map.FIRST_SHARD + next(values.shards) * map.shardBytes(values.slots, values.units)) / 4;
const ringOf = (forging) => shardOf(forging) + map.FIRST_SLOT + 2 * forging.values.slots + forging.values.slots / 4;
const requestOf = ({ next, values }) => locks.firstRequestOf(values.requests) + locks.REQUEST * next(Math.min(values.requests, 12));

/** How many places, slots, frames … a kind's indexes choose from. */
const counts = {
  channel: ({ slots }) => slots,
  topic: (values) => topic.framesOf(values),
  map: ({ units }) => units,
  locks: ({ requests }) => Math.min(requests, 12),
};

/**
 * Forges the words of an honest structure.
 *
 * @param {string} kind
 * @param {Int32Array} words
 * @param {{ next: (limit: number) => number, values: any, owners: number[] }} given
 */
function forge(kind, words, given) {
  const forging = Object.assign({ words, count: counts[kind](given.values) }, given);
  const { next } = forging;
  const choices = [].concat(...places[kind].map((place) => Array(place[0]).fill(place)));
  for (let left = 1 + next(8); left > 0; left--) {
    if (next(20) === 0) copyPart(words, next);
    const [, names, wordOf] = choices[next(choices.length)];
    const at = wordOf(forging);
    words[at] = rules[names[next(names.length)]](forging, words[at]);
  }
}

/** Writes a part over another: what is there twice, or half. */
function copyPart(words, next) {
  const length = 1 + next(64);
  const from = next(words.length);
  words.copyWithin(next(words.length), from, from + length);
}

/** Numbers as owners have them: of nobody, of this thread, of one that lives elsewhere, of one that has died. */
const ownersOf = (self, living, dead) => [0, self, living, dead, dead, NOBODY];

module.exports = { forge, kinds: Object.keys(places), ownersOf };
