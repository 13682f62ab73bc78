'use strict';
// Where everything of a lock manager is, in words of 32 bits: a mutex, buckets of names, and a table of requests.
//
// The state of a request, above its owner's number, is what counts; everything else about it is written before:
//
//   FREE     → PENDING | HELD   a thread asks for a lock, with the mutex
//   PENDING  → HELD             it is granted, with the mutex; → FREE: it is given up, or its owner is dead
//   HELD     → BROKEN           it is stolen, with the mutex; → FREE: it is released, or its owner is dead
//   BROKEN   → FREE             its owner has seen it, or is dead
//
// A request of no owner (number 0) counts as that of a dead one; of the owner RELEASED, too, but it was given back, without the
// mutex, so nobody is told of a death. A thread's mailbox is a HELD request without a name.

const { NOBODY } = require('../mutex/word');
const { aligned, powerOfTwo } = require('../structures/geometry');

// Words of the header.
const MUTEX = 16;
const FIRST_FREE = 32;
const USED = 33; // requests from this one on were never used
const LAST_ORDER = 34;
const BUCKETS = 48;

// Words of a bucket, and how many it has. Lists are of requests' numbers + 1; 0 is the end.
const PENDING_FIRST = 0;
const PENDING_LAST = 1;
const HELD_FIRST = 2;
const BUCKET = 4;

// Words of a request, and how many it has.
const STATE = 0;
const ORDER = 1;
const MODE = 2;
const PERMITS = 3;
const OWNER_DIED = 4;
const MAILBOX = 5;
const NEXT = 6;
const PREVIOUS = 7;
const HASH = 8;
const LENGTH = 9;
const SINCE = 10; // two words: milliseconds since 1970, as a float of 64 bits
const PID = 12;
const IS_NEWS = 13;
const NEXT_NEWS = 14;
const NAME = 16;
const REQUEST = 80;

// Words of a mailbox, which is a request without a name.
const CHANGES = 16; // the word to sleep on
const FIRST_NEWS = 17;

// Parts of a state.
const OWNER = 0x3fffffff;
const RELEASED = NOBODY;
const FREE = 0;
const PENDING = 0x40000000;
const HELD = -0x80000000;
const BROKEN = -0x40000000;

// Modes.
const EXCLUSIVE = 1;
const SHARED = 2;
const OF_MAILBOX = 3;

/** How many bytes of UTF-8 a name can have. */
const NAME_MAX = 255;

const bucketsOf = (requests) => powerOfTwo(requests);
const firstRequestOf = (requests) => aligned(4 * (BUCKETS + BUCKET * bucketsOf(requests))) / 4;

/** @type {any} */
const kind = {
  what: 'lock manager',
  magic: 0x4b434f4c, // LOCK
  version: 1,
  fields: [{ name: 'requests', most: 2 ** 20, initially: 4096 }],
  complete: ({ requests }) => [requests, bucketsOf(requests)],
  bytesOf: ({ requests }) => 4 * (firstRequestOf(requests) + REQUEST * requests),
};

module.exports = {
  BROKEN,
  BUCKET,
  BUCKETS,
  CHANGES,
  EXCLUSIVE,
  FIRST_FREE,
  FIRST_NEWS,
  FREE,
  HASH,
  HELD,
  HELD_FIRST,
  IS_NEWS,
  LAST_ORDER,
  LENGTH,
  MAILBOX,
  MODE,
  MUTEX,
  NAME,
  NAME_MAX,
  NEXT,
  NEXT_NEWS,
  OF_MAILBOX,
  ORDER,
  OWNER,
  OWNER_DIED,
  PENDING,
  PENDING_FIRST,
  PENDING_LAST,
  PERMITS,
  PID,
  PREVIOUS,
  RELEASED,
  REQUEST,
  SHARED,
  SINCE,
  STATE,
  USED,
  bucketsOf,
  firstRequestOf,
  kind,
};
