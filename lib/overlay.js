'use strict';
// For engines that take no memory but their own (V8's sandbox, and so Electron from 21 on), and for
// a SharedArrayBuffer, which few runtimes can make over other memory: the shared pages are moved
// into a buffer that the engine has allocated, and out again before the engine may free it. The
// data begins some bytes into such a buffer; it is no less shared.

const binding = require('./binding');
const { withCode } = require('./errors');

// Copies of this module in a thread can have one addon, and then get each other's buffers from it.
// So it is at the addon that they find what is known of them.
const { places, moved, withdrawn } =
  binding.overlay ||
  (binding.overlay = {
    /** Lent buffer → `[byteOffset, byteLength]` of the data in it. */
    places: new WeakMap(),
    /** Emptied buffer → who has its memory now: native work in flight may still be using it. */
    moved: new WeakMap(),
    /** Buffers of detached memory that could not be emptied the short way; some cannot be at all. */
    withdrawn: new WeakSet(),
  });

/** Tells a method that is guarded: test runners load this module anew for every file. */
const guarded = binding.overlay.guarded || (binding.overlay.guarded = new WeakSet());

/** `ArrayBuffer.prototype.transfer`, before anybody can replace it; undefined on older engines. */
const transfer = /** @type {any} */ (ArrayBuffer.prototype).transfer;

/** A buffer that has the memory which was just attached under `key`; it takes `bytes` bytes. */
function lend(key, bytes, shared) {
  const buffer = allocate(shared ? global.SharedArrayBuffer : ArrayBuffer, bytes);
  if (shared) {
    places.set(buffer, binding.lend(key, new Uint8Array(buffer), true));
  } else {
    places.set(buffer, binding.lend(key, buffer, false));
    protect(buffer);
  }
  return buffer;
}

function allocate(Class, bytes) {
  if (Class === undefined) {
    const message = 'This runtime has no SharedArrayBuffer; in a browser window it takes cross-origin isolation';
    throw withCode(new Error(message), 'ERR_SHM_UNAVAILABLE');
  }
  try {
    return new Class(bytes);
  } catch (error) {
    throw withCode(
      new RangeError(`This runtime cannot hold ${bytes} bytes in one array: ${error.message}`),
      'ERR_OUT_OF_RANGE',
    );
  }
}

/**
 * Whoever takes the memory over could let the engine free it while it is shared. So the buffer
 * refuses, as one over memory outside the engine does; posting it copies.
 */
function protect(buffer) {
  for (const name of ['transfer', 'transferToFixedLength']) {
    if (typeof buffer[name] === 'function') Object.defineProperty(buffer, name, { value: refuse });
  }
  const { markAsUntransferable } = require('worker_threads');
  if (markAsUntransferable) markAsUntransferable(buffer);
  guardStreams();
}

/**
 * Byte streams take the memory of a view over that they are given, and before Node 24 they do not
 * look at the mark.
 */
function guardStreams() {
  guard('ReadableStreamBYOBReader', 'read', (error) => Promise.reject(error));
  guard('ReadableByteStreamController', 'enqueue', raise);
  guard('ReadableStreamBYOBRequest', 'respondWithNewView', raise);
}

/** Has a method of a class `fail` that is given a view of a lent buffer. */
function guard(name, method, fail) {
  const prototype = global[name] && global[name].prototype;
  const original = prototype && prototype[method];
  if (typeof original !== 'function' || guarded.has(original)) return;
  const guarding = {
    [method](view, ...rest) {
      if (ArrayBuffer.isView(view) && places.has(view.buffer)) return fail(refusal());
      return original.call(this, view, ...rest);
    },
  }[method];
  guarded.add(guarding);
  prototype[method] = guarding;
}

function raise(error) {
  throw error;
}

function refuse() {
  throw refusal();
}

function refusal() {
  return new TypeError('Shared memory cannot be transferred; detach it, or make a copy with slice()');
}

/** Where the data is in a lent buffer; undefined for a buffer that is all data. */
function placeOf(buffer) {
  return places.get(buffer);
}

/**
 * Empties a buffer whose pages are private zeros by now. Detaching a lent one would let the engine
 * reuse the memory while native work may still write to it; so its memory moves to a buffer that
 * lives exactly as long. A SharedArrayBuffer cannot be emptied, nor can what older engines have made
 * over memory of their host: the views go on reading zeros.
 */
function moveAway(buffer) {
  withdrawn.add(buffer);
  if (!places.has(buffer) || !(buffer instanceof ArrayBuffer)) return;
  places.delete(buffer); // or the stream below would not get it
  try {
    moved.set(buffer, transfer ? transfer.call(buffer) : transferToStream(buffer));
  } catch (_) {
    // The views read zeros.
  }
}

/** A stream that has taken the buffer's memory over for a read that never ends. */
function transferToStream(buffer) {
  const { ReadableStream } = global;
  const reader = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' });
  reader.read(new Uint8Array(buffer, 0, 1)); // the stream takes the whole buffer, whatever the view
  return reader;
}

/** Whether the memory of a buffer has been detached and its views may not be empty. */
function isWithdrawn(buffer) {
  return withdrawn.has(buffer);
}

module.exports = { isWithdrawn, lend, moveAway, placeOf };
