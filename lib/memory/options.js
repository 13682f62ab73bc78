'use strict';
// The options object that may stand where `perm` stands in create, and as the last argument of get.

const { bytesOf, checkOffset } = require('../arrays/arguments');
const { flag, optionsReader, permissions } = require('../options');
const binding = require('../runtime/binding');

/** The offset and the count are checked with the type that they are of. */
const asGiven = (value) => value;

/** `true` demands them; `'auto'` takes them if the memory is large and the system gives them. */
function hugePages(value, argument) {
  return value === 'auto' ? value : flag(value, argument);
}

const isOn = (option) => option !== undefined && option !== false;

const ofNewMemory = {
  perm: permissions,
  raw: flag,
  reserve: flag,
  populate: flag,
  hugePages,
  shared: flag,
  transient: flag,
  disposable: flag,
};

/** A contradiction of both that create memory. @type {[(options: any) => boolean, string]} */
const halfReserved = [({ reserve, populate }) => reserve === false && populate === true, '"reserve: false" asks for no memory now, "populate: true" for all of it'];
const onlyOfGet = { offset: 'get', count: 'get', copyOnWrite: 'get', readOnly: 'get' };

/** What reads the options of each call. */
const readers = {
  create: optionsReader('create', ofNewMemory, [halfReserved], onlyOfGet),
  getOrCreate: optionsReader('getOrCreate', ofNewMemory, [halfReserved], onlyOfGet),
  get: optionsReader(
    'get',
    { raw: flag, offset: asGiven, count: asGiven, populate: flag, hugePages, copyOnWrite: flag, readOnly: flag, shared: flag, disposable: flag },
    [
      [({ copyOnWrite, hugePages }) => copyOnWrite === true && isOn(hugePages), '"copyOnWrite" copies small pages one by one, "hugePages" asks for large ones'],
      [({ copyOnWrite, readOnly }) => copyOnWrite === true && readOnly === true, '"copyOnWrite" is for memory that is written, "readOnly" for memory that is not'],
      [({ readOnly, hugePages }) => readOnly === true && isOn(hugePages), '"hugePages" is for those who may write the memory, and "readOnly" for others'],
    ],
    { perm: 'create', reserve: 'create', transient: 'create' },
  ),
};

/** What create takes where it is given no `perm`. */
const PERM = 0o660;

/**
 * `{ mode, flags, disposable }` for `create` or `getOrCreate`, from permissions or an options object.
 *
 * @param {any} perm
 * @param {'create' | 'getOrCreate'} call
 */
function createOptions(perm, call) {
  if (typeof perm !== 'object' || perm === null || Array.isArray(perm)) {
    const mode = perm === undefined || perm === null ? PERM : permissions(perm, 'perm');
    return { mode, flags: binding.optionBits.plain, disposable: false };
  }
  const options = readers[call](perm);
  const { perm: mode = PERM, disposable = false } = options;
  return { mode, flags: flagsOf(options), disposable };
}

/**
 * `{ flags, offset, count, disposable }` for `get`: the offset is in bytes, fits the type's elements, and
 * is 0 if none was given; count is undefined then.
 */
function getOptions(given, type) {
  const options = readers.get(given);
  const { offset = 0, count, disposable = false } = options;
  if (count !== undefined) bytesOf(count, type, 'options.count');
  checkOffset(offset, type, 'options.offset');
  return { flags: flagsOf(options), offset, count, disposable };
}

const bitOptions = ['raw', 'copyOnWrite', 'readOnly', 'populate', 'hugePages', 'shared', 'transient'];

/** The options that are bits for the native side. */
function flagsOf(options) {
  const bits = binding.optionBits;
  let flags = 0;
  for (const name of bitOptions) if (options[name] === true) flags |= bits[name];
  if (options.hugePages === 'auto') flags |= bits.hugePagesAuto;
  // The one that is on unless it is switched off.
  if (options.reserve === false) flags |= bits.sparse;
  return flags;
}

module.exports = { createOptions, getOptions };
