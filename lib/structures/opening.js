'use strict';
// How a structure's constructor attaches the memory under a key, or creates it.

const { busy, invalidType, show } = require('../errors');
const memory = require('../memory');
const { checkedKey, isTransientKey } = require('../memory/keys');
const binding = require('../runtime/binding');
const owners = require('../runtime/owner');
const { bytesOf, checkKind, publish, read, valuesOf } = require('./geometry');

/** How often memory may vanish between a look and a create. */
const MAX_VANISHES = 100;

/**
 * What `open(attempt)` returns, which attaches or creates the memory under a key by `memoryFor` or `existing`, and makes
 * an object over it. Whatever it throws, it leaves neither a name nor an attachment that was not there before, and ends
 * nothing that was.
 */
function opening(key, open) {
  owners.ownNumber(); // before there is anything to undo
  const wasAttached = isAttached(checkedKey(key));
  const attempt = {
    /** What has been attached. @type {any} */
    array: null,
    /** Whether this has created it. */
    isNew: false,
  };
  try {
    return open(attempt);
  } catch (error) {
    if (attempt.array !== null && (attempt.isNew || !wasAttached)) undo(attempt);
    throw error;
  }
}

/** Only the very memory: the key may have led to another one before, which somebody still has. */
function undo({ array, isNew }) {
  try {
    memory.detach(array, isNew);
  } catch (_) {
    // The kernel refuses that, too; the first error is the one to be told.
  }
}

/** Whether this thread has attached what a key leads to, in whatever way: a detach ends all of them. */
function isAttached(key) {
  const { raw, copyOnWrite, readOnly, shared } = binding.optionBits;
  const find = (flags) => binding.find(key, flags) !== undefined;
  return [0, copyOnWrite, readOnly].some((pages) => [0, raw].some((part) => find(pages | part) || find(pages | part | shared)));
}

/** An array over what a key leads to; null if that is nothing. */
function existing(attempt, key, typeKey, options) {
  attempt.array = memory.get(key, typeKey, options);
  return attempt.array;
}

/** The same over all of it; if it is nothing, over `count()` new elements. @param {() => number} count */
function memoryFor(attempt, key, typeKey, count, options) {
  for (let tries = 0; tries < MAX_VANISHES; tries++) {
    // What a killed process has left of transient memory is replaced, so it must not be got first; of a segment whose
    // key comes from the kernel nothing is left.
    if (tries > 0 || !options.transient || isTransientKey(key)) {
      const found = existing(attempt, key, typeKey, undefined);
      if (found !== null) return found;
    }
    attempt.array = memory.create(count(), typeKey, key, memoryOptions(options));
    attempt.isNew = attempt.array !== null;
    if (attempt.isNew) return attempt.array;
  }
  throw busy({ key });
}

/** Those of a structure's options that are its memory's. */
function memoryOptions({ perm, transient }) {
  const options = {};
  if (perm !== undefined) options.perm = perm.toString(8);
  if (transient) options.transient = true;
  return options;
}

/**
 * The structure of a kind under a key, which is created if there is none: `{ words, values }`. An option that is not
 * given is what the structure has.
 */
function openStructure(attempt, key, kind, options) {
  const missing = kind.fields.find(({ name, initially }) => options[name] === undefined && initially === undefined);
  const words = missing === undefined ? memoryFor(attempt, key, 'Int32Array', () => bytesOf(kind, valuesOf(kind, options)) / 4, options) : existing(attempt, key, 'Int32Array', undefined);
  if (words === null) throw invalidType(`options.${missing.name}`, `a number, for there is no ${kind.what} under ${show(key)} yet`, undefined);
  if (!attempt.isNew) checkKind(key, kind, words);
  if (missing === undefined) publish(key, kind, words, options);
  return { words, values: read(key, kind, words, options) };
}

module.exports = { existing, memoryFor, openStructure, opening };
