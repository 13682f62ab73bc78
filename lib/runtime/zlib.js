'use strict';
// Keeps Node's zlib from aborting the process over a detached array.
//
// zlib works through its input in steps. At each of them Node asserts that the array is still as
// long as it was at the first, and aborts if it is not: an array that is emptied by a detach (or
// by a transfer, without this package) while a compression runs ends the process. So the steps
// that follow a detach are given zeros instead, which is what the memory reads as by then.

const { oncePerThread } = require('./thread');

const classes = ['Deflate', 'BrotliCompress', 'BrotliDecompress', 'ZstdCompress', 'ZstdDecompress'];

/** Handle → the zeros that its thread reads: nobody else would keep them from being collected. */
const given = new WeakMap();

const state = oncePerThread('zlib', () => ({ isGuarded: false, modules: 0 }));

/** To be called before arrays are emptied. It does nothing as long as nobody has loaded zlib. */
function guardZlib() {
  if (state.isGuarded || !isLoaded()) return;
  state.isGuarded = true;
  const zlib = require('zlib');
  for (const name of classes) {
    if (typeof zlib[name] !== 'function') continue;
    const stream = new zlib[name]();
    const handle = stream._handle;
    if (handle && typeof handle.write === 'function') guard(Object.getPrototypeOf(handle));
    stream.close();
  }
}

/** Whether this program uses zlib; looking again is cheap while no module is loaded. */
function isLoaded() {
  const list = /** @type {any} */ (process).moduleLoadList;
  if (!Array.isArray(list) || list.length === 0) return true; // Bun and Deno do not tell
  if (list.length === state.modules) return false;
  state.modules = list.length;
  return list.includes('NativeModule zlib');
}

function guard(prototype) {
  const { write } = prototype;
  prototype.write = function (flush, input, offset, length, ...output) {
    if (input && input.byteLength < offset + length) {
      const zeros = Buffer.alloc(length);
      given.set(this, zeros);
      return write.call(this, flush, zeros, 0, length, ...output);
    }
    return write.call(this, flush, input, offset, length, ...output);
  };
}

module.exports = { guardZlib };
