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

  return { allocate, arrayOver, detaching, isAttached, overlay };
}

module.exports = { createBuffers };
