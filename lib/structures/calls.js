'use strict';
// The calls of one object that wait for the same condition without blocking. They get what they wait for in the order
// in which they were made; only the first one looks, and all of them have one wait of the kernel's. So a call costs
// the same however many wait.

const clock = require('../runtime/clock');
const waiting = require('../wait');
const { reasonOf } = require('../wait/arguments');
const { offAbort, onAbort } = require('../wait/signals');
const lookUps = require('./look-ups');
const { BUSY, isResult } = require('./results');
const { PAUSE_OF_TURNS, Spin } = require('./spin');

/** When to try again where another thread's lock was in the way (milliseconds): no change tells when it is free. */
const RETRY_AFTER = 5;

/** One call, and its place in the queue. */
class Call {
  constructor(calls, attempt, options) {
    this.calls = calls;
    this.attempt = attempt;
    this.options = options;
    // Whether it is in the queue; whether its promise is settled.
    this.isPending = false;
    this.isSettled = false;
    // Whether it counts among those that keep the process alive.
    this.isReferenced = false;
    /** @type {Call | null} */
    this.next = null;
    /** @type {Call | null} */
    this.previous = null;
    /** @type {any} */
    this.timer = null;
    /** @type {(() => void) | null} */
    this.aborted = null;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Ends the call with an error, unless it has ended. */
  fail(error) {
    this.isSettled = true;
    this.reject(error);
    if (this.isPending) this.calls.remove(this);
  }

  /** Ends the call with a result, unless it has ended. */
  succeed(result) {
    this.isSettled = true;
    this.resolve(result);
    if (this.isPending) this.calls.remove(this);
  }

  /** Has the call end at its deadline. */
  limit(deadline) {
    const left = deadline - clock.now();
    if (left <= 0) this.fail(this.calls.condition.timedOut(this.options.timeout));
    else this.timer = clock.setTimeout(() => this.limit(deadline), Math.min(left, clock.LONGEST_TIMER)).unref();
  }
}

class Calls {
  /** @param {any} condition */
  constructor(condition) {
    this.condition = condition;
    /** @type {Call | null} */
    this.first = null;
    /** @type {Call | null} */
    this.last = null;
    this.spin = new Spin(PAUSE_OF_TURNS);
    // Whether a change, or a moment, is being waited for. It may outlast the calls.
    this.isWatching = false;
    const after = (action) => (value) => {
      this.isWatching = false;
      try {
        action(value);
      } catch (error) {
        this.fail(error);
      }
    };
    this.changed = after(() => {
      if (this.isEmpty()) this.passOn();
      else this.watch();
    });
    this.turned = after(() => {
      if (this.isEmpty()) this.passOn();
      else this.look();
    });
    this.failed = after((error) => {
      condition.structure.checkAttached(); // its error names the key
      this.fail(error);
    });
  }

  isEmpty() {
    return this.first === null;
  }

  /** Makes a call, which ends at once if it can. */
  add(attempt, options) {
    const call = new Call(this, attempt, options);
    const { signal, timeout } = options;
    try {
      if (signal !== undefined && signal.aborted) throw reasonOf(signal);
      if (this.isEmpty() || this.advance() === true) {
        const result = attempt();
        if (isResult(result)) {
          call.succeed(result);
          return call;
        }
      }
      this.append(call);
      this.watch();
      if (call.isPending && timeout !== Infinity) call.limit(clock.now() + timeout);
    } catch (error) {
      call.fail(error);
    }
    return call;
  }

  append(call) {
    const { signal } = call.options;
    call.previous = this.last;
    if (this.last === null) this.first = call;
    else this.last.next = call;
    this.last = call;
    call.isPending = true;
    lookUps.begin(call);
    if (signal !== undefined) {
      call.aborted = () => call.fail(reasonOf(signal));
      onAbort(signal, call.aborted);
    }
  }

  remove(call) {
    const { next, previous, options, timer } = call;
    // First: if it fails, the call is removed by `advance`.
    lookUps.end(call);
    call.isPending = false;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.last = previous;
    else next.previous = previous;
    if (call.aborted !== null) offAbort(options.signal, call.aborted);
    if (timer !== null) clock.clearTimeout(timer);
  }

  /** Ends as many calls as can be, from the first on; true if none is left, BUSY if a lock is in the way of the first. */
  advance() {
    for (let call = this.first; call !== null; call = this.first) {
      if (call.isSettled) {
        this.remove(call); // what settled it has failed before that
        continue;
      }
      let result;
      try {
        result = call.attempt();
      } catch (error) {
        call.fail(error);
        continue;
      }
      if (!isResult(result)) return result === BUSY ? BUSY : false;
      call.succeed(result);
    }
    return true;
  }

  /** Another thread may sleep, and only this one was woken, for calls that have ended. It throws if the memory is gone. */
  passOn() {
    const { words, index } = this.condition;
    waiting.notify(words, index, 1);
  }

  /** Waits for the next change, if there are calls and it does not wait yet: for a moment without sleeping, if that is due. */
  watch() {
    if (this.isEmpty() || this.isWatching) return;
    if (this.spin.begin(Infinity)) this.turn();
    else this.sleep();
  }

  /** Has the event loop turn before it looks again: who has something to do in this thread does it meanwhile. */
  turn() {
    clock.setImmediate(this.turned);
    this.isWatching = true; // last: if that fails, the next call watches
  }

  look() {
    const hasFound = this.advance() === true;
    const isOver = hasFound || this.spin.isOver();
    if (isOver) this.spin.end(hasFound);
    if (!isOver) this.turn();
    else if (!hasFound) this.sleep();
  }

  sleep() {
    const { condition } = this;
    condition.structure.checkAttached();
    // Once more after the mark, which everyone sees who changes something from now on.
    const value = condition.mark();
    const result = this.advance();
    if (result === true) return;
    if (result === BUSY) clock.setTimeout(this.changed, RETRY_AFTER).unref();
    else waiting.waitAsync(condition.words, condition.index, value, { timeout: condition.retryAfter, ref: false }).then(this.changed, this.failed);
    this.isWatching = true;
  }

  /** Ends all calls with an error. */
  fail(error) {
    while (this.first !== null) this.first.fail(error);
  }

  /** Looks whether somebody has died, for as long as there are calls. */
  lookUp() {
    try {
      this.condition.structure.lookUp();
    } catch (error) {
      this.fail(error);
    }
  }
}

module.exports = { Calls };
