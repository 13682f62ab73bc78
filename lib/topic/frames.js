'use strict';
// What is in a topic: frames, and a ring of the numbers of the newest. A reader pins a frame and then looks whether it
// is still among those; the writer looks at the pins only after it has published. So either it sees the pin, or the
// reader sees that it came too late. There are more frames than can be pinned and among the newest, so that the writer
// always finds one. docs/topics.md specifies it, test/model/topic.pml checks it; writer.js and reader.js do it.

const { giveBack, isEmptyHanded } = require('../structures/in-hand');
const { FRAME, LATEST, LENGTH, NUMBER, OWNER, RING, ROW, SEQUENCE, TAG, framesOf, kind, ringOf, rowsOf } = require('./layout');
const { Row } = require('./row');
const { WriterLock } = require('./writer-lock');
const { wakeAll } = require('../structures/sleepers');
const { Structure } = require('../structures/structure');

/** What is returned for no frame. */
const NONE = -1;

class Frames extends Structure {
  constructor(key, options, attempt) {
    super(key, kind, options, attempt);
    const { history, readers } = this.values;
    this.history = history;
    this.readers = readers;
    this.frames = framesOf(this.values);
    this.mask = ringOf(history) - 1;
    this.firstRow = rowsOf(history);
    this.firstFrame = this.firstRow + ROW * readers;
    const row = new Row(this.words, this.firstRow, readers, this.self);
    const lock = new WriterLock(this.words);
    this.row = row;
    this.lock = lock;
    this.begin(() => {
      row.leave();
      lock.endLoan();
    });
    this.newFrames = this.condition(LATEST, 'a frame of');
  }

  /** To be called first by every call: what the one before it has left is given back. */
  beginCall() {
    this.checkAttached();
    if (!isEmptyHanded()) giveBack();
  }

  latest() {
    return Atomics.load(this.words, LATEST) >>> 1;
  }

  /** The frame that has a number, as long as that is one of the newest. */
  frameOf(number) {
    const frame = Atomics.load(this.words, RING + (number & this.mask)) - 1;
    return frame >= 0 && frame < this.frames ? frame : NONE;
  }

  /** Says what is in a frame; it is published when its number is in the ring and in LATEST. */
  label(frame, number, length, tag) {
    const { words } = this;
    const at = this.firstFrame + frame * FRAME;
    words[at + SEQUENCE] = number;
    words[at + LENGTH] = length;
    words[at + TAG] = tag;
  }

  hasNumber(frame, number) {
    return this.words[this.firstFrame + frame * FRAME + SEQUENCE] === number;
  }

  lengthOf(frame) {
    const length = this.words[this.firstFrame + frame * FRAME + LENGTH];
    if (!this.isLength(length)) throw this.damage(`frame ${frame} has a length of ${length >>> 0} bytes, more than the ${this.size} of a frame`);
    return length;
  }

  tagOf(frame) {
    return this.words[this.firstFrame + frame * FRAME + TAG];
  }

  /** Wakes those whom a writer should have woken that died just before. */
  lookUp() {
    this.user.checkCurrent();
    if (this.isAttached() && (this.isClosed() || this.latest() !== this.row.seen)) wakeAll(this.words, LATEST);
  }

  close() {
    this.closeFor(LATEST);
  }

  facts() {
    const { key, size, history, readers } = this;
    if (!this.isAttached()) return { key, size, history, readers, detached: true };
    let reading = 0;
    for (let reader = 0; reader < readers; reader++) if (this.words[this.firstRow + reader * ROW + OWNER] !== 0) reading++;
    return { key, size, history, readers, reading, latest: this.latest() & NUMBER, closed: this.isClosed() };
  }
}

module.exports = { Frames, NONE };
