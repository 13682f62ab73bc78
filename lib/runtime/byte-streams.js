'use strict';
// Byte streams take the memory of a view over that they are given, and before Node 24 they do not
// look at markAsUntransferable.

/** Has byte streams refuse views of buffers of which `isLent` says that they are lent. */
function guardStreams(isLent) {
  guard('ReadableStreamBYOBReader', 'read', isLent, (error) => Promise.reject(error));
  guard('ReadableByteStreamController', 'enqueue', isLent, raise);
  guard('ReadableStreamBYOBRequest', 'respondWithNewView', isLent, raise);
}

function guard(name, method, isLent, fail) {
  const prototype = global[name] && global[name].prototype;
  const original = prototype && prototype[method];
  if (typeof original !== 'function') return;
  prototype[method] = {
    [method](view, ...rest) {
      if (ArrayBuffer.isView(view) && isLent(view.buffer)) return fail(refusal());
      return original.call(this, view, ...rest);
    },
  }[method];
}

function raise(error) {
  throw error;
}

/** Why a buffer is not given away. */
function refusal() {
  return new TypeError('Shared memory cannot be transferred; detach it, or make a copy with slice()');
}

module.exports = { guardStreams, refusal };
