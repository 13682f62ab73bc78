'use strict';
// The accesses of a process to memory: those by Atomics, and the plain ones that steps.js has made calls of. An access to
// the shared memory is a step; what copies many bytes takes a step for each word, or for each of a few parts.

/** A copy has at most so many steps. */
const MAX_PARTS = 8;

const WORD = 4;

/** What `Atomics` is for the process that has a library. */
function atomicsOf(library) {
  const atomics = Object.create(Atomics);
  const isShared = (array) => array.buffer === library.process.world.buffer;
  const change = (name, compute) => {
    atomics[name] = (array, index, ...given) => {
      if (!isShared(array)) {
        const { order } = library.process.world;
        if (order !== undefined && !library.process.isReplayed()) order.fence(library.process);
        return Atomics[name](array, index, ...given);
      }
      const { process } = library;
      return process.ask(name, () => process.world.order.exchange(process, array, index, (old) => compute(old, ...given)));
    };
  };
  atomics.load = (array, index) => {
    if (!isShared(array)) return Atomics.load(array, index);
    const { process } = library;
    return process.ask('load', () => process.world.order.load(process, array, index, true));
  };
  atomics.store = (array, index, value) => {
    if (!isShared(array)) return Atomics.store(array, index, value);
    const { process } = library;
    process.ask('store', () => process.world.order.store(process, array, index, value, true));
    return value;
  };
  change('compareExchange', (old, expected, replacement) => (old === (expected | 0) ? replacement : old));
  change('exchange', (_old, value) => value);
  change('add', (old, value) => old + value);
  change('sub', (old, value) => old - value);
  change('and', (old, value) => old & value);
  change('or', (old, value) => old | value);
  change('xor', (old, value) => old ^ value);
  return atomics;
}

/** What `$memory` is for it; see steps.js. */
function memoryOf(library) {
  const isShared = (object) => {
    const { buffer } = library.process.world;
    return buffer !== null && object.buffer === buffer;
  };
  const ask = (kind, perform) => {
    const { process } = library;
    return process.ask(kind, () => perform(process.world.order, process));
  };
  const load = (array, index) => ask('get', (order, process) => order.load(process, array, index, false));
  const store = (array, index, value) => ask('set', (order, process) => order.store(process, array, index, value, false));
  // Outside of the array nothing is there, and nothing is shared.
  const isElement = (array, index) => isShared(array) && typeof index === 'number' && index >= 0 && index < array.length;

  /** Reads bytes of a shared view into another one. */
  function read(view) {
    const from = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    const copy = Buffer.alloc(from.length);
    for (const [start, end] of partsOf(from)) {
      const part = ask('get', (order, process) => order.loadBytes(process, from, start, end));
      copy.set(part, start);
    }
    return copy;
  }

  /** Writes bytes to a shared view. */
  function write(view, bytes) {
    const to = Buffer.from(view.buffer, view.byteOffset, bytes.length);
    for (const [start, end] of partsOf(to)) ask('set', (order, process) => order.storeBytes(process, to, start, bytes.subarray(start, end)));
  }

  const bytesOf = (view) => (isShared(view) ? read(view) : Buffer.from(view.buffer, view.byteOffset, view.byteLength));

  const bulk = {
    set(array, source, offset = 0) {
      const plain = ArrayBuffer.isView(source) && source.BYTES_PER_ELEMENT === array.BYTES_PER_ELEMENT ? source : array.constructor.from(source);
      const bytes = Buffer.from(bytesOf(plain));
      if (isShared(array)) write(array.subarray(offset), bytes);
      else Buffer.from(array.buffer, array.byteOffset, array.byteLength).set(bytes, offset * array.BYTES_PER_ELEMENT);
    },
    copy(source, target, targetStart = 0, start = 0, end = source.length) {
      const bytes = Buffer.from(bytesOf(source.subarray(start, end)));
      const length = Math.min(bytes.length, target.length - targetStart);
      if (isShared(target)) write(target.subarray(targetStart), bytes.subarray(0, length));
      else target.set(bytes.subarray(0, length), targetStart);
      return length;
    },
    copyWithin(array, target, start, end) {
      write(array.subarray(target), read(array.subarray(start, end)));
      return array;
    },
    fill(array, value, start = 0, end = array.length) {
      const filled = array.constructor.from(array.subarray(start, end)).fill(value);
      write(array.subarray(start, end), Buffer.from(filled.buffer, filled.byteOffset, filled.byteLength));
      return array;
    },
    slice(array, start = 0, end = array.length) {
      const copy = read(array.subarray(start, end));
      return Buffer.isBuffer(array) ? copy : new array.constructor(copy.buffer, copy.byteOffset, copy.byteLength / array.BYTES_PER_ELEMENT);
    },
    latin1Slice: (bytes, start, end) => read(bytes.subarray(start, end)).latin1Slice(),
    toString: (bytes, ...given) => read(bytes).toString(...given),
    compare: (bytes, other, otherStart, otherEnd, start, end) => read(bytes.subarray(start, end)).compare(other, otherStart, otherEnd),
  };

  return {
    get: (array, index) => (isElement(array, index) ? load(array, index) : array[index]),
    set(array, index, value) {
      if (isElement(array, index)) store(array, index, value);
      else array[index] = value;
      return value;
    },
    change(array, index, compute, isOldWanted) {
      const old = this.get(array, index);
      const value = this.set(array, index, compute(old));
      return isOldWanted ? old : value;
    },
    call(object, name, given) {
      const isWatched = object !== null && object !== undefined && (isShared(object) || (name === 'copy' && isShared(given[0])));
      return isWatched ? bulk[name](object, ...given) : object[name](...given);
    },
    apply(method, name, object, given) {
      const isWatched = isShared(object) || (given[0] !== undefined && isShared(given[0]));
      return isWatched ? bulk[name](object, ...given) : Reflect.apply(method, object, given);
    },
  };
}

/** The parts of a view that are accessed one after the other: words, unless those are many. */
function* partsOf(bytes) {
  const size = Math.max(WORD, Math.ceil(bytes.length / MAX_PARTS / WORD) * WORD);
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + size - ((bytes.byteOffset + start) % WORD));
    yield [start, end];
    start = end;
  }
}

module.exports = { atomicsOf, memoryOf };
