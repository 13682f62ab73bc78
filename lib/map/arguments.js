'use strict';
// Checks what the user of a SharedMap gives.

const { invalidType, outOfRange, show, withCode } = require('../errors');

const SIZES = ['bytes', 'entries', 'maxEntry'];
const OPTIONS = SIZES.concat('evict', 'ttl', 'perm');
const SIZE_MAX = 2 ** 31;

/** The constructor's options, checked; `ttl` is never undefined. */
function optionsOf(options) {
  if (options === undefined) return { ttl: Infinity };
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  const checked = Object.assign({}, options);
  const unknown = Object.keys(checked).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, OPTIONS);
  for (const name of SIZES) {
    if (checked[name] !== undefined) checked[name] = sizeOf(`options.${name}`, checked[name]);
  }
  if (checked.evict !== undefined && typeof checked.evict !== 'boolean') throw invalidType('options.evict', 'true or false', checked.evict);
  checked.ttl = checked.ttl === undefined ? Infinity : millisecondsOf('options.ttl', checked.ttl);
  return checked;
}

function sizeOf(name, value) {
  if (typeof value !== 'number') throw invalidType(name, 'a number', value);
  if (!(value >= 1 && value <= SIZE_MAX)) throw outOfRange(name, `from 1 to ${SIZE_MAX}`, value);
  return Math.floor(value);
}

function millisecondsOf(name, value) {
  if (typeof value !== 'number') throw invalidType(name, 'a number of milliseconds', value);
  if (!(value > 0)) throw outOfRange(name, 'a positive number of milliseconds', value);
  return value;
}

/** When what is stored now expires, as `Date.now()` tells the time; 0: never. */
function expiryAfter(ttl) {
  return ttl === Infinity ? 0 : Date.now() + ttl;
}

/** Likewise, for what `{ ttl }` says, or else the map's own. */
function expiryOf(options, defaultTtl) {
  if (options === undefined) return expiryAfter(defaultTtl);
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  for (const name in options) {
    if (name !== 'ttl' && name !== 'initial') throw unknownOption(name, ['ttl', 'initial']);
  }
  const { ttl } = options;
  return expiryAfter(ttl === undefined ? defaultTtl : millisecondsOf('options.ttl', ttl));
}

/** What `increment` counts from. */
function initialOf(options) {
  const initial = options && options.initial;
  if (initial === undefined || initial === null) return 0;
  if (typeof initial !== 'number') throw invalidType('options.initial', 'a number', initial);
  return initial;
}

function unknownOption(name, known) {
  return withCode(new TypeError(`Unknown option ${show(name)} of SharedMap. It has: ${known.join(', ')}`), 'ERR_INVALID_ARG_VALUE');
}

function notANumber(key) {
  return withCode(new TypeError(`The value of ${show(key)} is not a number`), 'ERR_SHM_NOT_A_NUMBER');
}

/** Before Node 16 Atomics refuse all memory but that of a SharedArrayBuffer. */
function needAtomics() {
  try {
    Atomics.load(new Int32Array(1), 0);
  } catch (_) {
    const message = 'SharedMap needs Node 16 or newer: Atomics of older ones do not work on this memory';
    throw withCode(new Error(message), 'ERR_SHM_UNAVAILABLE');
  }
}

module.exports = { SIZES, expiryAfter, expiryOf, initialOf, millisecondsOf, needAtomics, notANumber, optionsOf };
