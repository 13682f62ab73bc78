'use strict';
// What lies between the buffers of the native side and the arrays over them, whatever memory it is.

// Not later: the first detach may come when no memory is left to load anything.
const { guardZlib } = require('../runtime/zlib');

/** What the native functions of that binding are given along with a key or a path. */
function createBuffers(binding) {
  const overlay = () => binding.overlay || require('../runtime/overlay').overlayOf(binding);

  /** Memory of the engine, where that takes no other. */
  function allocate(bytes, shared) {
    return overlay().allocate(bytes, shared);
  }

  /** To be called when a buffer is first shown: the data is `length` bytes from `start` on. */
  function adopt(buffer, start, length) {
    if (start !== 0 || buffer.byteLength !== length) overlay().adopt(buffer, start, length);
  }

  /** `show(buffer, start, length)` for a buffer that has been shown before. */
  function showAgain(buffer, show) {
    const place = binding.overlay === undefined ? undefined : binding.overlay.placeOf(buffer);
    return place === undefined ? show(buffer, 0, buffer.byteLength) : show(buffer, place[0], place[1]);
  }

  /** Called with each buffer of detached memory that the native side cannot empty. */
  function moveAway(buffer) {
    try {
      overlay().moveAway(buffer);
    } catch (_) {
      // Its views read zeros.
    }
  }

  /** Does something that detaches memory; then the waits on it end, see lib/sync/wait.js. */
  function detaching(detach) {
    guardZlib();
    try {
      return detach(moveAway);
    } finally {
      if (binding.waits !== undefined) binding.waits.endDetached();
    }
  }

  /**
   * Whether the memory of an array that `using` ends is still attached. Even an attached one may be of
   * no elements: what there is can be less than one takes.
   */
  function isAttached(array) {
    const isWithdrawn = binding.overlay !== undefined && binding.overlay.isWithdrawn(array.buffer);
    return array.buffer.byteLength > 0 && !isWithdrawn;
  }

  return { adopt, allocate, detaching, isAttached, showAgain };
}

module.exports = { createBuffers };
