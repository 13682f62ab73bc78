'use strict';
// Structures in shared memory: one is opened or created, with a geometry (how many of what, how large) that is set
// once, by compareExchange from 0. So whoever opens it can finish what its creator left undone.

const { constants } = require('buffer');
const { invalidType, invalidValue, otherLayout, outOfRange, unfinished, withCode } = require('../errors');
const memory = require('../memory');
const { isWithdrawn, outlivesDetach } = require('../runtime/overlay');
const waiting = require('../wait');

/** Data begins at a multiple of so many bytes: what two sides write does not share a cache line. */
const ALIGNMENT = 64;

// Words that every structure has. Those of its geometry follow.
const MAGIC = 0;
const VERSION = 1;
const GEOMETRY = 2;

/** How long another process may take to set the geometry of what it has created (milliseconds). */
const SOON = 500;

const aligned = (bytes) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** The smallest power of two that is not less. */
const powerOfTwo = (number) => 2 ** Math.ceil(Math.log2(number));

/** Throws where the engine's Atomics work on a SharedArrayBuffer only. */
function needAtomics(what) {
  try {
    Atomics.load(new Int32Array(1), 0);
  } catch (_) {
    const message = `A ${what} takes Node.js 16 or newer: the Atomics of ${process.version} refuse memory that other processes share`;
    throw withCode(new Error(message), 'ERR_SHM_UNAVAILABLE');
  }
}

/** The options, if there are no others than `known`. */
function checkOptions(options, known, what) {
  if (options === undefined) return {};
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw invalidValue(`options.${name}`, `is no option of a ${what}; there are ${known.join(', ')}`, options[name]);
  }
  return options;
}

/** The value of an option, if it was given. */
function askedFor({ name, most }, value) {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw invalidType(`options.${name}`, 'a number', value);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw outOfRange(`options.${name}`, `an integer from 1 to ${most}`, value);
  }
  return value;
}

/**
 * The structure under `key`, which is created if there is none: `{ words, bytes, values, isAttached }`.
 * An option that was not given is what it has.
 *
 * @returns {{ words: Int32Array, bytes: Buffer, values: any, isAttached: () => boolean }}
 */
function open(key, kind, options) {
  needAtomics(kind.what);
  const asked = kind.fields.map((field) => askedFor(field, options[field.name]));
  const missing = kind.fields.find(({ initially }, i) => asked[i] === undefined && initially === undefined);
  let words = memory.get(key, 'Int32Array');
  if (words === null) {
    if (missing !== undefined) throw invalidType(`options.${missing.name}`, `a number, for there is no ${kind.what} under this key yet`, undefined);
    words = create(key, kind, valuesOf(kind, asked), options.perm);
  } else if (missing === undefined) finish(key, kind, words, asked);
  const values = read(key, kind, words, asked);
  // Whether the array may not be empty after a detach: its words are nobody else's then.
  const outlives = outlivesDetach(words.buffer);
  return {
    words,
    bytes: Buffer.from(words.buffer, words.byteOffset, kind.bytesOf(values)),
    values,
    isAttached: () => words.length > 0 && !(outlives && isWithdrawn(words.buffer)),
  };
}

function create(key, kind, values, perm) {
  const bytes = kind.bytesOf(values);
  if (bytes > constants.MAX_LENGTH) throw outOfRange('options', `so that all of it takes at most ${constants.MAX_LENGTH} bytes`, bytes);
  try {
    const words = memory.getOrCreate(bytes / 4, 'Int32Array', key, perm);
    set(key, kind, words, values);
    return words;
  } catch (error) {
    throw error.code === 'ERR_SHM_SIZE' ? otherLayout(key, kind.what, 'is another one, and smaller') : error;
  }
}

/** Sets what the creator has not set yet. */
function finish(key, kind, words, asked) {
  if (words.length < GEOMETRY + kind.fields.length) throw otherLayout(key, kind.what, 'has no room for one');
  const found = kind.fields.map((_, i) => words[GEOMETRY + i] || undefined);
  const values = valuesOf(kind, asked, found);
  if (kind.bytesOf(values) > words.length * 4) throw otherLayout(key, kind.what, `is smaller than the ${kind.bytesOf(values)} bytes it takes`);
  set(key, kind, words, values);
}

function set(key, kind, words, values) {
  [kind.magic, kind.version].concat(kind.complete(values)).forEach((value, index) => {
    const found = Atomics.compareExchange(words, index, 0, value);
    if (found !== 0 && found !== value) throw otherLayout(key, kind.what, differs(kind, index, found, value));
  });
}

/** The geometry, if it is one that fits the memory and what was asked for. */
function read(key, kind, words, asked) {
  const last = GEOMETRY + kind.complete(valuesOf(kind, asked)).length - 1;
  if (words.length <= last) throw otherLayout(key, kind.what, 'has no room for one');
  if (words[MAGIC] !== kind.magic && words[MAGIC] !== 0) throw otherLayout(key, kind.what, 'is something else');
  if (words[last] === 0) waiting.wait(words, last, 0, SOON);
  if (words[last] === 0) throw unfinished(key, kind.what);
  const values = {};
  kind.fields.forEach(({ name, most }, i) => {
    const value = words[GEOMETRY + i];
    if (!(value >= 1 && value <= most)) throw otherLayout(key, kind.what, `has a ${name} of ${value}`);
    if (asked[i] !== undefined && asked[i] !== value) throw otherLayout(key, kind.what, differs(kind, GEOMETRY + i, value, asked[i]));
    values[name] = value;
  });
  [kind.magic, kind.version].concat(kind.complete(values)).forEach((value, index) => {
    if (words[index] !== value) throw otherLayout(key, kind.what, differs(kind, index, words[index], value));
  });
  const bytes = kind.bytesOf(values);
  if (bytes > words.length * 4 || bytes > constants.MAX_LENGTH) throw otherLayout(key, kind.what, `does not have the ${bytes} bytes that it tells of`);
  return values;
}

/** The values of a geometry by their names: those asked for, or found, or initial. */
function valuesOf({ fields }, asked, found = []) {
  const values = {};
  fields.forEach(({ name, initially }, i) => {
    values[name] = [asked[i], found[i], initially].find((value) => value !== undefined);
  });
  return values;
}

/** In which way what was found is another structure. */
function differs({ fields }, index, found, value) {
  if (index === MAGIC) return 'is something else';
  if (index === VERSION) return `is of version ${found}, not ${value}`;
  const field = fields[index - GEOMETRY];
  return `has another geometry: ${field === undefined ? `word ${index}` : field.name} is ${found}, not ${value}`;
}

module.exports = { aligned, checkOptions, open, powerOfTwo };
