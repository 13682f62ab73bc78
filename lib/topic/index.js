'use strict';
// The newest frame, from one writer at a time to any number of readers. What the calls promise is written, for
// editors, in lib/types/channel.d.ts; how they do it is in topic-frames.js.

const { flag, optionsReader, permissions } = require('../options');
const { Borrowed, BorrowedToFill, checkReady, end, placeOf, structureOf } = require('../structures/borrowed');
const { deadlineAfter } = require('../structures/condition');
const { fieldReaders } = require('../structures/geometry');
const { Iteration } = require('../structures/iterator');
const { payloadOf } = require('../structures/payload');
const { waitOptionsReader } = require('../wait/arguments');
const { Frames } = require('./frames');
const { withCode } = require('../errors');
const { LATEST, WRITER, kind } = require('./layout');

const readOptions = optionsReader('a Topic', { ...fieldReaders(kind), perm: permissions, transient: flag });
const readWaitOptions = waitOptionsReader('receive');

/** A frame that this thread writes, with the writer's lock. */
class FrameLoan extends BorrowedToFill {
  constructor(frames, frame) {
    super(frames, frame, giveUp);
  }

  publish() {
    checkReady(this);
    const { length, tag } = this;
    const [frames, frame] = [structureOf(this), placeOf(this)];
    end(this);
    frames.publish(frame, length, tag);
  }
}

function giveUp(loan) {
  end(loan);
  structureOf(loan).writer.unlock();
}

/** A frame that this reader has pinned, until it is released or the reader goes on to another. */
class Frame extends Borrowed {
  constructor(frames, { frame, number, missed }) {
    super(frames, frame, frames.lengthOf(frame), unpin);
    this.tag = frames.tagOf(frame);
    this.sequence = number;
    this.missed = missed;
  }
}

function unpin(frame) {
  end(frame);
  structureOf(frame).unpin();
}

class Topic {
  constructor(key, options) {
    const frames = new Frames(key, readOptions(options));
    /** The frame that this reader has. @type {Frame | null} */
    let current = null;

    const show = (pinned) => {
      if (current !== null) end(current);
      return (current = pinned === null ? null : new Frame(frames, pinned));
    };

    /** A frame not seen yet; null at the end; undefined if there is none now. */
    const take = () => {
      frames.checkAttached();
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
    if (frames.writer.lock(timeout === undefined ? Infinity : timeout) === null) {
      const isOwn = frames.writer.isOwn(frames.words[WRITER]);
      throw withCode(new Error('The writer was not ready'), isOwn ? 'ERR_SHM_DEADLOCK' : 'ERR_SHM_TIMED_OUT');
    }
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
    this.frames.checkAttached();
    const pinned = this.frames.pin(true);
    return pinned === null ? null : this.show(pinned);
  }

  tryReceive() {
    return this.take() || null;
  }

  receive(timeout = Infinity) {
    return this.frames.newFrames.waitSync(this.take, timeout, deadlineAfter(timeout));
  }

  async receiveAsync(options) {
    return this.frames.newFrames.wait(this.take, readWaitOptions(options));
  }

  [Symbol.asyncIterator]() {
    const source = { condition: this.frames.newFrames, attempt: this.take, putBack: (frame) => frame.release() };
    return new Iteration(source, readWaitOptions(undefined));
  }

  leave() {
    this.show(null);
    if (this.frames.isAttached()) this.frames.leave();
  }

  get closed() {
    this.frames.checkAttached();
    return this.frames.isClosed();
  }

  close() {
    this.frames.checkAttached();
    this.frames.close();
  }
}

module.exports = { Topic };
