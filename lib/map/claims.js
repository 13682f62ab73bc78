'use strict';
// The claims of `compute`. A thread that computes the value of a key has an entry of its own for that key in the map:
// marked as a claim, with the owner's number and the claim's as its value. Who finds one waits, unless it is not held.
//
//   none → held by a thread       that thread, which has found neither a value nor a held claim
//   held → held by another        another thread, which has found that the first one died or left the claim behind
//   held → none                   the thread that holds it, when its callback has ended; or whoever calls `clear`
//
// All of it happens with the lock of the key's shard.

const { randomInt } = require('crypto');
const owners = require('../runtime/owner');
const { oncePerThread } = require('../runtime/thread');

/** A claim's number is random, so no two claims of a thread have the same one. */
const NUMBER_MAX = 2 ** 31;

/** The numbers of the claims that this thread holds. @type {Set<number>} */
const held = oncePerThread('map claims', () => new Set());

/** A new number, which is held from now on. */
function begin() {
  const number = randomInt(1, NUMBER_MAX);
  held.add(number);
  return number;
}

/** The value of a claim's entry. */
function valueOf(number) {
  return new Uint8Array(Int32Array.of(owners.ownNumber(), number).buffer);
}

/** Whether the claim at a position is that of this thread with that number. */
function isOwn(shard, position, number) {
  const at = shard.valueStartAt(position);
  return shard.words[at] === owners.ownNumber() && shard.words[at + 1] === number;
}

/** Whether the callback of the claim at a position still runs, or may: its thread lives. */
function isHeld(shard, position, isAlive = owners.isAlive) {
  const at = shard.valueStartAt(position);
  const owner = shard.words[at];
  return owner === owners.ownNumber() ? held.has(shard.words[at + 1]) : isAlive(owner);
}

/** An `isHeld` for many claims: it asks the kernel once for each owner. */
function holding() {
  const alive = new Map();
  const isAlive = (owner) => {
    if (!alive.has(owner)) alive.set(owner, owners.isAlive(owner));
    return alive.get(owner);
  };
  return (shard, position) => isHeld(shard, position, isAlive);
}

function end(number) {
  held.delete(number);
}

module.exports = { begin, end, holding, isHeld, isOwn, valueOf };
