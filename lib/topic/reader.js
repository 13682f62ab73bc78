'use strict';
// How a topic's object reads: it takes a row, pins the next frame that it has not seen or the newest one, and has one
// frame at a time.

const { show, withCode } = require('../errors');
const { Borrowed, end, structureOf } = require('../structures/borrowed');
const { giveBack } = require('../structures/in-hand');
const { NONE } = require('./frames');
const { LATEST, NUMBER } = require('./layout');

/** So often a frame can be overwritten between a reader's look and its pin before something else is wrong. */
const MAX_ATTEMPTS = 10000;

/** A frame that this reader has pinned, until it is released or the reader goes on to another. */
class Frame extends Borrowed {
  constructor(frames, frame, number, missed) {
    super(frames, frame, frames.lengthOf(frame), unpin);
    this.tag = frames.tagOf(frame);
    this.sequence = number;
    this.missed = missed;
  }

  text() {
    return this.data.toString();
  }

  json() {
    return JSON.parse(this.text());
  }
}

function unpin(frame) {
  end(frame);
  structureOf(frame).row.unpin();
}

class Reader {
  /** The frame that this reader has. @type {Frame | null} */
  #current = null;

  constructor(frames) {
    this.frames = frames;
  }

  /** A frame not seen yet; null at the end; undefined if there is none now. See `Condition`. */
  next = () => {
    const { frames } = this;
    frames.beginCall();
    const frame = this.#frame(false);
    if (frame !== null) return frame;
    if (!frames.noticeClosed(LATEST)) return undefined;
    return this.#frame(false); // the last one may have come just before the end
  };

  /** The newest frame, seen or not; null if there is none. */
  newest() {
    this.frames.beginCall();
    return this.#frame(true);
  }

  /** Gives back the frame and the row. */
  leave() {
    this.#endCurrent();
    if (this.frames.isAttached()) this.frames.row.leave();
  }

  /** What `for await` goes through; see `Iteration`. */
  source() {
    return { condition: this.frames.newFrames, attempt: this.next, putBack: (frame) => frame.release() };
  }

  #frame(newest) {
    try {
      this.#join();
      return this.#pin(newest);
    } catch (error) {
      giveBack();
      this.#endCurrent();
      this.frames.row.unpin();
      throw error;
    }
  }

  #join() {
    const { frames } = this;
    const { row } = frames;
    if (row.isOwn()) return;
    if (row.at !== NONE) {
      this.leave();
      throw frames.damage('the row of this reader was given to another one');
    }
    if (!row.take()) throw full(frames);
    const before = frames.latest();
    const isEmpty = frames.frameOf(before) === NONE;
    const latest = frames.latest(); // if it has moved, the ring may have been that of later frames
    // Who joins late sees the newest frame, if there has been any.
    row.see(isEmpty && latest === before ? latest : (latest - 1) & NUMBER);
  }

  /** Pins the next frame, or else the newest one; null if there is none. */
  #pin(newest) {
    const { frames } = this;
    const { history, row } = frames;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const latest = frames.latest();
      const behind = (latest - row.seen) & NUMBER;
      if (behind === 0 && (!newest || frames.frameOf(latest) === NONE)) return null;
      const number = newest ? latest : behind > history ? (latest - history + 1) & NUMBER : (row.seen + 1) & NUMBER;
      const frame = frames.frameOf(number);
      this.#endCurrent(); // its pin moves
      row.pin(frame);
      const age = (frames.latest() - number) & NUMBER;
      if (age >= history) continue; // it came too late: the writer may not have seen the pin
      if (frame === NONE || !frames.hasNumber(frame, number)) break;
      const missed = behind === 0 ? 0 : ((number - row.seen) & NUMBER) - 1;
      this.#current = new Frame(frames, frame, number, missed);
      row.see(number);
      return this.#current;
    }
    throw frames.damage('the ring does not lead to its newest frame');
  }

  #endCurrent() {
    if (this.#current !== null) end(this.#current);
    this.#current = null;
  }
}

function full({ key, readers }) {
  const message = `The topic ${show(key)} has rows for ${readers} readers, and all of them are taken: create it with more "readers", or have one leave`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_FULL'), { key });
}

module.exports = { Frame, Reader };
