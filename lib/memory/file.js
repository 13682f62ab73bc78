'use strict';
// Ordinary files as arrays: mapFile, unmapFile, flush, advise. What each promises is written, for
// editors, in types/file.d.ts.

const { typeOf } = require('./arguments');
const { createBuffers } = require('./buffers');
const { ADVICE, fileOptions, pathOf, rangeOf } = require('./file-arguments');
const { showing } = require('./view');
const { busy, detached, invalidValue, show, withCode } = require('../errors');

/** How often a file may vanish between a look and a create before that is called an error. */
const TRIES = 10000;

/**
 * A mapped part begins at a multiple of so many bytes, and the array some bytes into its buffer: on
 * some processors, elements that are not aligned to their size are no memory at all.
 */
const ALIGNMENT = 8;

/** The functions on those of the addon. */
function createFiles(binding) {
  const { adopt, allocate, detaching, isAttached, showAgain } = createBuffers(binding);

  function mapFile(path, typeKey, options) {
    const type = typeOf(typeKey);
    path = pathOf(path);
    const checked = fileOptions(options, type, binding.optionBits);
    if (!checked.create) return open(path, type, checked);
    for (let tries = 0; tries < TRIES; tries++) {
      const array = open(path, type, checked) || make(path, type, checked);
      if (array !== null) return array;
    }
    throw busy(path);
  }

  /** The array over a part of an existing file; null if there is none. */
  function open(path, type, options) {
    const { flags, offset, count, disposable } = options;
    const lead = offset % ALIGNMENT;
    const start = offset - lead;
    const view = showing(type, path, disposable ? dispose : null);
    const showPart = (buffer, at, length) => {
      const elements = count === undefined ? Math.floor((length - lead) / type.bytes) : count;
      if (elements < 1 || elements > type.countMax) throw misfit(path, start + length, type, options);
      adopt(buffer, at, length);
      return view(buffer, at + lead, elements);
    };
    const bytes = count === undefined ? -1 : lead + count * type.bytes;
    const buffer = binding.findFile(path, flags, start, bytes);
    if (buffer !== undefined) return showAgain(buffer, showPart);
    const array = binding.attachFile(path, flags, start, bytes, allocate, showPart);
    if (typeof array === 'number') throw misfit(path, array, type, options);
    return array;
  }

  /** The array over a new file; null if there is something of that name. */
  function make(path, type, { flags, offset, count, mode, disposable }) {
    const lead = offset % ALIGNMENT;
    const view = showing(type, path, disposable ? dispose : null);
    const showPart = (buffer, at, length) => {
      adopt(buffer, at, length);
      return view(buffer, at + lead, count);
    };
    return binding.createFile(path, flags, offset - lead, lead + count * type.bytes, mode, allocate, showPart);
  }

  function unmapFile(path) {
    path = pathOf(path);
    return detaching((moveAway) => binding.detachFile(path, moveAway));
  }

  /** What the end of a `using` declaration's block does. */
  function dispose(array, path) {
    // It may have been unmapped before, and the file mapped anew since.
    if (isAttached(array)) unmapFile(path);
  }

  function flush(array, offset, count) {
    const [start, bytes] = rangeOf(array, offset, count);
    if (bytes > 0 && !binding.flush(array, start, bytes)) throw notOurs(array, WRITTEN);
  }

  /** The promises of flushes under way, by number. */
  const pending = new Map();
  let isListening = false;

  function flushAsync(array, offset, count) {
    return /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
      const [start, bytes] = rangeOf(array, offset, count);
      if (bytes === 0) return resolve();
      if (!isListening) binding.onFlushed(settle);
      isListening = true;
      const id = binding.flushAsync(array, start, bytes);
      if (id === 0) throw notOurs(array, WRITTEN);
      pending.set(id, { resolve, reject });
    }));
  }

  /** Called when a flush is done: the result is 0, −1 if the memory was detached before, or an errno. */
  function settle(id, result) {
    const { resolve, reject } = pending.get(id);
    pending.delete(id);
    if (result === 0) resolve();
    else if (result < 0) reject(detached());
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
    const [start, bytes] = rangeOf(array, offset, count);
    if (bytes > 0 && !binding.advise(array, start, bytes, advice)) throw notOurs(array, MAPPED);
  }

  /** Why the native side does not know the memory under an array as that of a file. */
  function notOurs(array, expected) {
    return isAttached(array) ? invalidValue('array', expected, array) : detached();
  }

  return { advise, flush, flushAsync, mapFile, unmapFile };
}

const MAPPED = 'must be over a file that this thread has mapped';
const WRITTEN = `${MAPPED} with { write: true }`;

/** The error if a file of `size` bytes has not the part that was asked for. */
function misfit(path, size, type, { create, offset, count }) {
  const end = offset + (count === undefined ? 1 : count) * type.bytes;
  if (size >= end) {
    const message = `${show(path)} has ${size} bytes, more than an array of this runtime can show: show a part of them with { offset, count }`;
    return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
  }
  if (create) {
    const message = `${show(path)} exists and has ${size} bytes, fewer than the ${end} asked for: remove it, or ask for fewer`;
    return Object.assign(withCode(new Error(message), 'ERR_SHM_SIZE'), { path });
  }
  if (offset === 0 && count === undefined) {
    const message = `ERR_SHM_LAYOUT: ${show(path)} has ${size} bytes, too few for one element: it is empty or cut short (or, in /proc, it has no size: read it instead)`;
    return Object.assign(withCode(new Error(message), 'ERR_SHM_LAYOUT'), { path });
  }
  const asked = count === undefined ? `"offset" ${offset}` : `"offset" ${offset} and "count" ${count} × ${type.bytes} bytes`;
  return withCode(new RangeError(`${show(path)} has ${size} bytes, too few for ${asked}`), 'ERR_OUT_OF_RANGE');
}

module.exports = { createFiles };
