'use strict';
// The mutex around the table: what is done with it takes microseconds, and never waits. So a call that may not block
// tries again, first at once and then by a timer; calls of one object keep their order. A call that is ended by force
// leaves it for the next one to repair the lists: see structures/in-hand.js.

const { Lock } = require('../mutex');
const clock = require('../runtime/clock');
const { giveBack, hold, letGo } = require('../structures/in-hand');
const { countIfMarked } = require('../structures/sleepers');
const { repair } = require('./deaths');
const { MUTEX } = require('./layout');

/** How often to try at once: each try asks the kernel about the owner, which takes about as long as the owner does. */
const MAX_QUICK_ATTEMPTS = 20;

/** When to try again after that (milliseconds): the owner is not running, as a rule. */
const RETRY_AFTER = 1;

/** What `tryRun` returns if somebody else has the mutex. */
const BUSY = Symbol('busy');

class Guard {
  #lock;
  #table;
  /** Actions that wait for the mutex. @type {{ action: () => any, resolve: (value: any) => void, reject: (error: any) => void }[]} */
  #queue = [];

  constructor(table) {
    this.#table = table;
    this.#lock = new Lock(table.words, MUTEX);
  }

  /** What `action()` returns, with the mutex; or a promise of it. Then it may be done more than once, the last time wholly. */
  run(action) {
    if (this.#queue.length === 0) {
      const result = this.tryRun(action);
      if (result !== BUSY) return result;
    }
    return new Promise((resolve, reject) => {
      // The timer first: if there is no stack for it, nothing waits without one.
      if (this.#queue.length === 0) clock.setTimeout(() => this.#retry(), RETRY_AFTER);
      this.#queue.push({ action, resolve, reject });
    });
  }

  /** The same, but it blocks, `timeout` milliseconds at most; BUSY then. What waits comes first, a release maybe. */
  runSync(action, timeout) {
    const deadline = clock.now() + timeout;
    const block = (next) => {
      hold(this);
      return this.#inside(this.#lock.lock(Math.max(0, deadline - clock.now())), next);
    };
    return this.#runQueued(block) ? block(action) : BUSY;
  }

  /** Whether no action waits for the mutex. */
  isIdle() {
    return this.#queue.length === 0;
  }

  /** The same at once; BUSY if somebody else has the mutex. */
  tryRun(action) {
    hold(this);
    let entered = null;
    for (let tries = 0; tries < MAX_QUICK_ATTEMPTS && entered === null; tries++) entered = this.#lock.tryLock();
    return this.#inside(entered, action);
  }

  #retry() {
    try {
      if (this.#runQueued((action) => this.tryRun(action))) return;
    } catch (error) {
      this.#queue[0].reject(error);
      this.#queue.shift();
    }
    clock.setTimeout(() => this.#retry(), RETRY_AFTER);
  }

  /**
   * Does by `run` what waits for the mutex; false if that is busy. Where it fails, or is ended by force, the action stays,
   * and is done again: a call that blocks may have had no stack for it, or no time.
   */
  #runQueued(run) {
    while (this.#queue.length > 0) {
      const { action, resolve } = this.#queue[0];
      const result = run(action);
      if (result === BUSY) return false;
      resolve(result);
      this.#queue.shift();
    }
    return true;
  }

  /**
   * With the mutex, unless somebody else has it: then BUSY. Whatever fails in there, the next one repairs the lists, as
   * after a death.
   */
  #inside(entered, action) {
    if (entered === null) {
      letGo();
      return BUSY;
    }
    const { told, words } = this.#table;
    let result;
    try {
      if (entered !== 'ok') repair(this.#table);
      result = action();
    } catch (error) {
      giveBack();
      throw error;
    }
    this.#lock.unlock();
    letGo();
    for (const word of told) countIfMarked(words, word);
    told.clear();
    return result;
  }

  giveBack() {
    this.#lock.abandon();
  }
}

module.exports = { BUSY, Guard };
