'use strict';
// Ordinary files as arrays: mapFile, unmapFile, flush, advise. What each promises is written, for
// editors, in lib/types/file.d.ts.

const { typeOf } = require('../arrays/arguments');
const { allocate, arrayOver, detaching, isAttached, isDetached, wholeOf } = require('../arrays/buffers');
const { ADVICE, fileOptions, pathOf, rangeOf } = require('./arguments');
const { isView } = require('../arrays/intrinsics');
const { createView } = require('../arrays/view');
const { busy, detached, invalidValue, show, withCode } = require('../errors');
const binding = require('../runtime/binding');

const { DETACHED, OK } = binding.results;

/** How often a file may vanish between a look and a create before that is called an error. */
const MAX_VANISHES = 10000;

/**
 * A mapped part begins at a multiple of so many bytes, and the array some bytes into its buffer: on
 * some processors, elements that are not aligned to their size are no memory at all.
 */
const ALIGNMENT = 8;

const viewAny = createView(dispose);

function mapFile(path, typeKey, options) {
  const type = typeOf(typeKey);
  path = pathOf(path);
  const checked = fileOptions(options, type);
  const { flags, offset, count, disposable, mode, create } = checked;
  const lead = offset % ALIGNMENT;
  const request = { type, key: path, offset: lead, count, disposable, doesNotFit, start: offset - lead, create };
  if (!create) return open(request, flags);
  for (let tries = 0; tries < MAX_VANISHES; tries++) {
    const array = open(request, flags) || make(request, flags, mode);
    if (array !== null) return array;
  }
  throw busy({ path });
}

/** The array over a part of an existing file; null if there is none. */
function open(request, flags) {
  const { type, key, start, offset, count } = request;
  const bytes = count === undefined ? -1 : offset + count * type.bytes;
  const known = binding.findFile(key, flags, start, bytes);
  if (known !== undefined) return view(request, known);
  return arrayOver(view, request, () => {
    const shown = binding.attachFile(key, flags, start, bytes, allocate);
    if (typeof shown === 'number') throw doesNotFit(request, shown - start);
    return shown;
  });
}

/** The array over a new file; null if there is something of that name. */
function make(request, flags, mode) {
  const { type, key, start, offset, count } = request;
  const bytes = offset + count * type.bytes;
  return arrayOver(view, request, () => binding.createFile(key, flags, start, bytes, mode, allocate));
}

function view(request, shown) {
  const array = viewAny(request, shown);
  if (array.length === 0) throw doesNotFit(request, Array.isArray(shown) ? shown[2] : shown.byteLength);
  return array;
}

/** What the path leads to and has led to; of an array, only the very file that it is over. */
function unmapFile(path) {
  if (isView(path)) return unmapArray(path);
  path = pathOf(path);
  return detaching((moveAway) => binding.detachFile(path, moveAway));
}

function unmapArray(array) {
  if (binding.keyOf(wholeOf(array)) === null) return detaching((moveAway) => binding.detachFileArray(wholeOf(array), moveAway));
  if (isAttached(array)) throw invalidValue('path', 'is an array, but not over a file that this thread has mapped', array);
  return false;
}

/** What the end of a `using` declaration's block does. */
function dispose(array) {
  // It may have been unmapped before, and the file mapped anew since.
  if (isAttached(array)) unmapArray(array);
}

function flush(array, offset, count) {
  const [known, start, bytes] = rangeOf(array, offset, count);
  if (!(bytes === 0 ? isOfFile(array) : binding.flush(known, start, bytes))) throw notOurs(array, WRITTEN);
}

/** The promises of flushes under way, by number. */
const pending = new Map();
let isListening = false;

function flushAsync(array, offset, count) {
  return /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    const [known, start, bytes] = rangeOf(array, offset, count);
    if (bytes === 0) {
      if (!isOfFile(array)) throw notOurs(array, WRITTEN);
      return resolve();
    }
    if (!isListening) binding.onFlushed(settle);
    isListening = true;
    const id = binding.flushAsync(known, start, bytes);
    if (id === 0) throw notOurs(array, WRITTEN);
    pending.set(id, { resolve, reject });
  }));
}

/** Called when a flush is done: the result is one of the native side's, or an errno. */
function settle(id, result) {
  const flushed = pending.get(id);
  if (flushed === undefined) return; // the call that began it was ended before it had a promise
  const { resolve, reject } = flushed;
  pending.delete(id);
  if (result === OK) resolve();
  else if (result === DETACHED) reject(detached());
  else reject(flushError(result));
}

function flushError(errno) {
  try {
    return binding.throwFlushError(errno);
  } catch (error) {
    return error;
  }
}

function advise(array, advice, offset, count) {
  if (!ADVICE.includes(advice)) throw invalidValue('advice', `must be one of ${ADVICE.join(', ')}`, advice);
  const [known, start, bytes] = rangeOf(array, offset, count);
  const isOfAny = advice === 'dontdump' && isAttachedHere;
  if (!(bytes === 0 ? (isOfAny || isOfFile)(array) : binding.advise(known, start, bytes, advice))) throw notOurs(array, isOfAny ? ATTACHED : MAPPED);
}

function isAttachedHere(array) {
  return binding.keyOf(wholeOf(array)) !== undefined;
}

function isOfFile(array) {
  return binding.keyOf(wholeOf(array)) === null;
}

/** Why the native side does not know the memory under an array as that of a file. */
function notOurs(array, expected) {
  return isDetached(array) ? detached() : invalidValue('array', expected, array);
}

const ATTACHED = 'must be over memory that this thread has attached';
const MAPPED = 'must be over a file that this thread has mapped';
const WRITTEN = `${MAPPED} with { write: true }`;

/** The error if a file that has `has` bytes from the request's start on has not the part that it wants. */
function doesNotFit({ key, type, start, offset, count, create }, has) {
  const size = start + has;
  const end = start + offset + (count === undefined ? 1 : count) * type.bytes;
  const tells = `${show(key)} has ${size} bytes`;
  if (size >= end) {
    return rangeError(`${tells}, more than an array of this runtime can show: show a part of them with { offset, count }`);
  }
  if (create) {
    const message = `${show(key)} exists and has ${size} bytes, fewer than the ${end} asked for: remove it, or ask for fewer`;
    return Object.assign(withCode(new Error(message), 'ERR_SHM_SIZE'), { path: key });
  }
  if (start + offset === 0 && count === undefined) {
    const message = `${tells}, too few for one element: it is empty or cut short (or, in /proc, it has no size: read it instead)`;
    return Object.assign(withCode(new Error(message), 'ERR_SHM_LAYOUT'), { path: key });
  }
  const asked = `"offset" ${start + offset}`;
  return rangeError(`${tells}, too few for ${count === undefined ? asked : `${asked} and "count" ${count} × ${type.bytes} bytes`}`);
}

function rangeError(message) {
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

module.exports = { advise, flush, flushAsync, mapFile, unmapFile };
