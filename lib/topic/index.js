'use strict';
// The newest frame, from one writer at a time to any number of readers. What the calls promise is written, for
// editors, in lib/types/channel.d.ts; how they do it is in topic-frames.js.

const { each } = require('../structures/iterator');
const { checkOptions } = require('../structures/geometry');
const { Held, HeldLoan, checkReady, end } = require('../structures/borrowed');
const { checkAttached, payloadOf } = require('../structures/payload');
const { deadlineOf, until, untilAsync } = require('../structures/sleeping');
const { Frames } = require('./frames');
const { LATEST } = require('./layout');

/** A frame that this thread writes, with the writer's lock. */
class FrameLoan extends HeldLoan {
  publish() {
    checkReady(this);
    const { structure: frames, place: frame, length, tag } = this;
    end(this);
    frames.publish(frame, length, tag);
  }

  giveBack(frames) {
    frames.writer.unlock();
  }
}

/** A frame that this reader has pinned, until it is released or the reader goes on to another. */
class Frame extends Held {
  constructor(frames, { frame, number, missed }) {
    super(frames, frame, frames.lengthOf(frame));
    this.tag = frames.tagOf(frame);
    this.sequence = number;
    this.missed = missed;
  }

  giveBack(frames) {
    frames.unpin();
  }
}

class Topic {
  constructor(key, options) {
    const frames = new Frames(key, checkOptions(options, ['size', 'history', 'readers', 'perm'], 'topic'));
    /** The frame that this reader has. @type {Frame | null} */
    let current = null;

    const show = (pinned) => {
      if (current !== null) end(current);
      return (current = pinned === null ? null : new Frame(frames, pinned));
    };

    /** A frame not seen yet; null at the end; undefined if there is none now. */
    const take = () => {
      checkAttached(frames);
      const pinned = frames.pin(false);
      const isClosed = frames.noticeClosed(LATEST);
      if (pinned !== null) return show(pinned);
      return isClosed ? null : undefined;
    };

    this.key = key;
    this.size = frames.size;
    this.history = frames.history;
    this.readers = frames.readers;
    this.frames = frames;
    this.show = show;
    this.take = take;
  }

  loan(timeout) {
    const { frames } = this;
    frames.checkOpen();
    frames.writer.lock(timeout);
    try {
      return new FrameLoan(frames, frames.unused());
    } catch (error) {
      frames.writer.unlock();
      throw error;
    }
  }

  publish(data, timeout) {
    const payload = payloadOf(data, this.size);
    const loan = this.loan(timeout);
    try {
      loan.data.set(payload);
      loan.length = payload.length;
      loan.publish();
    } finally {
      loan.release(); // if somebody has closed it meanwhile
    }
  }

  latest() {
    checkAttached(this.frames);
    const pinned = this.frames.pin(true);
    return pinned === null ? null : this.show(pinned);
  }

  tryReceive() {
    return this.take() || null;
  }

  receive(timeout) {
    const { frames, take } = this;
    return until(frames.words, LATEST, take, frames.lookUp, deadlineOf(timeout));
  }

  receiveAsync(options) {
    const { frames, take } = this;
    return untilAsync(frames.words, LATEST, take, frames.lookUp, options);
  }

  [Symbol.asyncIterator]() {
    return each(this, this.take);
  }

  leave() {
    this.show(null);
    if (this.frames.isAttached()) this.frames.leave();
  }

  get closed() {
    checkAttached(this.frames);
    return this.frames.isClosed();
  }

  close() {
    checkAttached(this.frames);
    this.frames.close();
  }
}

module.exports = { Topic };
