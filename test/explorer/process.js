'use strict';
// One process of the explorer's. Each access to a shared word, each question to the kernel and each of its waits is a
// step, before which the process can be stopped, killed, or given an exception. All that a process learns from outside
// is logged, so that one that sleeps can leave the stack, and be played again from its start when it is woken.

const { giveBack, libraryFor, results } = require('./library');

/** What unwinds the stack of a process that is dead, asleep, or ended by force. */
class Unwinding extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Sleeps up to this long are looks, not waits: who sleeps so shortly does not rely on being woken (milliseconds). */
const SHORT = 5;

/** How often who is alone looks up in a call, and how much time passes until then (milliseconds). */
const LOOKS_ALONE = 3;
const A_WHILE = 1000;

/** A call with more steps does not end. */
const MAX_STEPS = 3000;

class Process {
  constructor(world, name, open) {
    this.world = world;
    this.name = name;
    world.processes.push(this);
    /** What it has done so far: `open`, and then functions of what that returns. */
    this.history = [open];
    /** What its steps have given, and how many of those it has been given again. */
    this.kinds = [];
    this.log = [];
    this.replayed = 0;
    /** Steps are counted in `run` only. What happens before a step: by its number. @type {Map<number, () => void>} */
    this.steps = 0;
    this.looks = 0;
    this.plan = new Map();
    /** The same for what it does after its first sleep, where steps are counted anew. @type {Map<number, () => void> | null} */
    this.later = null;
    this.isQuiet = true;
    /** Whether nobody else does anything any more: nothing need be played again then. */
    this.isAlone = false;
    /** How many had died when its call, or the turn of its event loop, began. */
    this.deathsBefore = 0;
    /** @type {Unwinding | null} */
    this.unwinding = null;
    this.isDead = false;
    /** Whether a call of it was ended by an exception or by force: that cannot be played again, as a sleeper must be that is to go on. */
    this.hasFailed = false;
    /** Whether others were told that it is dead while it was stopped. */
    this.wasTakenForDead = false;
    /** Whether it is in a call, and not in what a promise or an event does. */
    this.isCalling = false;
    this.immediates = [];
    this.timers = new Set();
    this.library = libraryFor(this, world.isFresh);
    this.number = this.library.number;
    world.alive.add(this.number);
    this.object = this.#perform(open);
  }

  #perform(action) {
    return action === this.history[0] ? action(this.library) : action(this.object);
  }

  /**
   * Calls `action(object)`, with what its plan has for its steps. The outcome: `{ value }`, `{ error }`, or
   * `{ ended: 'dead' | 'asleep' | 'by force' }`.
   */
  run(action, plan = new Map(), later = null) {
    this.plan = plan;
    this.later = later;
    this.steps = 0;
    this.looks = 0;
    this.history.push(action);
    this.#comesBack();
    return this.#outcome(action);
  }

  #outcome(action) {
    this.isQuiet = false;
    this.unwinding = null;
    this.isCalling = true;
    let outcome;
    try {
      const value = this.#perform(action);
      this.runImmediates();
      outcome = { value };
    } catch (error) {
      if (this.unwinding === null && error instanceof Unwinding) throw error;
      outcome = { error };
    } finally {
      this.isCalling = false;
    }
    const { unwinding } = this;
    if (unwinding === null || unwinding.reason !== 'paused') this.world.order.drain(this);
    if (unwinding === null) return outcome;
    if (unwinding.reason === 'by force') this.unwinding = null;
    return { ended: unwinding.reason };
  }

  #comesBack() {
    this.deathsBefore = this.world.deaths;
    this.world.order.comesBack(this);
  }

  /** Goes on after a sleep. */
  resume(result) {
    this.log.push(result);
    this.#comesBack();
    this.#beginLater();
    return this.goOn();
  }

  #beginLater() {
    if (this.later === null) return;
    this.plan = this.later;
    this.later = null;
    this.steps = 0;
  }

  /** Goes on where it has left the stack. */
  goOn() {
    this.replayed = 0;
    this.unwinding = null;
    this.isQuiet = true;
    this.library = libraryFor(this, true, this.number);
    const last = this.history.length - 1;
    this.history.forEach((action, index) => {
      if (index === last) return;
      const value = this.#perform(action);
      if (index === 0) this.object = value;
      this.runImmediates();
    });
    return this.#outcome(this.history[last]);
  }

  /** Whether it does again what it has done. */
  isReplayed() {
    return this.replayed < this.log.length;
  }

  /** A step: what `perform()` gives, or has given. @param {boolean} [isFree] nobody can be stopped before it */
  ask(kind, perform, isFree = false) {
    if (this.unwinding !== null) throw this.unwinding;
    if (this.isAlone) {
      if (!this.isQuiet) this.#arrive(kind, isFree);
      return perform();
    }
    if (this.isReplayed()) {
      if (this.kinds[this.replayed] !== kind) throw new Error(`Played again, process ${this.name} asks for ${kind} instead of ${this.kinds[this.replayed]}`);
      const result = this.log[this.replayed++];
      if (result instanceof Thrown) throw result.error;
      return result;
    }
    this.kinds.push(kind);
    if (!this.isQuiet) this.#arrive(kind, isFree);
    const result = perform();
    this.log.push(result);
    this.replayed++;
    return result;
  }

  #arrive(kind, isFree) {
    if (this.world.trace !== null) this.world.trace(this, kind, isFree);
    if (isFree) return;
    if (++this.steps > MAX_STEPS) throw new Error(`a call of ${this.name} does not end`);
    const planned = this.plan.get(this.steps);
    if (planned !== undefined) planned(this);
  }

  die() {
    this.isDead = true;
    this.world.order.drain(this);
    this.world.died(this);
    this.#unwind('dead');
  }

  /** Dies between two calls: what its promises would do never happens. */
  kill() {
    if (this.isDead) return;
    this.isDead = true;
    this.unwinding = new Unwinding('dead');
    this.world.died(this);
  }

  /** Throws an exception out of the step. */
  fail(error) {
    this.hasFailed = true;
    this.log.push(new Thrown(error));
    this.replayed++;
    throw error;
  }

  /** Leaves the stack before a step of a call, while others go on: `goOn()` lets it make that step. */
  pause() {
    if (!this.isCalling) return; // a promise does it, after the call
    this.kinds.pop();
    this.#unwind('paused');
  }

  /** Ends the call as the end of its script does: no `finally` runs. */
  endByForce() {
    this.hasFailed = true;
    this.#unwind('by force');
  }

  #unwind(reason) {
    this.unwinding = new Unwinding(reason);
    throw this.unwinding;
  }

  wait(words, index, value, timeout) {
    const { world } = this;
    return this.ask('wait', () => {
      if (world.order.now(this, words, index) !== value) return results.NOT_EQUAL;
      if (timeout <= SHORT) {
        world.time += timeout;
        return results.TIMED_OUT;
      }
      if (this.isAlone) return this.#lookUpAlone();
      world.sleep(this, words, index, timeout);
      return this.#unwind('asleep');
    });
  }

  /** Nobody wakes who is alone: what is not there after a few looks does not come. */
  #lookUpAlone() {
    if (++this.looks > LOOKS_ALONE) throw new Error('afterwards a call is stuck');
    this.world.time += A_WHILE;
    return results.TIMED_OUT;
  }

  waitAsync(words, index, value) {
    const { world } = this;
    return this.ask('waitAsync', () => (world.order.now(this, words, index) === value ? world.sleep(this, words, index, Infinity, true).id : results.NOT_EQUAL_AT_ONCE));
  }

  cancelWait(id) {
    this.ask('cancelWait', () => this.world.cancel(this, id, results.TIMED_OUT));
  }

  notify(words, index, count) {
    if (count === 0) return 0;
    return this.ask('notify', () => {
      this.world.order.drain(this);
      return this.world.wake(words, index, count);
    });
  }

  /** The next turn of its event loop. */
  runImmediates() {
    while (this.immediates.length > 0) this.immediates.shift()();
  }

  /** Its event loop has events: `bring()`. It may die of that, or be stopped, as in a call. */
  turn(bring) {
    if (this.unwinding !== null) return;
    this.#comesBack();
    this.#beginLater();
    try {
      bring();
      this.runImmediates();
    } catch (error) {
      if (!(error instanceof Unwinding)) throw error;
      this.retire(); // what the event loop does by itself nobody ends half-way but a death, after which nothing is used again
    }
  }

  /** The time of its timers has come. */
  runTimers() {
    for (const timer of Array.from(this.timers)) this.runTimer(timer);
  }

  runTimer(timer) {
    if (!timer.repeats) this.timers.delete(timer);
    this.turn(timer.callback);
  }

  /** Its number stays that of a dead one in all runs that follow. */
  retire() {
    this.library.uses = Infinity;
  }

  /** After the run: `leave(object)` lets go of what it has, so that its library can be used again. */
  end(leave) {
    this.unwinding = null;
    this.isQuiet = true;
    this.isAlone = true;
    this.turn(() => leave(this.object));
    this.runTimers();
    if (this.timers.size === 0) giveBack(this.library);
  }

  addTimer(callback, delay, repeats) {
    const timer = { callback, delay, repeats, due: this.world.time + delay, ref: () => timer, unref: () => timer };
    this.timers.add(timer);
    return timer;
  }
}

class Thrown {
  constructor(error) {
    this.error = error;
  }
}

module.exports = { A_WHILE, Process, Unwinding };
