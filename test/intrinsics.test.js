'use strict';
// What a view really is, whatever it tells of itself: see lib/arrays/intrinsics.js.

const test = require('tape');
const vm = require('vm');
const intrinsics = require('../lib/arrays/intrinsics');
const { freshKey, shm } = require('./support');

const classes = Object.keys(shm.BufferType).filter((name) => name !== 'Buffer');

test('arrays of another realm are told like those of this one', (t) => {
  for (const name of classes) {
    const foreign = vm.runInNewContext(`typeof ${name} === 'undefined' ? null : new ${name}(new ArrayBuffer(64), 16, 3)`);
    if (foreign === null) continue;
    t.ok(intrinsics.isView(foreign), `${name} is a view`);
    t.equal(intrinsics.typeNameOf(foreign), name);
    t.equal(intrinsics.elementBytesOf(foreign), global[name].BYTES_PER_ELEMENT, 'bytes of an element');
    t.equal(intrinsics.lengthOf(foreign), 3);
    t.equal(intrinsics.byteLengthOf(foreign), 3 * global[name].BYTES_PER_ELEMENT);
    t.equal(intrinsics.byteOffsetOf(foreign), 16);
    t.equal(intrinsics.bufferBytesOf(intrinsics.bufferOf(foreign)), 64);
    const bytes = intrinsics.bytesOf(foreign);
    t.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype, 'its bytes are an array of this realm');
    bytes[0] = 7;
    t.equal(new Uint8Array(foreign.buffer)[16], 7, 'over the same memory');
  }
  t.end();
});

test('a DataView is a view without a type', (t) => {
  for (const view of [new DataView(new ArrayBuffer(8), 2), vm.runInNewContext('new DataView(new ArrayBuffer(8), 2)')]) {
    t.ok(intrinsics.isView(view));
    t.equal(intrinsics.typeNameOf(view), undefined);
    t.deepEqual([intrinsics.byteLengthOf(view), intrinsics.byteOffsetOf(view), intrinsics.elementBytesOf(view)], [6, 2, 1]);
    t.equal(intrinsics.bytesOf(view).length, 6);
  }
  t.end();
});

test('a subclass that lies is seen through', (t) => {
  class Lying extends Int32Array {
    get length() {
      return -8;
    }
    get byteLength() {
      return 2.5;
    }
    get byteOffset() {
      return 1e9;
    }
    get buffer() {
      return new ArrayBuffer(1);
    }
    get [Symbol.toStringTag]() {
      return 'Uint8Array';
    }
  }
  const array = new Lying(5);
  Object.defineProperty(array, 'constructor', { value: Uint8Array });
  t.equal(intrinsics.typeNameOf(array), 'Int32Array');
  t.deepEqual([intrinsics.lengthOf(array), intrinsics.byteLengthOf(array), intrinsics.byteOffsetOf(array)], [5, 20, 0]);
  t.equal(intrinsics.bytesOf(array).length, 20);
  t.end();
});

test('what has been detached has no bytes', (t) => {
  const key = freshKey();
  const array = shm.create(4, 'Int32Array', key);
  const view = new DataView(array.buffer);
  shm.destroy(key);
  if (array.length === 0) {
    t.equal(intrinsics.byteLengthOf(array), 0);
    t.equal(intrinsics.byteLengthOf(view), 0, 'of a DataView, whose own getter throws');
    t.equal(intrinsics.bytesOf(array).length, 0);
  }
  t.end();
});

test('shared buffers are told from others, of any realm', (t) => {
  for (const Class of [SharedArrayBuffer, vm.runInNewContext('SharedArrayBuffer')]) {
    t.ok(intrinsics.isSharedBuffer(new Class(8)));
    t.equal(intrinsics.bufferBytesOf(new Class(8)), 8);
  }
  for (const Class of [ArrayBuffer, vm.runInNewContext('ArrayBuffer')]) {
    t.notOk(intrinsics.isSharedBuffer(new Class(8)));
    t.equal(intrinsics.bufferBytesOf(new Class(8)), 8);
  }
  t.end();
});
