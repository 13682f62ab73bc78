'use strict';
// A thread that waits looks for a moment before it sleeps, if that has been worth it lately: to sleep and to be woken
// costs both sides more than so short a look. A look in vain is followed by a wait without one, the next by two, then
// four, up to MOST_SKIPPED; a look that found something halves that. With one processor nobody looks: what is waited
// for could not happen meanwhile.
//
// Not for locks: two processes that look for the same one take it in turn, and each turn fetches memory from the other
// processor, where a lock that is slept for is taken many times in a row.

const os = require('os');
const clock = require('../runtime/clock');

/** How long a look takes at most (milliseconds): about as much as sleeping and being woken. */
const LIMIT = 0.04;

/** How many waits in a row go without a look at most. */
const MOST_SKIPPED = 1024;

/**
 * A look that took as long as this was interrupted (milliseconds): other threads want this processor, and the system
 * takes it from a thread that uses it up by looking.
 */
const INTERRUPTED = 1;

/**
 * How long there is no look after one that was interrupted, as a multiple of what it took. Where the event loop turns,
 * it is long: to sleep is better beside busy programs. A thread that blocks loses nothing there, and once in a while
 * an idle machine interrupts, too (the engine's own threads, a garbage collection): then a long pause costs more.
 */
const PAUSE_OF_TURNS = 100;
const PAUSE_OF_BLOCKING = 3;

/** Twice as long a pause follows when that happens again within so many milliseconds, or within as long as the pause took. */
const AGAIN_WITHIN = 20;
const LONGEST_PAUSE = 10000; // milliseconds

/** Turns of an empty loop between two reads, so that reading does not hinder who writes; and reads between two looks at the clock. */
const TURNS_BETWEEN_READS = 40;
const READS_BETWEEN_CLOCKS = 16;

/** Whether this process may use a second processor. Runtimes that cannot tell count as if not: Node before 18.14. */
const HAS_SECOND_PROCESSOR = typeof os.availableParallelism === 'function' && os.availableParallelism() > 1;

/** What the waits of one kind and one object have learnt. */
class Spin {
  #skipped = 0;
  #toSkip = 0;
  #pausePerInterruption;
  #pause = 0;
  #pausedUntil = -Infinity;
  #began = 0;
  #end = 0;

  constructor(pausePerInterruption) {
    this.#pausePerInterruption = pausePerInterruption;
  }

  /** Whether this wait is to begin with a look, which is over at the deadline at the latest. */
  begin(deadline) {
    if (!HAS_SECOND_PROCESSOR) return false;
    if (this.#skipped < this.#toSkip) {
      this.#skipped++;
      return false;
    }
    const now = clock.now();
    if (now < this.#pausedUntil) return false;
    this.#began = now;
    this.#end = Math.min(now + LIMIT, deadline);
    return true;
  }

  isOver() {
    return clock.now() >= this.#end;
  }

  /** Whether a word changes before the look is over. @param {Int32Array} words */
  changes(words, index, seen) {
    do {
      for (let reads = 0; reads < READS_BETWEEN_CLOCKS; reads++) {
        if (Atomics.load(words, index) !== seen) return true;
        for (let turn = 0; turn < TURNS_BETWEEN_READS; turn++);
      }
    } while (!this.isOver());
    return false;
  }

  /** To be called at the end of a look that has found something, or not. */
  end(hasFound) {
    const now = clock.now();
    if (now - this.#began >= INTERRUPTED) this.#pauseFrom(now);
    this.#skipped = 0;
    this.#toSkip = hasFound ? this.#toSkip >> 1 : Math.min(MOST_SKIPPED, 2 * this.#toSkip || 1);
  }

  #pauseFrom(now) {
    const isAgain = now - this.#pausedUntil < Math.max(this.#pause, AGAIN_WITHIN);
    this.#pause = Math.min(LONGEST_PAUSE, isAgain ? 2 * this.#pause : this.#pausePerInterruption * (now - this.#began));
    this.#pausedUntil = now + this.#pause;
  }
}

module.exports = { PAUSE_OF_BLOCKING, PAUSE_OF_TURNS, Spin };
