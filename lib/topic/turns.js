'use strict';
// The calls of one object that wait for the writer's lock without blocking, in the order in which they were made. One
// wait of the kernel's does for all of them.

const { Calls } = require('../structures/calls');
const { giveBack } = require('../structures/in-hand');

class Turns extends Calls {
  #isInHand = false;

  /** @param {any} writer */
  constructor(writer) {
    super({ structure: writer.frames, timedOut: (timeout) => writer.timedOut(timeout) });
    this.writer = writer;
    // Whether the lock has been granted and not been handed over: the promise tells of it a moment later.
    this.isGranted = false;
    this.granted = () => {
      this.isWatching = false;
      if (this.takeGranted()) this.handOver();
      else this.watch();
    };
  }

  /** Whether the lock is in the hands of whoever hands it over; it is the asking call's now. */
  takeInHand() {
    const wasInHand = this.#isInHand;
    this.#isInHand = false;
    return wasInHand;
  }

  /** Takes a lock that has just been granted into the hands of this call; whether there was one. */
  takeGranted() {
    const { lock } = this.writer;
    const isOurs = this.isGranted && lock.isLent; // not after a detach
    this.isGranted = false;
    if (isOurs) lock.takeBack();
    return isOurs;
  }

  /** Waits for the lock, if there are calls that nobody waits for yet. */
  watch() {
    if (this.isEmpty() || this.isWatching) return;
    this.isWatching = true;
    const onLocked = () => {
      this.isGranted = true;
    };
    this.writer.lock.wait(onLocked).then(this.granted).catch(this.failed); // nobody has the promise
  }

  /** Hands the lock, which is in the hands of this call, to the first one that waits, and so on. */
  handOver() {
    this.#isInHand = true;
    try {
      this.advance();
    } finally {
      if (this.takeInHand()) giveBack(); // nobody waits any more
      this.watch();
    }
  }

  /** The lock's wait tells if the topic was removed, but not if it was closed. */
  lookUp() {
    try {
      this.writer.frames.checkOpen();
    } catch (error) {
      this.fail(error);
    }
  }
}

module.exports = { Turns };
