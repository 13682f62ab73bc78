'use strict';
// An allocator: one large segment, pieces of it as arrays of every kind, a list of what is free

const assert = require('assert');
const shm = require('shm-typed-array');

const BYTES = 1 << 20;
const key = +process.env.SHM_KEY;
const heap = shm.create(BYTES, 'Buffer', key);
console.log(shm.getTotalSize(), shm.getTotalCreatedSize(), BYTES < shm.LengthMax, heap.key === key);

const free = [[0, BYTES]];
function allocate(Type, count) {
  const size = (count * Type.BYTES_PER_ELEMENT + 15) & ~15;
  const piece = free.find(([, length]) => length >= size);
  const at = piece[0];
  piece[0] += size;
  piece[1] -= size;
  return new Type(heap.buffer, heap.byteOffset + at, count);
}

const numbers = allocate(Float64Array, 100);
const words = allocate(Uint16Array, 33);
const bytes = allocate(Uint8Array, 7);
numbers.fill(1.25);
words.forEach((_, index) => (words[index] = index * index));
bytes.set([1, 2, 3]);
const again = Buffer.from(heap.buffer, heap.byteOffset);
console.log(heap.buffer.byteLength, heap.byteOffset, heap.buffer instanceof ArrayBuffer);
console.log(again.readDoubleLE(8 * 99), again.readUInt16LE(800 + 64), again[880 + 2], free);
console.log(numbers.reduce((sum, number) => sum + number), words.subarray(30).join(), bytes.slice(0, 3).join());
again.writeDoubleLE(-1, 0);
assert.strictEqual(numbers[0], -1);
console.log(Buffer.isBuffer(heap), heap.slice(0, 8).equals(again.subarray(0, 8)), heap.indexOf(Buffer.from([1, 2, 3])));
console.log(heap.toString('hex', 880, 884), heap.swap16 === Buffer.prototype.swap16, heap.equals(again), shm.destroy(key));
