'use strict';
// In which order accesses are seen: as they are made, or as weakly as ARMv8 allows for what V8 makes of them: an atomic load
// is ldar, an atomic store stlr, an exchange both at once, and all others are plain.

class Sequential {
  load(_process, array, index, _isAcquire) {
    return array[index];
  }

  store(_process, array, index, value, _isRelease) {
    array[index] = value;
  }

  exchange(_process, array, index, compute) {
    const old = array[index];
    array[index] = compute(old);
    return old;
  }

  loadBytes(_process, bytes, start, end) {
    return Uint8Array.prototype.slice.call(bytes, start, end);
  }

  storeBytes(_process, bytes, start, values) {
    bytes.set(values, start);
  }

  /** What the kernel sees of a word. */
  now(_process, array, index) {
    return array[index];
  }

  /** An exchange on memory of the process's own. */
  fence(_process) {}

  /** All that a process has stored is seen. */
  drain(_process) {}

  /** A process comes back from the kernel, or begins a call a while later: it has seen what was there. */
  comesBack(_process) {}
}

const WORD = 4;

/** @returns {any} the class of an array */
const typeOf = (array) => (Buffer.isBuffer(array) ? Uint8Array : array.constructor);

/**
 * By chance, which a seed makes the same again: a store is seen later, up to the next access that has to come after it; and
 * a load gives what was there before, back to what its process has acquired last.
 *
 *   a plain store    may be seen after what follows, until a later store-release is seen, or an exchange is made
 *   a store-release  may be seen after plain accesses that follow, until an atomic load or an exchange
 *   a plain load     may be as old as the last atomic load or exchange of its process
 *   an atomic load   likewise, so it may be older than a plain load before it; but not after an exchange or a store-release
 */
class Weak {
  #state;
  #time = 1;
  /** The values of each word that was written, with the times from which on they were there. */
  #versions = new Map();
  #views = new Map();

  constructor(seed) {
    this.#state = seed | 1;
  }

  #chance(one) {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % one === 0;
  }

  /** What a process has not shown yet, and how old what it loads may be. */
  #view(process) {
    let view = this.#views.get(process);
    if (view === undefined) this.#views.set(process, (view = { pending: [], acquired: this.#time, ordered: this.#time, seen: new Map(), world: process.world }));
    return view;
  }

  load(process, array, index, isAcquire) {
    if (process.isQuiet) {
      this.drain(process);
      return array[index];
    }
    const view = this.#view(process);
    if (isAcquire) this.#showReleases(view);
    const bytes = this.#read(view, array.byteOffset + index * array.BYTES_PER_ELEMENT, array.BYTES_PER_ELEMENT, isAcquire);
    return new (typeOf(array))(bytes.buffer, 0, 1)[0];
  }

  loadBytes(process, bytes, start, end) {
    if (process.isQuiet) return Uint8Array.prototype.slice.call(bytes, start, end);
    return this.#read(this.#view(process), bytes.byteOffset + start, end - start, false);
  }

  #read(view, address, size, isAcquire) {
    const own = view.pending.some((store) => store.address < address + size && address < store.address + store.bytes.length);
    const floor = isAcquire ? Math.max(view.acquired, view.ordered) : view.acquired;
    const first = Math.floor(address / WORD);
    const last = Math.floor((address + size - 1) / WORD);
    let time = this.#time;
    if (!own && this.#chance(3)) {
      time = floor;
      for (let word = first; word <= last; word++) time = Math.max(time, view.seen.get(word) || 0);
    }
    const words = new Int32Array(last - first + 1);
    for (let word = first; word <= last; word++) {
      words[word - first] = this.#valueAt(view.world.buffer, word, time);
      view.seen.set(word, Math.max(view.seen.get(word) || 0, time));
    }
    if (isAcquire) view.acquired = Math.max(view.acquired, time);
    const bytes = new Uint8Array(words.buffer);
    for (const store of view.pending) {
      for (let at = 0; at < store.bytes.length; at++) {
        const to = store.address + at - first * WORD;
        if (to >= 0 && to < bytes.length) bytes[to] = store.bytes[at];
      }
    }
    return bytes.slice(address - first * WORD, address - first * WORD + size);
  }

  #valueAt(buffer, word, time) {
    const versions = this.#versions.get(word);
    if (versions === undefined) return new Int32Array(buffer, word * WORD, 1)[0];
    let value = versions[0].value;
    for (const version of versions) if (version.time <= time) ({ value } = version);
    return value;
  }

  store(process, array, index, value, isRelease) {
    const one = typeOf(array).of(value);
    this.#write(process, array.byteOffset + index * array.BYTES_PER_ELEMENT, new Uint8Array(one.buffer), isRelease);
  }

  storeBytes(process, bytes, start, values) {
    this.#write(process, bytes.byteOffset + start, Uint8Array.from(values), false);
  }

  #write(process, address, bytes, isRelease) {
    const view = this.#view(process);
    const overlaps = view.pending.some((store) => store.address < address + bytes.length && address < store.address + store.bytes.length);
    const waits = isRelease ? view.pending.length > 0 || this.#chance(2) : overlaps || this.#chance(4);
    if (waits && !process.isQuiet) view.pending.push({ address, bytes, isRelease });
    else {
      if (process.isQuiet) this.drain(process);
      this.#show(view, { address, bytes });
    }
    if (isRelease) view.ordered = this.#time;
  }

  /** From now on a store is seen. */
  #show({ world, seen }, { address, bytes }) {
    const { buffer } = world;
    const all = new Uint8Array(buffer);
    const first = Math.floor(address / WORD);
    const last = Math.floor((address + bytes.length - 1) / WORD);
    const words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    for (let word = first; word <= last; word++) if (!this.#versions.has(word)) this.#versions.set(word, [{ time: 0, value: words[word] }]);
    all.set(bytes, address);
    this.#time++;
    for (let word = first; word <= last; word++) {
      this.#versions.get(word).push({ time: this.#time, value: words[word] });
      seen.set(word, this.#time);
    }
  }

  /** Store-releases are seen before an atomic load, and what comes before them. */
  #showReleases(view) {
    const last = view.pending.map(({ isRelease }) => isRelease).lastIndexOf(true);
    for (const store of view.pending.splice(0, last + 1)) this.#show(view, store);
    if (last >= 0) view.ordered = this.#time;
  }

  exchange(process, array, index, compute) {
    this.fence(process);
    const old = array[index];
    const one = typeOf(array).of(compute(old));
    if (one[0] !== old) this.#show(this.#view(process), { address: array.byteOffset + index * array.BYTES_PER_ELEMENT, bytes: new Uint8Array(one.buffer) });
    // What follows comes after what it has read.
    const view = this.#view(process);
    view.acquired = view.ordered = this.#time;
    return old;
  }

  fence(process) {
    this.drain(process);
    this.#view(process).ordered = this.#time;
  }

  now(process, array, index) {
    this.comesBack(process);
    return array[index];
  }

  comesBack(process) {
    this.drain(process);
    const view = this.#view(process);
    view.acquired = view.ordered = this.#time;
  }

  drain(process) {
    const view = this.#view(process);
    for (const store of view.pending.splice(0)) this.#show(view, store);
  }
}

module.exports = { Sequential, Weak };
