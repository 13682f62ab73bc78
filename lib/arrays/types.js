'use strict';
// The array types that shared memory can be shown as, and how long an array can be.

const { kMaxLength } = require('buffer');

/** Every type key, in the order of the numbers that 0.1.x gave them; the last three came later. */
const names = [
  'Buffer',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
];

/** Type key → number of the type; only types that this runtime has. */
const BufferType = {};

/** The same numbers as constants: `SHMBT_BUFFER` = 0, `SHMBT_INT8` = 1 … */
const constants = {};

/**
 * Type key, which is a name or its number → `{ bytes, countMax, view }`: bytes per element, the most elements that
 * an array of this runtime can show, and what makes the array over an ArrayBuffer.
 */
const types = new Map();

// A loop, for a function would have to be compiled first, while a program waits for this file.
for (let number = 0; number < names.length; number++) {
  const name = names[number];
  const Class = global[name];
  if (Class === undefined) continue;
  BufferType[name] = number;
  constants[`SHMBT_${(Class === Buffer ? name : name.slice(0, -'Array'.length)).toUpperCase()}`] = number;
  const bytes = Class === Buffer ? 1 : Class.BYTES_PER_ELEMENT;
  const type = {
    bytes,
    // Beyond the second a number of bytes would not be exact.
    countMax: Math.min(kMaxLength, Math.floor(Number.MAX_SAFE_INTEGER / bytes)),
    view:
      Class === Buffer
        ? (buffer, byteOffset, count) => Buffer.from(buffer, byteOffset, count)
        : (buffer, byteOffset, count) => new Class(buffer, byteOffset, count),
  };
  types.set(name, type).set(number, type);
}

const is32Bit = ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'].includes(process.arch);

/**
 * So many elements (not bytes) an array can have wherever this package runs: 2³¹, on 32-bit 2³⁰, less where the runtime
 * allows fewer. `countMax` of a type is what this very runtime can show.
 */
const LengthMax = Math.min(is32Bit ? 2 ** 30 : 2 ** 31, kMaxLength);

module.exports = { BufferType, LengthMax, constants, types };
