'use strict';
// What lies between the buffers of the native side and the arrays over them, whatever memory it is.

// Not later: the first detach may come when no memory is left to load anything.
const binding = require('../runtime/binding');
const { bufferBytesOf, bufferOf, byteLengthOf, byteOffsetOf, typeNameOf } = require('./intrinsics');
const { guardZlib } = require('../runtime/zlib');

/** @type {typeof import('../runtime/overlay') | null} */
let loadedOverlay = null;
const overlay = () => loadedOverlay || (loadedOverlay = require('../runtime/overlay'));

/** What is to be called after each detach. @type {() => void} */
let afterDetach = () => {};

/** Memory of the engine, where that takes no other. */
function allocate(bytes, shared) {
  return overlay().allocate(bytes, shared);
}

/**
 * The array of a request, `view(request, shown)`, over the memory that `begin()` has the native side show,
 * and that never was unless this succeeds; null if it shows none, or another has taken the name
 * meanwhile. However little stack there is, what `begin` could call can be called again from here.
 */
function arrayOver(view, request, begin) {
  const shown = begin();
  if (shown === null) return null;
  let array = null;
  try {
    array = view(request, shown);
  } finally {
    if (array === null) binding.finish(false);
  }
  return binding.finish(true) ? array : null;
}

/** Called with each buffer of detached memory that the native side cannot empty. */
function moveAway(buffer) {
  try {
    overlay().moveAway(buffer);
  } catch (_) {
    // Its views read zeros.
  }
}

/** Does something that detaches memory; then the waits on it end: see lib/wait/index.js. */
function detaching(detach) {
  guardZlib();
  try {
    return detach(moveAway);
  } finally {
    afterDetach();
  }
}

/**
 * Whether the memory of an array is still attached. Even an attached one may be of no elements: what there is can be
 * less than one takes.
 */
function isAttached(array) {
  const buffer = bufferOf(array);
  return bufferBytesOf(buffer) > 0 && !isWithdrawn(buffer);
}

/** Whether the memory of an array has been detached, where `isAttached` is false of an array over a buffer of no bytes, too. */
function isDetached(array) {
  const buffer = bufferOf(array);
  if (isWithdrawn(buffer) || bufferBytesOf(buffer) > 0) return isWithdrawn(buffer);
  try {
    return new Uint8Array(buffer).length > 0;
  } catch (_) {
    return true; // the language makes no array over such a buffer
  }
}

/** The array, or one that is not empty where that begins or ends, for the native side to tell whose memory it is. */
function wholeOf(array) {
  const isEmpty = byteLengthOf(array) === 0;
  if (!isAttached(array) || (!isEmpty && typeNameOf(array) !== undefined)) return array;
  const buffer = bufferOf(array);
  return new Uint8Array(buffer, Math.min(byteOffsetOf(array), bufferBytesOf(buffer) - 1), 1);
}

/** Whether a buffer's memory has been detached, though its views may not be empty. */
function isWithdrawn(buffer) {
  return loadedOverlay !== null && loadedOverlay.isWithdrawn(buffer);
}

/** Has `listener` called after each detach, for what else has to end then. */
function onDetached(listener) {
  afterDetach = listener;
}

module.exports = { allocate, arrayOver, detaching, isAttached, isDetached, isWithdrawn, onDetached, overlay, wholeOf };
