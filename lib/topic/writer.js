'use strict';
// How a topic's object writes: it takes the writer's lock, fills a frame that nobody can see, and publishes it. Calls
// that wait for the lock get it in the order in which they were made.

const { byteLengthOf } = require('../arrays/intrinsics');
const { show, timedOut, withCode } = require('../errors');
const { BorrowedToFill, checkReady, end, placeOf } = require('../structures/borrowed');
const { deadlineAfter, leftUntil } = require('../structures/condition');
const { lengthNow } = require('../structures/payload');
const { MAY_SLEEP } = require('../structures/sleepers');
const waiting = require('../wait');
const { giveBack } = require('../structures/in-hand');
const { LATEST, NUMBER, PIN, RING, ROW } = require('./layout');
const { Turns } = require('./turns');

/** How often a blocking call looks whether the topic has been closed or removed (milliseconds). */
const LOOK_UP_EVERY = 1000;

/** A frame that this thread writes, with the writer's lock. */
class FrameLoan extends BorrowedToFill {
  #writer;

  constructor(writer, frame) {
    super(writer.frames, frame, (loan) => writer.endLoan(loan, false));
    this.#writer = writer;
    this.sequence = writer.nextNumber();
  }

  publish() {
    checkReady(this);
    this.#writer.endLoan(this, true);
  }
}

class Writer {
  #used;
  /** The loan of this object, as long as it is not over. @type {FrameLoan | null} */
  #loan = null;
  /** Where to look for an unused frame next. */
  #next = 0;

  constructor(frames) {
    this.frames = frames;
    this.lock = frames.lock;
    this.#used = new Uint8Array(frames.frames);
    this.turns = new Turns(this);
    frames.conditions.push({ calls: this.turns });
  }

  /** A loan. Like `publication`, it is an action: with the lock in its hands. */
  loan = () => {
    const loan = new FrameLoan(this, this.#unused());
    this.#loan = loan;
    this.lock.lend();
    return loan;
  };

  /** What publishes a payload. */
  publication(payload) {
    const length = byteLengthOf(payload);
    return () => {
      lengthNow(payload, length);
      const frame = this.#unused();
      this.frames.bytes.set(payload, this.frames.start(frame));
      this.#publish(frame, length, 0);
      return null;
    };
  }

  /** What an action gives, if the lock is free; undefined if not. */
  attempt(action) {
    const { frames } = this;
    if (!this.turns.takeInHand()) {
      frames.beginCall();
      frames.checkOpen();
      if (!this.lock.tryTake()) return undefined;
    }
    return this.#write(action);
  }

  /** The same for an action behind those of the calls that wait. */
  attemptInTurn(action) {
    if (this.turns.takeGranted()) this.turns.handOver();
    return this.turns.isEmpty() || this.turns.advance() === true ? this.attempt(action) : undefined;
  }

  wait(action, options) {
    return this.turns.add(() => this.attempt(action), options).promise;
  }

  waitSync(action, timeout) {
    const deadline = deadlineAfter(timeout);
    for (;;) {
      const result = this.attemptInTurn(action);
      if (result !== undefined) return result;
      if (this.lock.isOwn()) throw deadlock(this.frames);
      const left = leftUntil(deadline);
      if (this.#takeSync(Math.min(left, LOOK_UP_EVERY))) {
        if (this.turns.isEmpty()) return this.#write(action);
        this.turns.handOver();
      } else {
        if (left <= LOOK_UP_EVERY) throw this.timedOut(timeout);
        this.frames.user.checkCurrent();
      }
    }
  }

  timedOut(timeout) {
    return timedOut(timeout, 'the turn to write to topic', this.frames.key);
  }

  /** The number of the frame that is published next. */
  nextNumber() {
    return (this.frames.latest() + 1) & NUMBER;
  }

  /** Ends a loan, whose frame is published or given back. */
  endLoan(loan, isPublished) {
    const { length, tag } = loan;
    const frame = placeOf(loan);
    // If it was ended half-way before, its lock was given back, and another object of this thread may have it by now.
    const hasLock = this.#loan === loan && this.lock.isLent;
    if (hasLock) this.lock.takeBack();
    this.#act(() => {
      if (this.#loan === loan) this.#loan = null;
      end(loan);
      if (!isPublished) {
        if (hasLock) this.lock.unlock();
      } else if (hasLock && this.lock.isOwn()) this.#publish(frame, length, tag);
      else throw this.frames.damage("the writer's lock was taken away");
    });
  }

  /** Ends what there is of a loan: it shows nothing any more. */
  leave() {
    if (this.#loan !== null) this.#loan.release();
  }

  #takeSync(milliseconds) {
    try {
      return this.lock.takeSync(milliseconds);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Does something with the lock in hand, which is given back if that fails. */
  #act(action) {
    try {
      return action();
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** The same, unless the topic has been closed. */
  #write(action) {
    return this.#act(() => {
      this.frames.checkOpen();
      return action();
    });
  }

  /** With the lock in hand: a frame that is neither pinned nor one of the newest. */
  #unused() {
    const { frames, history, readers, firstRow } = this.frames;
    /** @type {Int32Array} */
    const words = this.frames.words;
    const used = this.#used.fill(0);
    const mark = (frame) => {
      if (frame >= 0 && frame < frames) used[frame] = 1;
    };
    const latest = this.frames.latest();
    for (let age = 0; age < history; age++) mark(this.frames.frameOf(latest - age));
    for (let reader = 0; reader < readers; reader++) mark(Atomics.load(words, firstRow + reader * ROW + PIN) - 1);
    for (let tried = 0; tried < frames; tried++) {
      const frame = (this.#next + tried) % frames;
      if (used[frame] === 1) continue;
      this.#next = frame + 1;
      return frame;
    }
    throw this.frames.damage('more frames are pinned than it has readers');
  }

  /** With the lock in hand, which it gives back. */
  #publish(frame, length, tag) {
    const { words, mask } = this.frames;
    const number = this.nextNumber();
    this.frames.label(frame, number, length, tag);
    Atomics.store(words, RING + (number & mask), frame + 1);
    const mark = Atomics.exchange(words, LATEST, number << 1) & MAY_SLEEP; // from here on it is published
    this.lock.unlock();
    if (mark !== 0) waiting.notify(words, LATEST);
  }
}

function deadlock({ key }) {
  const message = `This thread has a loan of the topic ${show(key)}, and would wait for itself: publish or release it first`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_DEADLOCK'), { key });
}

module.exports = { FrameLoan, Writer };
