'use strict';
// Copies bytes into an array of the caller's, whatever its class says of itself.

const { bufferOf, byteOffsetOf } = require('./intrinsics');

const { apply } = Reflect;
const { set } = Uint8Array.prototype;

/** Copies to the beginning of another array, which has room. It is faster than Buffer's `copy`. */
function copyBytes(source, start, length, target) {
  apply(set, target, [new Uint8Array(bufferOf(source), byteOffsetOf(source) + start, length)]);
}

module.exports = { copyBytes };
