'use strict';
// The protocol of a topic: frames, and a ring of the numbers of the newest. A reader pins a frame and then looks
// whether it is still among those; the writer looks at the pins only after it has published. So either it sees the
// pin, or the reader sees that it came too late. There are more frames than can be pinned and among the newest, so
// that the writer always finds one. docs/channels.md specifies it, test/model/topic.pml checks it.

const { damaged, withCode } = require('../errors');
const { oncePerThread } = require('../runtime/thread');
const { aligned, powerOfTwo } = require('./geometry');
const { MAY_SLEEP } = require('./sleeping');

// Words of the header; those that are written often have a cache line each.
const CLOSED = 5;
const WRITER = 16;
const LATEST = 32;
const RING = 48;

// Words of a reader's row, and how many it has.
const OWNER = 0;
const PIN = 1;
const SEEN = 2;
const ROW = 16;

// Words of a frame, and how many it has.
const SEQUENCE = 0;
const LENGTH = 1;
const TAG = 2;
const FRAME = 8;

/** Sequence numbers are of 31 bits. */
const NUMBER = 0x7fffffff;

/** After so many looks that came too late, something else is wrong. */
const TRIES = 10000;

/** What is returned for no frame, and what rows and the ring hold for none. */
const NONE = -1;

const ringOf = (history) => powerOfTwo(history + 1);
const rowsOf = (history) => aligned(4 * (RING + ringOf(history))) / 4;
const framesOf = ({ history, readers }) => history + readers + 1;
const dataOf = (values) => aligned(4 * (rowsOf(values.history) + ROW * values.readers + FRAME * framesOf(values)));

/** @type {any} */
const kind = {
  what: 'topic',
  magic: 0x49504f54, // TOPI
  version: 1,
  fields: [{ name: 'size', most: 2 ** 31 - 64 }, { name: 'history', most: 2 ** 20, initially: 1 }, { name: 'readers', most: 2 ** 16, initially: 8 }],
  complete: ({ size, history, readers }) => [size, history, readers],
  bytesOf: (values) => dataOf(values) + framesOf(values) * aligned(values.size),
};

function createFramesClass(binding, geometry, Mutex, { wakeAll }, { notify }) {
  class Frames {
    constructor(key, options) {
      const { words, bytes, values, isAttached } = geometry.open(key, kind, options);
      this.key = key;
      /** @type {Int32Array} */
      this.words = words;
      this.bytes = bytes;
      this.isAttached = isAttached;
      this.size = values.size;
      this.history = values.history;
      this.readers = values.readers;
      this.frames = framesOf(values);
      this.mask = ringOf(values.history) - 1;
      this.firstRow = rowsOf(values.history);
      this.firstFrame = this.firstRow + ROW * values.readers;
      this.data = dataOf(values);
      this.stride = aligned(values.size);
      this.writer = new Mutex(words, WRITER);
      this.self = oncePerThread('owner', binding.ownerNumber);
      // This reader's row, and the number of the frame that it has read last.
      this.row = NONE;
      this.seen = 0;
      // Where to look for an unused frame next.
      this.next = 0;
      this.lookUp = () => this.wake();
    }

    isClosed() {
      return this.words[CLOSED] !== 0;
    }

    /** Whether it is closed: then `close` has missed those who slept after this thread had marked the word again. */
    noticeClosed() {
      const isClosed = this.isClosed();
      if (isClosed) wakeAll(this.words, LATEST);
      return isClosed;
    }

    latest() {
      return Atomics.load(this.words, LATEST) >>> 1;
    }

    /** The frame that has a number, as long as that is one of the newest. */
    frameOf(number) {
      const frame = Atomics.load(this.words, RING + (number & this.mask)) - 1;
      return frame >= 0 && frame < this.frames ? frame : NONE;
    }

    /** With the writer's lock: a frame that is neither pinned nor one of the newest. */
    unused() {
      const { words, frames } = this;
      const used = new Uint8Array(frames);
      const mark = (frame) => {
        if (frame >= 0 && frame < frames) used[frame] = 1;
      };
      const latest = this.latest();
      for (let age = 0; age < this.history; age++) mark(this.frameOf(latest - age));
      for (let reader = 0; reader < this.readers; reader++) mark(Atomics.load(words, this.firstRow + reader * ROW + PIN) - 1);
      for (let tried = 0; tried < frames; tried++) {
        const frame = (this.next + tried) % frames;
        if (used[frame] === 1) continue;
        this.next = frame + 1;
        return frame;
      }
      throw this.damage('more frames are pinned than it has readers');
    }

    /** With the writer's lock, which it gives back. */
    publish(frame, length, tag) {
      const { words } = this;
      const at = this.firstFrame + frame * FRAME;
      const number = (this.latest() + 1) & NUMBER;
      words[at + SEQUENCE] = number;
      words[at + LENGTH] = length;
      words[at + TAG] = tag;
      Atomics.store(words, RING + (number & this.mask), frame + 1);
      const mark = Atomics.exchange(words, LATEST, number << 1) & MAY_SLEEP; // from here on it is published
      this.writer.unlock();
      if (mark !== 0) notify(words, LATEST);
    }

    /** Takes a row that nobody has, or whose owner is dead. */
    join() {
      const { words } = this;
      for (let reader = 0; reader < this.readers; reader++) {
        const row = this.firstRow + reader * ROW;
        const owner = Atomics.load(words, row + OWNER);
        if (owner !== 0 && binding.isOwnerAlive(owner)) continue;
        if (Atomics.compareExchange(words, row + OWNER, owner, this.self) !== owner) continue;
        Atomics.store(words, row + PIN, 0);
        this.row = row;
        const latest = this.latest();
        // Who joins late sees the newest frame, if there has been any.
        this.see(this.frameOf(latest) === NONE ? latest : (latest - 1) & NUMBER);
        return;
      }
      const message = `The topic ${this.key} has places for ${this.readers} readers, and all of them are taken: create it with more "readers"`;
      throw Object.assign(withCode(new Error(message), 'ERR_SHM_FULL'), { key: this.key });
    }

    /** Gives the row back. */
    leave() {
      const { words, row } = this;
      if (row === NONE) return;
      this.row = NONE;
      Atomics.store(words, row + PIN, 0);
      Atomics.compareExchange(words, row + OWNER, this.self, 0);
    }

    see(number) {
      this.seen = number;
      Atomics.store(this.words, this.row + SEEN, number);
    }

    /**
     * Pins the next frame that this reader has not seen, or else the newest one: `{ frame, number, missed }`,
     * or null if there is none.
     */
    pin(newest) {
      const { words, history } = this;
      if (this.row === NONE) this.join();
      if (words[this.row + OWNER] !== this.self) throw this.damage('a reader’s place was taken away');
      for (let tried = 0; tried < TRIES; tried++) {
        const latest = this.latest();
        const behind = (latest - this.seen) & NUMBER;
        if (behind === 0 && (!newest || this.frameOf(latest) === NONE)) return null;
        const number = newest || behind > history ? (latest - (newest ? 0 : history - 1)) & NUMBER : (this.seen + 1) & NUMBER;
        const frame = this.frameOf(number);
        Atomics.store(words, this.row + PIN, frame + 1);
        const age = (this.latest() - number) & NUMBER;
        if (age >= history) continue;
        if (frame === NONE || words[this.firstFrame + frame * FRAME + SEQUENCE] !== number) break;
        const missed = behind === 0 ? 0 : ((number - this.seen) & NUMBER) - 1;
        this.see(number);
        return { frame, number, missed };
      }
      this.unpin();
      throw this.damage('its newest frame is none');
    }

    unpin() {
      if (this.row !== NONE) Atomics.store(this.words, this.row + PIN, 0);
    }

    /** Wakes those whom a writer should have woken that died just before. */
    wake() {
      if (this.isAttached() && (this.isClosed() || this.latest() !== this.seen)) wakeAll(this.words, LATEST);
    }

    close() {
      Atomics.store(this.words, CLOSED, 1);
      wakeAll(this.words, LATEST);
    }

    lengthOf(frame) {
      const length = this.words[this.firstFrame + frame * FRAME + LENGTH];
      if (length >= 0 && length <= this.size) return length;
      this.unpin();
      throw this.damage(`frame ${frame} tells of a length of ${length >>> 0} bytes`);
    }

    tagOf(frame) {
      return this.words[this.firstFrame + frame * FRAME + TAG];
    }

    /** Where a frame's data begins, in bytes. */
    start(frame) {
      return this.data + frame * this.stride;
    }

    damage(reason) {
      return damaged(this.key, 'topic', reason);
    }
  }

  return Frames;
}

module.exports = { LATEST, NONE, createFramesClass };
