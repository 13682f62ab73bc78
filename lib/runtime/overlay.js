'use strict';
// For engines that take no memory but their own (V8's sandbox, and so Electron from 21 on), and for
// a SharedArrayBuffer, which few runtimes can make over other memory: the shared pages are moved
// into a buffer that the engine has allocated, and out again before the engine may free it. The
// data begins some bytes into such a buffer; it is no less shared.

const { guardStreams, refusal } = require('./byte-streams');
const { withCode } = require('../errors');

/** `ArrayBuffer.prototype.transfer`, before anybody can replace it; undefined on older engines. */
const transfer = /** @type {any} */ (ArrayBuffer.prototype).transfer;

/** Whether buffers over memory of ours are emptied at a detach: see `is_deno` in native/node/instance.rs. */
const canDetach = process.versions.deno === undefined && Number(process.versions.napi) >= 7;

/** Buffers of the engine that have shared memory in them, or had it. */
const lent = new WeakSet();
/** Emptied buffer → the one that has its memory now: native work in flight may still be using it. */
const moved = new WeakMap();
/** Buffers of detached memory that could not be emptied the short way; some cannot be at all. */
const withdrawn = new WeakSet();
let areStreamsGuarded = false;

/** Notes that a buffer of the engine has shared memory in it. */
function adopt(buffer) {
  if (lent.has(buffer)) return;
  lent.add(buffer);
  if (buffer instanceof ArrayBuffer) protect(buffer);
}

/**
 * Whoever takes the memory over could let the engine free it while it is shared. So the buffer
 * refuses, as one over memory outside the engine does; posting it copies.
 */
function protect(buffer) {
  for (const name of ['transfer', 'transferToFixedLength']) {
    if (typeof buffer[name] === 'function') Object.defineProperty(buffer, name, { value: refuse });
  }
  const { markAsUntransferable } = workerThreads();
  if (markAsUntransferable) markAsUntransferable(buffer);
  if (!areStreamsGuarded) guardStreams((given) => lent.has(given));
  areStreamsGuarded = true;
}

function workerThreads() {
  try {
    return require('worker_threads');
  } catch (_) {
    return {}; // Node 10 without --experimental-worker
  }
}

/**
 * Empties a buffer whose pages are private zeros by now. Detaching a lent one would let the engine
 * reuse the memory while native work may still write to it; so its memory moves to a buffer that
 * lives exactly as long. A SharedArrayBuffer cannot be emptied, nor can what older engines have made
 * over memory of their host: the views go on reading zeros.
 */
function moveAway(buffer) {
  withdrawn.add(buffer);
  if (transfer === undefined || !lent.has(buffer) || !(buffer instanceof ArrayBuffer)) return;
  moved.set(buffer, transfer.call(buffer));
}

/** Whether the memory of a buffer has been detached and its views may not be empty. */
function isWithdrawn(buffer) {
  return withdrawn.has(buffer);
}

/** Whether views of the buffer may go on reading after a detach: then `isWithdrawn` has to be asked besides their length. */
function outlivesDetach(buffer) {
  return !canDetach || !(buffer instanceof ArrayBuffer) || lent.has(buffer);
}

function refuse() {
  throw refusal();
}

/** Memory of the engine; Node-API can look into a SharedArrayBuffer by way of a typed array only. */
function allocate(bytes, shared) {
  const Class = shared ? global.SharedArrayBuffer : ArrayBuffer;
  if (Class === undefined) {
    const message = 'This runtime has no SharedArrayBuffer; in a browser window it takes cross-origin isolation';
    throw withCode(new Error(message), 'ERR_SHM_UNAVAILABLE');
  }
  try {
    const buffer = new Class(bytes);
    return shared ? new Uint8Array(buffer) : buffer;
  } catch (_) {
    const without = shared ? ', or do without { shared: true }' : '';
    const message = `This runtime cannot hold ${bytes} bytes in one array. Ask for fewer elements (of what there is: { offset, count })${without}`;
    throw withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
  }
}

module.exports = { adopt, allocate, isWithdrawn, moveAway, outlivesDetach };
