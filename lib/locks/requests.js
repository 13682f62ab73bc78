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
    /** Whether it is given up, or its lock is stolen; then it is granted, too. */
    this.isOver = false;
    /** Of what one is told who has given it up. */
    this.failure = null;
    this.ownerDied = false;
    /** Called when it is granted, when it fails, and when its lock is stolen. */
    this.granted = () => {};
    this.failed = (_error) => {};
    this.stolen = () => {};
  }
}

class Requests {
  #guard;
  /** The request of the call that is on the stack. If it is still there later, the call was ended by force. @type {Request | null} */
  #entering = null;
  /** Those whose callbacks are on the stack, or were, when they were ended by force. @type {Set<Request>} */
  #called = new Set();
  #isWatching = false;
  /** Ends the wait for news. */
  #unwatch = () => {};
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
      const deadline = timeout === Infinity ? Infinity : clock.now() + timeout;
      let timer;
      let isSettled = false;
      const end = (settle, value) => {
        settle(value);
        isSettled = true;
        if (timer !== undefined) clock.clearTimeout(timer);
        if (signal !== undefined) forget(signal, onAborted);
      };
      const giveUp = (error) => {
        if (!request.isGranted && !request.isOver) this.#giveUp(request, error);
      };
      const onAborted = () => giveUp(reasonOf(signal));
      request.granted = () => end(resolve, request);
      request.failed = (error) => end(reject, error);
      if (signal !== undefined) onAbort(signal, onAborted);
      const limit = (left) => (timer = clock.setTimeout(onTimeout, Math.min(left, clock.LONGEST_TIMER)));
      const onTimeout = () => {
        const left = deadline - clock.now();
        if (left > 0) limit(left);
        else giveUp(this.#timedOut(name, timeout));
      };
      if (timeout !== Infinity) limit(timeout);
      const entered = (result) => {
        if (result === null || result instanceof Error) {
          request.isOver = true;
          end(result === null ? resolve : reject, result);
        } else if (request.isOver) this.#takeBack(request);
        else if (!request.isGranted) {
          looks.reference();
          this.#watch();
        }
      };
      const failed = (error) => {
        if (!isSettled) this.#giveUp(request, error); // or else it is granted, and released by its callback's end
      };
      try {
        this.#begin(request);
        const result = this.run(() => this.desk.enter(request));
        if (result instanceof Promise) result.then(entered).catch(failed);
        else entered(result);
      } catch (error) {
        failed(error);
      } finally {
        this.#entering = null;
      }
    });
  }

  /** The same, but it blocks. */
  askSync(name, options) {
    const { desk } = this;
    const { ifAvailable, steal } = options;
    // Those do not wait for a lock, so they have no time of their own.
    const timeout = ifAvailable || steal ? 0 : options.timeout;
    const request = new Request(name, options);
    const deadline = clock.now() + timeout;
    let isReturned = false;
    this.#begin(request);
    try {
      const entered = this.#guard.runSync(() => desk.enter(request), timeout + BUSY_AT_MOST);
      if (entered === null) return null;
      if (entered instanceof Error) throw entered;
      if (entered === BUSY) throw this.#timedOut(name, timeout || BUSY_AT_MOST);
      this.#block(request, deadline);
      this.#called.add(request);
      isReturned = true;
      return request;
    } finally {
      if (!isReturned) {
        request.isOver = true;
        this.#endSync(request, () => desk.decline(request));
      }
      this.#entering = null; // last: until then the next call takes back what this one has left
    }
  }

  /** Blocks until a request is granted. */
  #block(request, deadline) {
    const { desk } = this;
    let failure;
    request.failed = (error) => (failure = error);
    while (!request.isGranted) {
      const value = desk.mark();
      desk.takeNews();
      if (request.isGranted) return;
      const left = deadline - clock.now();
      if (left <= 0) throw this.#timedOut(request.name, request.options.timeout);
      if (waiting.wait(this.table.words, desk.changes, value, Math.min(left, looks.EVERY)) === 'timed-out') this.#lookOnce();
      if (failure !== undefined) throw failure;
    }
  }

  /** Remembers whose call is on the stack, and takes back what another one has left there. */
  #begin(request) {
    if (this.#entering !== null) this.#giveUp(this.#entering, null);
    this.#entering = request;
  }

  /** Whether nothing is held, pending, or about to be. */
  isIdle() {
    return this.desk.size === 0 && this.#guard.isIdle();
  }

  #timedOut(name, timeout) {
    return timedOut(timeout, `the lock ${JSON.stringify(name)} of`, this.table.key);
  }

  /** What `action()` returns with the mutex; or a promise of it. */
  run(action) {
    return this.#guard.run(action);
  }

  /** Releases a lock: at once, or else the promise tells when. What was given back before, by a detach, is gone. */
  release(request) {
    return this.#end(request, () => this.desk.end(request));
  }

  /** The same for a request whose callback has returned, but it blocks. It `isOver` then if its lock was stolen. */
  releaseSync(request) {
    this.#endSync(request, () => this.desk.end(request));
    this.#called.delete(request);
  }

  /** Ends those whose callbacks were ended by force, as if their owner had died. To be called where none is on the stack. */
  #endCalled() {
    for (const request of this.#called) this.desk.disown(request);
    this.#called.clear();
  }

  /** Takes a request back that was not granted, as far as its owner knows, who is told of an error unless that is null. */
  #giveUp(request, error) {
    request.failure = error;
    request.isOver = true; // from here on `look` does what is left, if this call is ended
    this.#takeBack(request);
  }

  /** It can be called again, and must not throw: a timer may have called it. */
  #takeBack(request) {
    try {
      if (request.failure !== null) request.failed(request.failure);
      quietly(this.#end(request, () => this.desk.decline(request)));
    } catch (_) {
      // It has ended without the mutex, or will be looked for.
    }
  }

  /** Takes those back that a call has given up, and was ended then. */
  #takeBackGivenUp() {
    if (!this.#guard.isIdle()) return; // they may be about to go
    for (const request of this.desk.all()) if (request.isOver && !request.isGranted) this.#takeBack(request);
  }

  /** Ends a request by `action`, with the mutex; if that fails, without. */
  #end(request, action) {
    const failed = (error) => {
      this.desk.disown(request);
      throw error;
    };
    try {
      if (!this.desk.has(request)) return undefined;
      const ended = this.run(action);
      return ended instanceof Promise ? ended.catch(failed) : undefined;
    } catch (error) {
      return failed(error);
    }
  }

  /** The same, but it blocks; if the mutex is busy all the time, the request ends later. */
  #endSync(request, action) {
    try {
      if (!this.desk.has(request)) return;
      if (this.#guard.runSync(action, BUSY_AT_MOST) !== BUSY) return;
      this.desk.takeNews();
      quietly(this.#end(request, action));
    } catch (error) {
      this.desk.disown(request);
      throw error;
    }
  }

  /** Waits for news, as long as there is a pending request. */
  #watch() {
    const { desk } = this;
    if (this.#isWatching || desk.pending === 0) return;
    const value = desk.mark();
    desk.takeNews();
    if (desk.pending === 0) return;
    const changed = () => {
      this.#isWatching = false;
      if (this.#user.isAttached()) this.#watch();
    };
    const failed = (error) => {
      this.#isWatching = false;
      this.fail(error);
    };
    const { ended, expire } = waiting.begin(this.table.words, desk.changes, value, { timeout: Infinity, signal: undefined, ref: false });
    this.#isWatching = true;
    this.#unwatch = expire;
    // Nobody has the promise: whatever is thrown must end the requests, or it would end the process.
    ended.then(changed).catch(failed);
  }

  /** Looks for news that nobody brought, and for the dead. Called from time to time, and must not throw. */
  look() {
    try {
      this.#begin(null);
      this.#endCalled();
      this.#takeBackGivenUp();
      this.#lookOnce();
      this.#watch();
    } catch (error) {
      this.fail(error);
    }
  }

  #lookOnce() {
    this.#user.checkAttached();
    if (this.#guard.isIdle()) this.desk.noticeAll(); // or else some may be half entered
    if (this.desk.pending === 0) return;
    this.#user.checkCurrent();
    if (!this.desk.hasDead()) return;
    this.#guard.tryRun(() => this.desk.sweep());
    this.desk.takeNews();
  }

  /** Ends all requests that wait, with an error. */
  fail(error) {
    this.#begin(null); // nobody has the promise of a call that was ended by force
    for (const request of this.desk.all()) {
      if (!request.isGranted && !request.isOver) this.#giveUp(request, error);
    }
  }

  /** Gives back all that this object holds or waits for; before its memory goes. */
  close() {
    const { desk } = this;
    desk.isClosing = true;
    this.fail(detached(this.#user.key));
    let isClosed = false;
    try {
      this.#unwatch();
      isClosed = this.#guard.tryRun(() => desk.close()) !== BUSY;
    } catch (_) {
      // The lists are damaged, or the kernel refuses.
    }
    if (!isClosed) desk.disownAll();
  }
}

/** Takes a listener back. What a signal of somebody's own throws there is uncaught, and no other request's. */
function forget(signal, listener) {
  try {
    offAbort(signal, listener);
  } catch (error) {
    clock.setImmediate(() => {
      throw error;
    });
  }
}

/** Nobody is there to be told if it fails. */
function quietly(ended) {
  if (ended !== undefined) ended.catch(() => {});
}

module.exports = { Requests };
