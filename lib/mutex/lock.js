'use strict';
// A robust lock in one word of shared memory: the protocol. `Mutex` is its face for users; structures use it as it is.
// test/model/mutex.pml checks it; docs/other-languages.md specifies the word for programs in other languages.

const { detached } = require('../errors');
const { checkCurrent } = require('../memory/current');
const clock = require('../runtime/clock');
const { isWithdrawn, outlivesDetach } = require('../runtime/overlay');
const owners = require('../runtime/owner');
const { reasonOf } = require('../wait/arguments');
const waiting = require('../wait');
const { checkWord, compareExchange } = require('../wait/words');
const sleepers = require('./sleepers');
const { CONTENDED, CURRENT_CHECK_INTERVAL, HANDED_ON, HANDED_ON_FOR, NOBODY, OWNER, OWNER_CHECK_INTERVAL } = require('./word');

// Locking again is much faster than waking up. So that a woken thread gets its turn, another one locks
// again this many times at most: fair, and still far fewer switches between processes than turns.
const MAX_TURNS = 128;

class Lock {
  /** @param {boolean} [mayNest] whether a thread can rightly have the lock that it asks for: see `isLeftBehind` */
  constructor(int32Array, index, mayNest = false) {
    waiting.notify(int32Array, index, 0); // throws what there is to say about the arguments
    this.int32Array = int32Array;
    this.index = index;
    this.self = owners.ownNumber();
    this.mayNest = mayNest;
    // Whether the array may not be empty after a detach: its words are nobody else's then.
    this.outlives = outlivesDetach(int32Array.buffer);
    // How often this thread may still unlock before it has to hand the lock on; 0: as often as it likes.
    this.turnsLeft = 0;
    // When the thread that was woken has come by itself, and need not be left the lock.
    this.turnsEnd = 0;
    // Whether nobody came for the lock when it was handed on last.
    this.isAlone = false;
  }

  /** Blocks until this thread has the lock: 'ok' or 'owner-died'; null if the time is over first. */
  lock(milliseconds) {
    if (exchange(this, 0, this.self) === 0) return 'ok';
    let checkedAt = clock.now();
    const deadline = checkedAt + milliseconds;
    const attempt = new Attempt(this);
    for (;;) {
      const result = attempt.take();
      if (result !== null) return result;
      const now = clock.now();
      const left = deadline - now;
      if (this.isOwn(attempt.word) || attempt.isOver(left)) return null;
      if (now - checkedAt >= CURRENT_CHECK_INTERVAL) {
        checkCurrent(this.int32Array);
        checkedAt = now;
      }
      attempt.slept(waiting.wait(this.int32Array, this.index, attempt.word, attempt.slice(left)));
    }
  }

  /**
   * The same without blocking. Tasks of one thread can wait for each other. `onLocked()` is called at the very moment, and
   * must not throw: the promise tells of it later, when other code may have run.
   */
  async lockAsync({ timeout, signal, ref }, onLocked = () => {}) {
    if (signal !== undefined && signal.aborted) throw reasonOf(signal);
    if (exchange(this, 0, this.self) === 0) {
      onLocked();
      return 'ok';
    }
    const deadline = clock.now() + timeout;
    const attempt = new Attempt(this);
    for (;;) {
      const result = attempt.take();
      if (result !== null) {
        onLocked();
        return result;
      }
      const left = deadline - clock.now();
      if (attempt.isOver(left)) return null;
      attempt.slept(await sleepers.sleep(attempt, left, signal, ref));
    }
  }

  /** Never waits: null if another thread has the lock. */
  tryLock() {
    const word = exchange(this, 0, this.self);
    if (word === 0) return 'ok';
    const owner = word & OWNER;
    if (owner !== 0 && !this.isLeftBehind(owner) && owners.isAlive(owner)) return null;
    if (exchange(this, word, this.self | CONTENDED) !== word) return null;
    return owner === 0 ? 'ok' : 'owner-died';
  }

  /** Gives the lock to the next; false, and nothing has changed, if this thread does not have it. */
  unlock() {
    const { self } = this;
    const hasToHandOn = this.turnsLeft > 0 && --this.turnsLeft === 0 && clock.now() < this.turnsEnd;
    let word = hasToHandOn ? self : exchange(this, self, 0);
    if (word === self && !hasToHandOn) return true;
    for (;;) {
      if ((word & OWNER) !== self) return false;
      const next = hasToHandOn || word & HANDED_ON ? HANDED_ON | CONTENDED : 0;
      const found = exchange(this, word, next);
      if (found === word) {
        // If the word was not marked, nobody sleeps: who was woken when the turns began to be counted is on its way.
        if (word !== self) wakeNext(this, next);
        return true;
      }
      word = found;
    }
  }

  /** Leaves the lock as a dead owner does: the next one is told so. */
  abandon() {
    for (let word = this.self; this.isOwn(word); ) {
      const found = exchange(this, word, (word & ~OWNER) | NOBODY);
      if (found === word) return;
      word = found;
    }
  }

  /** Whether the owner in a word is this thread. */
  isOwn(word) {
    return (word & OWNER) === this.self;
  }

  /**
   * Whether an owner is this thread, which has been stopped by force (a timeout of `vm`, Ctrl-C in the REPL) before it
   * could unlock. That is certain where every lock is followed by its unlock before anything else of the program runs.
   */
  isLeftBehind(owner) {
    return owner === this.self && !this.mayNest;
  }
}

/** One try to get the lock, which may sleep several times. */
class Attempt {
  constructor(lock) {
    this.lock = lock;
    this.hasSlept = false;
    this.hasTimedOut = false;
    this.word = 0;
  }

  /** Takes the lock if it can, else marks it as wanted: then `word` is what to sleep on. */
  take() {
    const { lock, hasSlept } = this;
    for (;;) {
      const word = exchange(lock, 0, this.owned());
      if (word === 0) return 'ok';
      const owner = word & OWNER;
      const isFree = owner === 0 && hasSlept;
      if (isFree || (owner !== 0 && this.isDead(owner))) {
        // Somebody may sleep for what this thread itself has left behind.
        if (exchange(lock, word, this.owned() | (word & CONTENDED)) !== word) continue;
        lock.isAlone = this.cameInVain(word);
        return isFree ? 'ok' : 'owner-died';
      }
      // A thread that was woken and came too late asks to be handed the lock.
      const wanted = word | CONTENDED | (hasSlept ? HANDED_ON : 0);
      if (wanted === word || exchange(lock, word, wanted) === word) {
        this.word = wanted;
        return null;
      }
    }
  }

  /** What this thread's lock looks like: after a sleep, others may sleep besides, and the next unlock has to look for them. */
  owned() {
    const { self } = this.lock;
    return this.hasSlept ? self | CONTENDED : self;
  }

  /** Asks the kernel only after a whole slice in which the owner stayed the same. */
  isDead(owner) {
    if (this.lock.isLeftBehind(owner)) return true;
    if (!this.hasTimedOut || (this.word & OWNER) !== owner) return false;
    this.hasTimedOut = false;
    return !owners.isAlive(owner);
  }

  /** Whether the word was handed on, and nobody has taken it for a whole slice. */
  cameInVain(word) {
    return this.hasTimedOut && this.word === word;
  }

  /** Whether the time is over. Even without any time there is one sleep, or an owner's death would go unnoticed. */
  isOver(left) {
    return left <= 0 && this.hasSlept;
  }

  /** How long to sleep before looking again, in milliseconds. */
  slice(left) {
    return Math.max(0, Math.min(left, (this.word & OWNER) === 0 ? HANDED_ON_FOR : OWNER_CHECK_INTERVAL));
  }

  slept(result) {
    this.hasSlept = this.hasSlept || result !== 'not-equal';
    this.hasTimedOut = result === 'timed-out';
  }
}

/** `compareExchange` on a lock's word. */
function exchange({ int32Array, index, outlives }, expected, replacement) {
  if (outlives && isWithdrawn(int32Array.buffer)) throw detached();
  try {
    return compareExchange(int32Array, index, expected, replacement);
  } catch (error) {
    checkWord(int32Array, index);
    throw error;
  }
}

/** Wakes who sleeps longest. If a word is handed on and nobody is there to take it, it becomes free. */
function wakeNext(lock, word) {
  const { int32Array, index } = lock;
  const woken = waiting.notify(int32Array, index, 1);
  const isTaken = word !== 0 && woken > 0;
  if (word !== 0 && woken === 0 && exchange(lock, word, 0) === word) waiting.notify(int32Array, index, 1);
  // Whoever does not sleep any more is on its way, if there is anybody.
  lock.turnsLeft = isTaken || (woken === 0 && lock.isAlone) ? 0 : MAX_TURNS;
  lock.turnsEnd = clock.now() + HANDED_ON_FOR;
  lock.isAlone = false;
}

module.exports = { Lock };
