'use strict';
// The options of a SharedMap's calls.

const clock = require('../runtime/clock');
const { invalidType } = require('../errors');
const { duration, flag, integer, optionsReader, permissions, signal, timeout } = require('../options');
const { needOptions } = require('./errors');
const { BYTES_MAX } = require('./sizing');
const { ENTRY_UNITS, KEY_MAX, UNIT } = require('./layout');

/**
 * How long a call waits for the lock of a shard (milliseconds), unless it says otherwise. Locks are held for
 * microseconds and a dead owner's is free after 150 ms, so only a stopped process is waited for as long.
 */
const LOCK_TIMEOUT = 5000;

/** The smallest limit of an entry: a key of up to 8 bytes, and a number. */
const ENTRY_MIN = (ENTRY_UNITS + 2) * UNIT;

const SIZES = ['bytes', 'entries', 'maxEntry'];
const OF_CREATING = ['perm', 'transient'].concat(SIZES);

const readMapOptions = optionsReader(
  'SharedMap',
  {
    bytes: integer(1, BYTES_MAX),
    entries: integer(1, BYTES_MAX),
    maxEntry: integer(ENTRY_MIN, BYTES_MAX),
    evict: flag,
    ttl: duration,
    timeout,
    readOnly: flag,
    transient: flag,
    perm: permissions,
  },
  [
    [
      (options) => options.readOnly === true && OF_CREATING.some((name) => options[name] !== undefined),
      `"readOnly" creates nothing, and ${OF_CREATING.map((name) => `"${name}"`).join(', ')} are for what is created`,
    ],
  ],
);

/** The constructor's options; those that calls fall back to are always there. */
function mapOptions(given) {
  return Object.assign(Object.create(null), { ttl: Infinity, timeout: LOCK_TIMEOUT, readOnly: false }, readMapOptions(given));
}

const readSizes = optionsReader('SharedMap.bytesFor', {
  entries: integer(1, BYTES_MAX),
  keyBytes: integer(0, KEY_MAX),
  valueBytes: integer(0, BYTES_MAX),
});

/** What `bytesFor` is given, all of it. */
function sizesOf(given) {
  const sizes = readSizes(given);
  for (const name of ['entries', 'keyBytes', 'valueBytes']) {
    if (sizes[name] === undefined) throw invalidType(`options.${name}`, 'a number', undefined);
  }
  return sizes;
}

/** What reads the options of one call; what was not given is as the map has it. */
function callReader(call, readers, elsewhere) {
  const read = optionsReader(`SharedMap.${call}`, readers, [], elsewhere);
  const first = Object.keys(readers)[0];
  return (given, defaults) => {
    if (given === undefined) return defaults;
    needOptions(given, first);
    const options = read(given);
    if (options.ttl === undefined) options.ttl = defaults.ttl;
    if (options.timeout === undefined) options.timeout = defaults.timeout;
    return options;
  };
}

const stores = (call) => callReader(call, { ttl: duration, timeout }, { initial: 'increment', stale: 'compute' });

const read = {
  set: stores('set'),
  add: stores('add'),
  replace: stores('replace'),
  increment: callReader('increment', { ttl: duration, initial: number, timeout }),
  delete: callReader('delete', { timeout }),
  update: callReader('update', { timeout }, { ttl: 'set' }),
  touch: callReader('touch', { timeout }),
  clear: callReader('clear', { timeout }),
  prune: callReader('prune', { timeout }),
};

const readCompute = optionsReader('SharedMap.compute', { ttl: duration, stale: timeout, timeout, signal, ref: flag });

/** The options of `compute`, all of them. */
function computeOptions(given, defaults) {
  needOptions(given, 'ttl');
  const { ttl = defaults.ttl, stale = 0, timeout: bound = Infinity, signal: abort, ref = true } = readCompute(given);
  return { ttl, stale, timeout: bound, signal: abort, ref };
}

function number(value, argument) {
  if (typeof value !== 'number') throw invalidType(argument, 'a number', value);
  return value;
}

/** When what is stored now expires, in milliseconds since 1970; 0: never. */
function expiryAfter(ttl) {
  return ttl === Infinity ? 0 : clock.time() + ttl;
}

/** How many milliseconds are left until then. */
function timeUntil(expiry) {
  return expiry === 0 ? Infinity : Math.max(0, expiry - clock.time());
}

module.exports = { SIZES, computeOptions, expiryAfter, mapOptions, read, sizesOf, timeUntil };
