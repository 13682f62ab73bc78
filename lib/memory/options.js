'use strict';
// The options object that may stand where `perm` stands in create, and as the last argument of get.

const { bytesOf, modeOf } = require('./arguments');
const { invalidType, outOfRange, show, withCode } = require('../errors');

/** The bits that the native side takes: native/memory/options.rs. */
const bits = { raw: 1, copyOnWrite: 2, reserve: 4, populate: 8, hugePages: 16, shared: 32 };

/** Which options each call has. */
const optionsOfCall = {
  create: ['perm', 'raw', 'reserve', 'populate', 'hugePages', 'shared'],
  getOrCreate: ['perm', 'raw', 'reserve', 'populate', 'hugePages', 'shared'],
  get: ['raw', 'offset', 'count', 'populate', 'hugePages', 'copyOnWrite', 'shared'],
};

/** Values that no call can make sense of together.
 * @type {[object, string][]} */
const contradictions = [
  [{ reserve: false, populate: true }, 'one asks for no memory now, the other for all of it'],
  [{ copyOnWrite: true, hugePages: true }, 'pages that are copied one by one are small'],
];

/**
 * `{ mode, flags }` for `create` or `getOrCreate`, from permissions or an options object.
 *
 * @param {any} perm
 * @param {'create' | 'getOrCreate'} call
 */
function createOptions(perm, call) {
  if (typeof perm !== 'object' || perm === null || Array.isArray(perm)) return { mode: modeOf(perm), flags: 0 };
  check(perm, call);
  return { mode: modeOf(perm.perm), flags: flagsOf(perm) };
}

/**
 * `{ flags, offset, count }` for `get`, where an offset is in bytes and fits the type's elements;
 * offset and count are undefined if they were not given.
 */
function getOptions(options, type) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidType('options', 'an object', options);
  }
  check(options, 'get');
  // Read once: what a getter gives the next time has not been checked.
  const { offset, count } = options;
  if (count !== undefined) bytesOf(count, type);
  if (offset !== undefined) checkOffset(offset, type);
  return { flags: flagsOf(options), offset, count };
}

function check(options, call) {
  const known = optionsOfCall[call];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw unknownOption(name, call);
  }
  for (const [together, reason] of contradictions) {
    if (Object.keys(together).every((name) => options[name] === together[name])) {
      throw invalidOption(`The options ${show(together)} contradict each other: ${reason}`);
    }
  }
}

function unknownOption(name, call) {
  const others = Object.keys(optionsOfCall).filter((other) => optionsOfCall[other].includes(name));
  const hint = others.length > 0 ? ` (${others.join(' and ')} has it)` : '';
  const known = optionsOfCall[call].join(', ');
  return invalidOption(`Unknown option ${show(name)} of ${call}${hint}. It has: ${known}`);
}

function invalidOption(message) {
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
}

function checkOffset(offset, type) {
  if (typeof offset !== 'number') throw invalidType('offset', 'a number of bytes', offset);
  if (!Number.isSafeInteger(offset) || offset < 0 || offset % type.bytes !== 0) {
    const step = type.bytes > 1 ? ` and a multiple of ${type.bytes}, the bytes of an element` : '';
    throw outOfRange('offset', `a number of bytes, not negative${step}`, offset);
  }
}

function flagsOf(options) {
  let flags = 0;
  for (const name of ['raw', 'copyOnWrite', 'populate', 'hugePages', 'shared']) {
    if (isSet(options, name)) flags |= bits[name];
  }
  // The one that is on unless it is switched off.
  if (options.reserve !== undefined && !isSet(options, 'reserve')) flags |= bits.reserve;
  return flags;
}

function isSet(options, name) {
  const value = options[name];
  if (value !== undefined && typeof value !== 'boolean') {
    throw invalidType(`options.${name}`, 'true or false', value);
  }
  return value === true;
}

/** Whether the flags ask for a SharedArrayBuffer. */
function isShared(flags) {
  return (flags & bits.shared) !== 0;
}

module.exports = { createOptions, getOptions, isShared };
