'use strict';
// The requests that one object of this thread has made. The thread sleeps on one word, its mailbox, however many they
// are; and it looks from time to time whether somebody has died, who wakes nobody.

const { detached, timedOut, withCode } = require('../errors');
const clock = require('../runtime/clock');
const owners = require('../runtime/owner');
const { MAY_SLEEP } = require('../structures/sleepers');
const waiting = require('../wait');
const { reasonOf } = require('../wait/arguments');
const { offAbort, onAbort } = require('../wait/signals');
const { BUSY, Guard } = require('./guard');
const { BROKEN, CHANGES, EXCLUSIVE, FREE, HELD, HELD_FIRST, MODE, OF_MAILBOX, OWNER, OWNER_DIED, PENDING, PENDING_FIRST, PERMITS, STATE } = require('./layout');
const looks = require('./looks');
const { encode } = require('./name');
const { NONE } = require('./table');

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
  #entries = new Map();
  #pending = 0;
  #mailbox = NONE;
  #isWatching = false;
  #isClosing = false;
  #user;

  constructor(table, user) {
    this.table = table;
    this.guard = new Guard(table);
    this.#user = user;
    /** Whoever must not be collected as long as there are requests. @type {any} */
    this.holder = null;
  }

  get size() {
    return this.#entries.size;
  }

  get pending() {
    return this.#pending;
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
      if (timeout !== Infinity) timer = clock.setTimeout(() => giveUp(timedOut(timeout, `lock ${JSON.stringify(name)} of`, this.table.key)), timeout);
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
        const result = this.guard.run(() => this.#enter(request));
        if (result instanceof Promise) result.then(entered, failed);
        else entered(result);
      } catch (error) {
        failed(error);
      }
    });
  }

  /** The same, but it blocks. */
  askSync(name, options) {
    const request = new Request(name, options);
    const deadline = clock.now() + options.timeout;
    const entered = this.guard.runSync(() => this.#enter(request), Math.min(options.timeout + BUSY_AT_MOST, 2 ** 31));
    if (entered === null) return null;
    if (entered instanceof Error) throw entered;
    if (entered === BUSY) throw timedOut(options.timeout, `lock ${JSON.stringify(name)} of`, this.table.key);
    while (!request.isGranted) {
      const value = this.#mark();
      this.takeNews();
      const left = deadline - clock.now();
      if (request.isGranted) break;
      if (left <= 0) {
        request.isOver = true;
        this.guard.runSync(() => this.#decline(request), BUSY_AT_MOST);
        throw timedOut(options.timeout, `lock ${JSON.stringify(name)} of`, this.table.key);
      }
      const slept = waiting.wait(this.table.words, this.table.at(this.#mailbox) + CHANGES, value, Math.min(left, looks.EVERY));
      if (slept === 'timed-out') this.look();
    }
    return request;
  }

  /** Releases a lock: at once, or else the promise tells when. */
  release(request) {
    return this.guard.run(() => this.#end(request));
  }

  releaseSync(request) {
    return this.guard.runSync(() => this.#end(request), BUSY_AT_MOST);
  }

  /**
   * With the mutex: enters a request. Null if it is only wanted at once, and is not to be had; an error if it cannot be
   * entered, which is returned, since what is thrown in here has the lists made anew.
   */
  #enter(request) {
    if (request.isOver) return undefined; // it was given up while it waited for the mutex
    if (!this.#user.isAttached()) return detached();
    const { table } = this;
    const { mode, permits, ifAvailable, steal } = request.options;
    if (this.#mailbox === NONE) this.#mailbox = this.#allocated(() => table.addMailbox());
    if (this.#mailbox === NONE) return this.#full();
    const { hash } = encode(request.name);
    const others = this.#otherPermits(request, hash);
    if (others !== permits) return wrongPermits(request.name, others, permits);
    const found = steal ? this.#steal(hash) : this.#find(request, hash, mode, permits);
    if (ifAvailable && !found.isFree) return null;
    const number = this.#allocated(() => table.allocate());
    if (number === NONE) return this.#full();
    encode(request.name);
    table.add(number, {
      mode,
      permits,
      mailbox: this.#mailbox,
      ownerDied: found.dead.length > 0 || found.isTold === true,
      state: found.isFree ? HELD : PENDING,
      entered: () => this.#add(number, request),
    });
    if (!found.isFree) return undefined;
    for (const holder of found.dead) table.remove(holder, HELD);
    this.#grant(request);
    return undefined;
  }

  /** Whether nobody is in the way of a request; with it those of the holders that are dead. */
  #find({ name }, hash, mode, permits) {
    const { table } = this;
    const find = () => {
      const held = table.named(hash, HELD_FIRST);
      return { held, isFree: table.firstPending(hash) === NONE && table.fits(mode, permits, held), dead: [] };
    };
    const first = find();
    if (first.isFree) return first;
    // The dead are not in the way.
    table.grantNext(name, true);
    encode(name);
    const second = find();
    const living = new Map();
    const dead = second.held.filter((holder) => table.isDead(holder, living));
    if (second.isFree || dead.length === 0 || table.firstPending(hash) !== NONE) return second;
    const holding = second.held.filter((holder) => !dead.includes(holder));
    return { held: second.held, isFree: table.fits(mode, permits, holding), dead };
  }

  #steal(hash) {
    const { table } = this;
    const isTold = table.breakAll(hash);
    return { isFree: true, isTold, dead: table.named(hash, HELD_FIRST) };
  }

  /** How many permits the living ask for who have a name, or wait for it; as many as the request itself if there are none. */
  #otherPermits({ options }, hash) {
    const { table } = this;
    const { words } = table;
    if (options.mode !== EXCLUSIVE) return options.permits;
    const differs = (other) => words[table.at(other) + MODE] === EXCLUSIVE && words[table.at(other) + PERMITS] !== options.permits;
    const held = table.named(hash, HELD_FIRST);
    const first = table.firstPending(hash);
    // All the living agree, so as a rule it is enough to look at the first.
    if (![...held.slice(0, 1), ...(first === NONE ? [] : [first])].some(differs)) return options.permits;
    const other = held.concat(table.named(hash, PENDING_FIRST)).find((number) => differs(number) && !table.isDead(number));
    return other === undefined ? options.permits : words[table.at(other) + PERMITS];
  }

  /**
   * What `allocate()` gives, maybe after the dead have left room; NONE if there is none. Names whose holders have died
   * are kept for whoever asks for them next, but not in a full table.
   */
  #allocated(allocate) {
    const { table } = this;
    let number = allocate();
    if (number === NONE) {
      table.sweep(this.#dead());
      number = allocate();
    }
    if (number === NONE) {
      table.forgetDead();
      number = allocate();
    }
    return number;
  }

  #full() {
    const { key, requests } = this.table;
    const message = `The lock manager ${JSON.stringify(key)} is full: it has room for ${requests} requests. Create one with more "requests"`;
    return Object.assign(withCode(new Error(message), 'ERR_SHM_FULL'), { key });
  }

  #add(number, request) {
    request.number = number;
    this.#entries.set(number, request);
    this.#pending++;
    looks.begin(this);
  }

  #grant(request) {
    const { table } = this;
    request.isGranted = true;
    request.ownerDied = table.words[table.at(request.number) + OWNER_DIED] !== 0;
    this.#pending--;
    request.granted();
  }

  #end(request) {
    if (this.#entries.get(request.number) !== request) return;
    if (this.#hasMemory()) this.table.end(request.number, request.name);
    this.#forget(request);
  }

  #decline(request) {
    if (this.#entries.get(request.number) !== request) return;
    if (this.#hasMemory()) this.table.decline(request.number, request.name);
    this.#forget(request);
  }

  /** Whether the memory is there: also while this object's share in it ends. */
  #hasMemory() {
    return this.#isClosing || this.#user.isAttached();
  }

  #forget(request) {
    this.#entries.delete(request.number);
    if (!request.isGranted) this.#pending--;
  }

  /** Takes a request back that was not granted, as far as its owner knows. */
  #giveUp(request) {
    const ended = this.guard.run(() => this.#decline(request));
    if (ended instanceof Promise) ended.catch(() => {}); // whoever looks next finds it
  }

  /** Sees to what has changed about a request of this thread. */
  #notice(number) {
    const request = this.#entries.get(number);
    if (request === undefined) return;
    const state = this.table.stateOf(number) & ~OWNER;
    if (state === HELD && !request.isGranted && !request.isOver) this.#grant(request);
    if (state === BROKEN && !request.isOver) {
      request.isOver = true;
      if (!request.isGranted) this.#grant(request);
      request.stolen();
    }
  }

  takeNews() {
    if (this.#mailbox !== NONE && this.#user.isAttached()) this.table.takeNews(this.#mailbox, (number) => this.#notice(number));
  }

  #mark() {
    return Atomics.or(this.table.words, this.table.at(this.#mailbox) + CHANGES, MAY_SLEEP) | MAY_SLEEP;
  }

  /** Waits for news, as long as there is a pending request. */
  #watch() {
    if (this.#isWatching || this.#pending === 0) return;
    const value = this.#mark();
    this.takeNews();
    if (this.#pending === 0) return;
    this.#isWatching = true;
    const changed = () => {
      this.#isWatching = false;
      if (this.#user.isAttached()) this.#watch();
    };
    waiting.waitAsync(this.table.words, this.table.at(this.#mailbox) + CHANGES, value, { ref: false }).then(changed, (error) => {
      this.#isWatching = false;
      this.fail(error);
    });
  }

  /** Looks for news that nobody brought, and for the dead. Called from time to time, and must not throw. */
  look() {
    try {
      this.#user.checkAttached();
      this.takeNews();
      for (const number of Array.from(this.#entries.keys())) this.#notice(number);
      if (this.#pending === 0) return;
      this.#user.checkCurrent();
      const dead = this.#dead();
      if (dead.size > 0 || this.#hasStrays()) this.guard.tryRun(() => this.#sweep(dead));
      this.takeNews();
      this.#watch();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The owners of requests that are dead. */
  #dead() {
    const { table } = this;
    const dead = new Set();
    for (const owner of table.ownersSeen()) if (owner !== table.self && (owner === 0 || !owners.isAlive(owner))) dead.add(owner);
    return dead;
  }

  #sweep(dead) {
    const { table } = this;
    table.sweep(dead);
    this.#strays().forEach((number) => Atomics.store(table.words, table.at(number) + STATE, table.stateOf(number) & ~OWNER));
    table.sweep(new Set([0]));
  }

  #hasStrays() {
    return this.#strays().length > 0;
  }

  /** Requests that this thread has entered, in a call that was ended by force before it could note them. */
  #strays() {
    const { table } = this;
    const strays = [];
    for (let number = 0, used = table.used(); number < used; number++) {
      const word = table.stateOf(number);
      if (word === FREE || (word & OWNER) !== table.self || looks.has(table, number)) continue;
      if (table.words[table.at(number) + MODE] !== OF_MAILBOX) strays.push(number);
    }
    return strays;
  }

  has(number) {
    return this.#entries.has(number);
  }

  /** Ends all requests that wait, with an error. */
  fail(error) {
    for (const request of Array.from(this.#entries.values())) {
      if (request.isGranted || request.isOver) continue;
      request.isOver = true;
      request.failed(error);
      this.#giveUp(request);
    }
  }

  /** Gives back all that this object holds or waits for; before its memory goes. */
  close() {
    this.#isClosing = true;
    this.fail(detached());
    const end = () => {
      for (const request of Array.from(this.#entries.values())) this.#end(request);
      if (this.#mailbox !== NONE) this.table.free(this.#mailbox);
      this.#mailbox = NONE;
    };
    if (this.guard.tryRun(end) === BUSY) this.#disown();
    this.#isClosing = false;
  }

  /** Without the mutex: what has no owner is taken for a dead one's. */
  #disown() {
    const { table } = this;
    const numbers = Array.from(this.#entries.keys()).concat(this.#mailbox === NONE ? [] : this.#mailbox);
    for (const number of numbers) {
      const word = table.stateOf(number);
      if ((word & OWNER) === table.self) Atomics.compareExchange(table.words, table.at(number) + STATE, word, word & ~OWNER);
    }
    this.#entries.clear();
    this.#pending = 0;
    this.#mailbox = NONE;
  }
}

function wrongPermits(name, others, own) {
  const message = `The lock ${JSON.stringify(name)} has { permits: ${others} } now, so it cannot be asked for with { permits: ${own} }`;
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
}

module.exports = { Requests };
