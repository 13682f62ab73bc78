'use strict';
// For engines that take no memory but their own (V8's sandbox, and so Electron from 21 on), and for
// a SharedArrayBuffer, which few runtimes can make over other memory: the shared pages are moved
// into a buffer that the engine has allocated, and out again before the engine may free it. The
// data begins some bytes into such a buffer; it is no less shared.

const { guardStreams, refusal } = require('./byte-streams');
const { withCode } = require('../errors');

/** `ArrayBuffer.prototype.transfer`, before anybody can replace it; undefined on older engines. */
const transfer = /** @type {any} */ (ArrayBuffer.prototype).transfer;

/** What lends the memory of that binding, and is kept at it. */
function overlayOf(binding) {
  return binding.overlay || (binding.overlay = createOverlay(binding));
}

function createOverlay(binding) {
  /** Lent buffer → `[byteOffset, byteLength]` of the data in it. */
  const places = new WeakMap();
  /** Emptied buffer → who has its memory now: native work in flight may still be using it. */
  const moved = new WeakMap();
  /** Buffers of detached memory that could not be emptied the short way; some cannot be at all. */
  const withdrawn = new WeakSet();
  let areStreamsGuarded = false;

  /** A buffer that has the memory which was just attached under `key`; it takes `bytes` bytes. */
  function lend(key, bytes, shared) {
    const buffer = allocate(shared ? global.SharedArrayBuffer : ArrayBuffer, bytes);
    places.set(buffer, binding.lend(key, shared ? new Uint8Array(buffer) : buffer, shared));
    if (!shared) protect(buffer);
    return buffer;
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
    if (!areStreamsGuarded) guardStreams((given) => places.has(given));
    areStreamsGuarded = true;
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

  return {
    /** Whether the memory of a buffer has been detached and its views may not be empty. */
    isWithdrawn: (buffer) => withdrawn.has(buffer),
    lend,
    moveAway,
    /** Where the data is in a lent buffer; undefined for a buffer that is all data. */
    placeOf: (buffer) => places.get(buffer),
  };
}

function refuse() {
  throw refusal();
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

/** A stream that has taken the buffer's memory over for a read that never ends. */
function transferToStream(buffer) {
  const { ReadableStream } = global;
  const reader = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' });
  reader.read(new Uint8Array(buffer, 0, 1)); // the stream takes the whole buffer, whatever the view
  return reader;
}

module.exports = { overlayOf };
