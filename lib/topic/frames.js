'use strict';
// The protocol of a topic: frames, and a ring of the numbers of the newest. A reader pins a frame and then looks
// whether it is still among those; the writer looks at the pins only after it has published. So either it sees the
// pin, or the reader sees that it came too late. There are more frames than can be pinned and among the newest, so
// that the writer always finds one. docs/channels.md specifies it, test/model/topic.pml checks it.

const { withCode } = require('../errors');
const { Lock } = require('../mutex');
const owners = require('../runtime/owner');
const { MAY_SLEEP, wakeAll } = require('../structures/sleepers');
const { Structure } = require('../structures/structure');
const waiting = require('../wait');
const {
  FRAME, LATEST, LENGTH, NUMBER, OWNER, PIN, RING, ROW, SEEN, SEQUENCE,
  TAG, WRITER, framesOf, kind, ringOf, rowsOf,
} = require('./layout');

/** After so many looks that came too late, something else is wrong. */
const TRIES = 10000;

/** What is returned for no frame. */
const NONE = -1;

class Frames extends Structure {
  constructor(key, options) {
    super(key, kind, options);
    const { values } = this;
    this.history = values.history;
    this.readers = values.readers;
    this.frames = framesOf(values);
    this.mask = ringOf(values.history) - 1;
    this.firstRow = rowsOf(values.history);
    this.firstFrame = this.firstRow + ROW * values.readers;
    this.writer = new Lock(this.words, WRITER, true);
    // This reader's row, and the number of the frame that it has read last.
    this.row = NONE;
    this.seen = 0;
    // Where to look for an unused frame next.
    this.next = 0;
    this.begin(() => {});
    this.newFrames = this.condition(LATEST, 'a frame of');
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
    if (mark !== 0) waiting.notify(words, LATEST);
  }

  /** Takes a row that nobody has, or whose owner is dead. */
  join() {
    const { words } = this;
    for (let reader = 0; reader < this.readers; reader++) {
      const row = this.firstRow + reader * ROW;
      const owner = Atomics.load(words, row + OWNER);
      if (owner !== 0 && owners.isAlive(owner)) continue;
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
  lookUp() {
    this.user.checkCurrent();
    if (this.isAttached() && (this.isClosed() || this.latest() !== this.seen)) wakeAll(this.words, LATEST);
  }

  close() {
    this.closeFor(LATEST);
  }

  lengthOf(frame) {
    const length = this.words[this.firstFrame + frame * FRAME + LENGTH];
    if (this.isLength(length)) return length;
    this.unpin();
    throw this.damage(`frame ${frame} tells of a length of ${length >>> 0} bytes`);
  }

  tagOf(frame) {
    return this.words[this.firstFrame + frame * FRAME + TAG];
  }
}

module.exports = { Frames };
