'use strict';
// The options object that may stand where `perm` stands in create, and as the last argument of get.

const { bytesOf, modeOf } = require('./arguments');
const { invalidType, outOfRange, show, withCode } = require('../errors');
const { ownOptions } = require('../own-options');

const ofNewMemory = ['perm', 'raw', 'reserve', 'populate', 'hugePages', 'shared', 'replaceOrphan', 'destroyAtExit', 'disposable'];

/** Which options each call has. */
const optionsOfCall = {
  create: ofNewMemory.concat('transient'),
  getOrCreate: ofNewMemory,
  get: ['raw', 'offset', 'count', 'populate', 'hugePages', 'copyOnWrite', 'shared', 'disposable'],
};

/** Values that no call can make sense of together.
 * @type {[object, string][]} */
const contradictions = [
  [{ reserve: false, populate: true }, 'one asks for no memory now, the other for all of it'],
  [{ copyOnWrite: true, hugePages: true }, 'pages that are copied one by one are small'],
  [{ transient: true, replaceOrphan: true }, 'a transient segment takes no key, and leaves no orphan'],
  [{ transient: true, destroyAtExit: true }, 'a transient segment goes with its last user, not with its creator'],
];

/**
 * `{ mode, flags, disposable }` for `create` or `getOrCreate`, from permissions or an options object.
 * `bits` are the numbers that the native side has for options.
 *
 * @param {any} perm
 * @param {'create' | 'getOrCreate'} call
 */
function createOptions(perm, call, bits) {
  if (typeof perm !== 'object' || perm === null || Array.isArray(perm)) {
    return { mode: modeOf(perm), flags: 0, disposable: false };
  }
  const options = ownOptions(perm);
  check(options, call);
  return { mode: modeOf(options.perm), flags: flagsOf(options, bits), disposable: isSet(options, 'disposable') };
}

/**
 * `{ flags, offset, count, disposable }` for `get`: the offset is in bytes, fits the type's elements, and
 * is 0 if none was given; count is undefined then.
 */
function getOptions(given, type, bits) {
  const options = ownOptions(given);
  check(options, 'get');
  const { offset = 0, count } = options;
  if (count !== undefined) bytesOf(count, type);
  checkOffset(offset, type);
  return { flags: flagsOf(options, bits), offset, count, disposable: isSet(options, 'disposable') };
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

const bitOptions = ['raw', 'copyOnWrite', 'populate', 'hugePages', 'shared', 'transient', 'replaceOrphan', 'destroyAtExit'];

function flagsOf(options, bits) {
  let flags = 0;
  for (const name of bitOptions) {
    if (isSet(options, name)) flags |= bits[name];
  }
  // The one that is on unless it is switched off.
  if (options.reserve !== undefined && !isSet(options, 'reserve')) flags |= bits.sparse;
  return flags;
}

function isSet(options, name) {
  const value = options[name];
  if (value !== undefined && typeof value !== 'boolean') {
    throw invalidType(`options.${name}`, 'true or false', value);
  }
  return value === true;
}

module.exports = { checkOffset, createOptions, getOptions, isSet };
