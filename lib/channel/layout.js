'use strict';
// Where everything of a channel is, in words of 32 bits. docs/channels.md specifies it.

const { aligned, powerOfTwo } = require('../structures/geometry');

// Words of the header; those that are written often have a cache line each.
const PRODUCERS = 16;
const HEAD = 32;
const CONSUMERS = 48;
const TAIL = 64;
const FREED = 80;
const RING = 96;

// Words of a slot, and how many it has.
const WORD = 0;
const TICKET = 1;
const LENGTH = 2;
const DELIVERIES = 3;
const TAG = 4;
const SLOT = 8;

// A slot's word: its state, and below that its owner's number. Who may go from which to which:
//
// FREE           → WRITING + me   a sender, by compareExchange
// WRITING + me   → QUEUED         its owner, with the lock P: from here on it is sent
//                → FREE           its owner; with P any thread that finds the owner dead; by compareExchange
// QUEUED         → TAKEN + me     a receiver, with the lock C
// TAKEN + me     → FREE           its owner, by compareExchange
//                → WRITING + me   its owner, who drops the oldest message
//                → QUEUED         its owner, with P, who puts it back
// TAKEN + dead   → TAKEN + me     with P, by compareExchange, to queue it again
// WRITING + me, TAKEN + me → the same without owner: a call failed. That is taken for a dead owner.
const OWNER = 0x3fffffff;
const FREE = 0;
const WRITING = 0x40000000;
const TAKEN = -0x80000000;
const QUEUED = -0x40000000;

/** Positions in the queue are numbers of 31 bits. */
const POSITION = 0x7fffffff;

const ringOf = (slots) => powerOfTwo(2 * slots);
const dataOf = (slots) => aligned(4 * (RING + ringOf(slots) + SLOT * slots));

/** @type {any} */
const kind = {
  what: 'channel',
  magic: 0x4e414843, // CHAN
  version: 1,
  fields: [{ name: 'slots', most: 2 ** 20, initially: 64 }, { name: 'size', most: 2 ** 31 - 64 }],
  complete: ({ slots, size }) => [slots, size, ringOf(slots)],
  dataOf: ({ slots }) => dataOf(slots),
  bytesOf: ({ slots, size }) => dataOf(slots) + slots * aligned(size),
};

module.exports = {
  CONSUMERS,
  DELIVERIES,
  FREE,
  FREED,
  HEAD,
  LENGTH,
  OWNER,
  POSITION,
  PRODUCERS,
  QUEUED,
  RING,
  SLOT,
  TAG,
  TAIL,
  TAKEN,
  TICKET,
  WORD,
  WRITING,
  kind,
  ringOf,
};
