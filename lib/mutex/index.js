'use strict';
// A robust lock in one word of shared memory. test/model/mutex.pml checks the protocol; docs/other-languages.md
// specifies the word for programs in other languages.

const { performance } = require('perf_hooks');
const { detached, withCode } = require('../errors');
const { isWithdrawn, outlivesDetach } = require('../runtime/overlay');
const owners = require('../runtime/owner');
const { millisecondsOf, reasonOf, waitOptionsReader } = require('../wait/arguments');
const waiting = require('../wait');
const { checkWord, compareExchange } = require('../wait/words');

const readOptions = waitOptionsReader('lockAsync');

// The word: whose lock it is, whether somebody sleeps for it, and whether the next owner has to be
// one who has slept. 0 is free.
const OWNER = 0x3fffffff;
const HANDED_ON = 0x40000000;
const CONTENDED = -0x80000000;

// Locking again is much faster than waking up. So that who has been woken gets a turn, a thread does
// so this many times at most: fair, and still far fewer switches between processes than turns.
const TURNS = 128;

// Who sleeps looks this often (milliseconds) whether the owner still lives.
const LOOK_UP = 50;

// A lock that was handed on is left to whoever was woken for so long (milliseconds).
const HANDED_ON_FOR = 5;

/** What this thread is called in the words it owns; 0 as long as it has no mutex. */
let self = 0;

class Mutex {
  constructor(int32Array, index) {
    waiting.notify(int32Array, index, 0); // throws what there is to say about the arguments
    if (self === 0) self = owners.ownNumber();
    this.int32Array = int32Array;
    this.index = index;
    // Whether the array may not be empty after a detach: its words are nobody else's then.
    this.outlives = outlivesDetach(int32Array.buffer);
    // How often this thread may still unlock before it has to hand the lock on; 0: as it likes.
    this.owed = 0;
    // When whoever was woken has come by itself, and need not be left the lock.
    this.owedUntil = 0;
    // Whether nobody came for the lock when it was handed on last.
    this.alone = false;
  }

  lock(timeout) {
    const milliseconds = millisecondsOf(timeout);
    if (exchange(this, 0, self) === 0) return 'ok';
    const deadline = performance.now() + milliseconds;
    const attempt = new Attempt(this);
    for (;;) {
      const result = attempt.take();
      if (result !== null) return result;
      if ((attempt.word & OWNER) === self) throw deadlock();
      const left = deadline - performance.now();
      if (attempt.isOver(left)) throw timedOut();
      attempt.slept(waiting.wait(this.int32Array, this.index, attempt.word, attempt.slice(left)));
    }
  }

  tryLock() {
    const word = exchange(this, 0, self);
    if (word === 0) return 'ok';
    const owner = word & OWNER;
    if (owner !== 0 && owners.isAlive(owner)) return null;
    if (exchange(this, word, self | CONTENDED) !== word) return null;
    return owner === 0 ? 'ok' : 'owner-died';
  }

  async lockAsync(options) {
    const { timeout, signal, ref } = readOptions(options);
    if (signal !== undefined && signal.aborted) throw reasonOf(signal);
    if (exchange(this, 0, self) === 0) return 'ok';
    const deadline = performance.now() + timeout;
    const attempt = new Attempt(this);
    for (;;) {
      const result = attempt.take();
      if (result !== null) return result;
      if (signal !== undefined && signal.aborted) throw reasonOf(signal);
      const left = deadline - performance.now();
      if (attempt.isOver(left)) throw timedOut();
      const slice = { timeout: attempt.slice(left), signal, ref };
      attempt.slept(await waiting.waitAsync(this.int32Array, this.index, attempt.word, slice));
    }
  }

  unlock() {
    const hasToHandOn = this.owed > 0 && --this.owed === 0 && performance.now() < this.owedUntil;
    let word = hasToHandOn ? self : exchange(this, self, 0);
    if (word === self && !hasToHandOn) return;
    for (;;) {
      if ((word & OWNER) !== self) throw notOwner();
      const next = hasToHandOn || word & HANDED_ON ? HANDED_ON | CONTENDED : 0;
      const found = exchange(this, word, next);
      if (found === word) {
        // Unmarked, nobody sleeps: who was woken when the turns began to be counted is on its way.
        if (word !== self) wakeNext(this, next);
        return;
      }
      word = found;
    }
  }
}

/** One try to get the lock, which may sleep several times. */
class Attempt {
  constructor(mutex) {
    this.mutex = mutex;
    this.hasSlept = false;
    this.hasTimedOut = false;
    this.word = 0;
  }

  /** Takes the lock if it can, else marks it as wanted: then `word` is what to sleep on. */
  take() {
    const { mutex, hasSlept } = this;
    for (;;) {
      const word = exchange(mutex, 0, this.owned());
      if (word === 0) return 'ok';
      const owner = word & OWNER;
      const isFree = owner === 0 && hasSlept;
      if (isFree || (owner !== 0 && this.isDead(owner))) {
        if (exchange(mutex, word, this.owned()) !== word) continue;
        mutex.alone = this.cameInVain(word);
        return isFree ? 'ok' : 'owner-died';
      }
      // Who was woken and came too late asks to be handed the lock.
      const wanted = word | CONTENDED | (hasSlept ? HANDED_ON : 0);
      if (wanted === word || exchange(mutex, word, wanted) === word) {
        this.word = wanted;
        return null;
      }
    }
  }

  /** Others may sleep besides who has slept, so the next unlock has to look for them. */
  owned() {
    return this.hasSlept ? self | CONTENDED : self;
  }

  /** Asks the kernel only after a whole slice in which the owner stayed the same. */
  isDead(owner) {
    if (!this.hasTimedOut || (this.word & OWNER) !== owner) return false;
    this.hasTimedOut = false;
    return !owners.isAlive(owner);
  }

  /** Whether the word was handed on, and nobody has taken it for a whole slice. */
  cameInVain(word) {
    return this.hasTimedOut && this.word === word;
  }

  /** Whether the time is over: not before one sleep, be it of no time, or an owner's death went unnoticed. */
  isOver(left) {
    return left <= 0 && this.hasSlept;
  }

  /** How long to sleep before looking again, in milliseconds. */
  slice(left) {
    return Math.max(0, Math.min(left, (this.word & OWNER) === 0 ? HANDED_ON_FOR : LOOK_UP));
  }

  slept(result) {
    this.hasSlept = this.hasSlept || result !== 'not-equal';
    this.hasTimedOut = result === 'timed-out';
  }
}

/** `compareExchange` on a mutex's word. */
function exchange({ int32Array, index, outlives }, expected, replacement) {
  if (outlives && isWithdrawn(int32Array.buffer)) throw detached();
  try {
    return compareExchange(int32Array, index, expected, replacement);
  } catch (error) {
    checkWord(int32Array, index);
    throw error;
  }
}

/** Wakes who sleeps longest. A word that is handed on with nobody to take it becomes free. */
function wakeNext(mutex, word) {
  const { int32Array, index } = mutex;
  const woken = waiting.notify(int32Array, index, 1);
  const isTaken = word !== 0 && woken > 0;
  if (word !== 0 && woken === 0 && exchange(mutex, word, 0) === word) waiting.notify(int32Array, index, 1);
  // Who does not sleep any more is on its way, if there is anybody.
  mutex.owed = isTaken || (woken === 0 && mutex.alone) ? 0 : TURNS;
  mutex.owedUntil = performance.now() + HANDED_ON_FOR;
  mutex.alone = false;
}

function timedOut() {
  return withCode(new Error('The mutex was not free in time'), 'ERR_SHM_TIMED_OUT');
}

function deadlock() {
  return withCode(new Error('This thread owns the mutex already'), 'ERR_SHM_DEADLOCK');
}

function notOwner() {
  return withCode(new Error('This thread does not own the mutex'), 'ERR_SHM_NOT_OWNER');
}

module.exports = { Mutex };
