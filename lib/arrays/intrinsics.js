'use strict';
// What a view and its buffer really are. An array of another realm (vm, Jest's jsdom, Electron's contexts) is not an
// instance of this realm's classes, and a subclass may return any `length`. So nothing here asks a class or a property:
// the getters are the language's own, taken when the package is loaded.
//
// isView(value)             an array or DataView of any realm
// typeNameOf(view)          'Int32Array', 'Uint8Array' (a Buffer too), …; undefined for a DataView
// elementBytesOf(view)      bytes of an element; 1 for a DataView
// lengthOf(array)           elements of an array. 0 once its memory has been detached or transferred
// byteLengthOf(view), byteOffsetOf(view), bufferOf(view)
// bytesOf(view)             a plain Uint8Array of this realm over exactly the view's bytes, as long as it is now
// isSharedBuffer(buffer)    whether it is a SharedArrayBuffer, of any realm
// bufferBytesOf(buffer)     bytes of an ArrayBuffer or SharedArrayBuffer

const { isView } = ArrayBuffer;
const { apply } = Reflect;
const { Uint8Array } = global;

/** A function that calls the getter `name` of a prototype on any object. */
function getter(prototype, name) {
  const { get } = /** @type {any} */ (Object.getOwnPropertyDescriptor(prototype, name));
  return (object) => apply(get, object, []);
}

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
const typeNameOf = getter(TypedArray, Symbol.toStringTag);
const lengthOf = getter(TypedArray, 'length');

/** A getter that arrays and DataViews have alike. */
function ofViews(name) {
  const [ofArrays, ofDataViews] = [getter(TypedArray, name), getter(DataView.prototype, name)];
  return (view) => (typeNameOf(view) === undefined ? ofDataViews(view) : ofArrays(view));
}

const bufferOf = ofViews('buffer');
const byteOffsetOf = ofViews('byteOffset');
const byteLengthOfView = ofViews('byteLength');

/** A DataView throws where an array is 0: its memory has been detached, or its buffer has shrunk. */
function byteLengthOf(view) {
  try {
    return byteLengthOfView(view);
  } catch (_) {
    return 0;
  }
}

/** Of the types with elements of more than one byte. */
const elementBytes = new Map([
  ['Int16Array', 2],
  ['Uint16Array', 2],
  ['Float16Array', 2],
  ['Int32Array', 4],
  ['Uint32Array', 4],
  ['Float32Array', 4],
  ['Float64Array', 8],
  ['BigInt64Array', 8],
  ['BigUint64Array', 8],
]);

function elementBytesOf(view) {
  return elementBytes.get(typeNameOf(view)) || 1;
}

function bytesOf(view) {
  const bytes = byteLengthOf(view);
  return bytes === 0 ? new Uint8Array(0) : new Uint8Array(bufferOf(view), byteOffsetOf(view), bytes);
}

const unsharedBytesOf = getter(ArrayBuffer.prototype, 'byteLength');
/** Undefined in windows of browsers that are not isolated. */
const sharedBytesOf = global.SharedArrayBuffer && getter(global.SharedArrayBuffer.prototype, 'byteLength');

function isSharedBuffer(buffer) {
  if (sharedBytesOf === undefined) return false;
  try {
    sharedBytesOf(buffer);
    return true;
  } catch (_) {
    return false; // it is none: the getter knows its own kind only
  }
}

function bufferBytesOf(buffer) {
  return isSharedBuffer(buffer) ? sharedBytesOf(buffer) : unsharedBytesOf(buffer);
}

module.exports = {
  bufferBytesOf,
  bufferOf,
  byteLengthOf,
  byteOffsetOf,
  bytesOf,
  elementBytesOf,
  isSharedBuffer,
  isView,
  lengthOf,
  typeNameOf,
};
