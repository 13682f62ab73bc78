'use strict';
// What is in memory beyond its size: the rooms of the structures tell facts about a view to read, which changes nothing
// and may be of forged memory. Here it is found out which structure that is, and who the owners are that it names.

const owners = require('../runtime/owner');
const { NOBODY } = require('../mutex/word');
const { lookAtStructure } = require('./looking');
const { threadsOf } = require('./threads');

/** The rooms that can tell; before Node 16 there are no structures. */
const rooms = Number(process.versions.node.split('.')[0]) < 16 ? {} : {
  channel: () => require('../channel/describe'),
  topic: () => require('../topic/describe'),
  map: () => require('../map/describe'),
  locks: () => require('../locks/describe'),
};

/** A segment is not mapped but copied for a view, which takes time and memory (bytes). */
const LARGEST_COPY = 64 * 1024 * 1024;

/** What the rooms tell of memory; null if it is something else. @param {Int32Array} words */
function factsIn(words) {
  for (const name of Object.keys(rooms)) {
    const found = rooms[name]().describe(words);
    if (found !== null) return found;
  }
  return null;
}

/** Which structure is in an array; null if none is. */
function structureIn({ buffer, byteOffset, byteLength }) {
  const facts = factsIn(new Int32Array(buffer, byteOffset, byteLength >> 2));
  return facts === null ? null : facts.kind;
}

/**
 * Facts about the structure in memory; null if there is none, or it may not be read. Each owner in it is `{ number,
 * alive, process }`: `alive` is null if that cannot be told, `process` is `{ pid, name }`, or null if it is not seen.
 * Nothing stays attached.
 *
 * @param {any} status of `stat` or `list`
 * @param {{ pid: number, name: string }[]} processes those that have it mapped
 */
function structureOf(status, processes) {
  if (status.kind === 'sysv' && status.size > LARGEST_COPY) return null;
  const seen = lookAtStructure(status.key);
  const facts = seen === null ? null : factsIn(seen.array);
  if (seen !== null) seen.end();
  return facts === null ? null : withOwners(facts, processes);
}

/** The same facts, with what is known of each owner in place of its number. */
function withOwners(facts, processes) {
  const isOwned = facts.locks.owners.length > 0 || [facts.users, facts.readers].some((list) => list !== undefined && list.length > 0);
  const threads = isOwned ? threadsOf(processes) : new Map();
  const known = (number) => ({ number, alive: isAlive(number), process: threads.get(number) || null });
  const replaced = (list) => list && list.map((one) => Object.assign({}, one, { owner: known(one.owner) }));
  return Object.assign({}, facts, {
    locks: Object.assign({}, facts.locks, { owners: facts.locks.owners.map(known) }),
  }, facts.users && { users: replaced(facts.users) }, facts.readers && { readers: replaced(facts.readers) });
}

/** Forged memory names owners that there cannot be. */
function isAlive(number) {
  if (!(number >= 1 && number < NOBODY)) return false;
  try {
    return owners.isAlive(number);
  } catch (_) {
    return null;
  }
}

/** How much a structure has passed on between two looks at it; null if it is another one by now. */
function passedBetween(before, after) {
  if (before === null || after === null || before.kind !== after.kind) return null;
  return rooms[after.kind]().passed(before, after);
}

module.exports = { passedBetween, structureIn, structureOf };
