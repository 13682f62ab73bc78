'use strict';
// The requests of one object of this thread, from the call to the release. The thread sleeps on one word, its mailbox,
// however many requests it has; and it looks from time to time whether somebody has died, who wakes nobody.

const { detached, timedOut } = require('../errors');
const clock = require('../runtime/clock');
const waiting = require('../wait');
const { reasonOf } = require('../wait/arguments');
const { offAbort, onAbort } = require('../wait/signals');
const { Desk } = require('./desk');
const { BUSY, Guard } = require('./guard');
const { NONE } = require('./lists');
const looks = require('./looks');

/** How long a call that blocks waits for the mutex, after its own time is over (milliseconds). */
const BUSY_AT_MOST = 5000;

/** One request of this thread. */
class Request {
  constructor(name, options) {
    this.name = name;
    this.options = options;
    this.number = NONE;
    this.isGranted = false;
    this.isOver = false;
    this.ownerDied = false;
    /** Called when it is granted, when it fails, and when its lock is stolen. */
    this.granted = () => {};
    this.failed = (_error) => {};
    this.stolen = () => {};
  }
}

class Requests {
  #guard;
  #isWatching = false;
  #user;

  constructor(table, user) {
    this.table = table;
    this.#guard = new Guard(table);
    this.desk = new Desk(table, user);
    this.#user = user;
  }

  /** A promise of the request when it is granted; of null if it is only wanted at once, and is not to be had. */
  ask(name, options) {
    const request = new Request(name, options);
    const { signal, timeout } = options;
    return new Promise((resolve, reject) => {
      let timer;
      const end = (settle, value) => {
        if (timer !== undefined) clock.clearTimeout(timer);
        if (signal !== undefined) offAbort(signal, onAborted);
        settle(value);
      };
      const giveUp = (error) => {
        if (request.isGranted || request.isOver) return;
        request.isOver = true;
        end(reject, error);
        this.#giveUp(request);
      };
      const onAborted = () => giveUp(reasonOf(signal));
      request.granted = () => end(resolve, request);
      request.failed = (error) => end(reject, error);
      if (signal !== undefined) onAbort(signal, onAborted);
      if (timeout !== Infinity) timer = clock.setTimeout(() => giveUp(this.#timedOut(name, timeout)), timeout);
      const entered = (result) => {
        if (result === null) end(resolve, null);
        else if (result instanceof Error) end(reject, result);
        else if (!request.isGranted) {
          looks.reference();
          this.#watch();
        }
      };
      const failed = (error) => end(reject, error);
      try {
        const result = this.run(() => this.desk.enter(request));
        if (result instanceof Promise) result.then(entered, failed);
        else entered(result);
      } catch (error) {
        failed(error);
      }
    });
  }

  /** The same, but it blocks. */
  askSync(name, options) {
    const { desk } = this;
    const { timeout } = options;
    const request = new Request(name, options);
    const deadline = clock.now() + timeout;
    const entered = this.#guard.runSync(() => desk.enter(request), timeout + BUSY_AT_MOST);
    if (entered === null) return null;
    if (entered instanceof Error) throw entered;
    if (entered === BUSY) throw this.#timedOut(name, timeout);
    while (!request.isGranted) {
      const value = desk.mark();
      desk.takeNews();
      if (request.isGranted) break;
      const left = deadline - clock.now();
      if (left <= 0) {
        request.isOver = true;
        this.#guard.runSync(() => desk.decline(request), BUSY_AT_MOST);
        throw this.#timedOut(name, timeout);
      }
      if (waiting.wait(this.table.words, desk.changes, value, Math.min(left, looks.EVERY)) === 'timed-out') this.#lookOnce();
    }
    return request;
  }

  #timedOut(name, timeout) {
    return timedOut(timeout, `the lock ${JSON.stringify(name)} of`, this.table.key);
  }

  /** What `action()` returns with the mutex; or a promise of it. */
  run(action) {
    return this.#guard.run(action);
  }

  /** Releases a lock: at once, or else the promise tells when. */
  release(request) {
    return this.run(() => this.desk.end(request));
  }

  releaseSync(request) {
    return this.#guard.runSync(() => this.desk.end(request), BUSY_AT_MOST);
  }

  /** Takes a request back that was not granted, as far as its owner knows. */
  #giveUp(request) {
    const ended = this.run(() => this.desk.decline(request));
    if (ended instanceof Promise) ended.catch(() => {}); // whoever looks next finds it
  }

  /** Waits for news, as long as there is a pending request. */
  #watch() {
    const { desk } = this;
    if (this.#isWatching || desk.pending === 0) return;
    const value = desk.mark();
    desk.takeNews();
    if (desk.pending === 0) return;
    this.#isWatching = true;
    const changed = () => {
      this.#isWatching = false;
      if (this.#user.isAttached()) this.#watch();
    };
    const failed = (error) => {
      this.#isWatching = false;
      this.fail(error);
    };
    waiting.waitAsync(this.table.words, desk.changes, value, { ref: false }).then(changed, failed);
  }

  /** Looks for news that nobody brought, and for the dead. Called from time to time, and must not throw. */
  look() {
    try {
      this.#lookOnce();
      this.#watch();
    } catch (error) {
      this.fail(error);
    }
  }

  #lookOnce() {
    this.#user.checkAttached();
    this.desk.noticeAll();
    if (this.desk.pending === 0) return;
    this.#user.checkCurrent();
    if (!this.desk.hasDead()) return;
    this.#guard.tryRun(() => this.desk.sweep());
    this.desk.takeNews();
  }

  /** Ends all requests that wait, with an error. */
  fail(error) {
    for (const request of this.desk.all()) {
      if (request.isGranted || request.isOver) continue;
      request.isOver = true;
      request.failed(error);
      this.#giveUp(request);
    }
  }

  /** Gives back all that this object holds or waits for; before its memory goes. */
  close() {
    this.desk.isClosing = true;
    this.fail(detached());
    if (this.#guard.tryRun(() => this.desk.close()) === BUSY) this.desk.disown();
  }
}

module.exports = { Requests };
