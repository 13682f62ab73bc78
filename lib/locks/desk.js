'use strict';
// Where one object of this thread enters requests and ends them, with the mutex; it knows which of them are its own.

const { damaged, detached, show, withCode } = require('../errors');
const owners = require('../runtime/owner');
const { MAY_SLEEP } = require('../structures/sleepers');
const { forgetDead, ownersSeen, sweep } = require('./deaths');
const { BROKEN, CHANGES, EXCLUSIVE, HELD, HELD_FIRST, MODE, OWNER, OWNER_DIED, PENDING, PENDING_FIRST, PERMITS, RELEASED, STATE } = require('./layout');
const { NONE } = require('./lists');
const { encode } = require('./name');
const { takeNews } = require('./news');

class Desk {
  /**
   * Its requests by their numbers. Not a Map: one that has the same key set and deleted again and again looks through all
   * that it has deleted.
   *
   * @type {any[]}
   */
  #own = [];
  #size = 0;
  #user;
  constructor(table, user) {
    this.table = table;
    this.#user = user;
    this.mailbox = NONE;
    /** Set while the object's share in the memory ends. */
    this.isClosing = false;
    /** How many of its requests have not been granted. */
    this.pending = 0;
  }

  get size() {
    return this.#size;
  }

  /** Its requests. */
  all() {
    return this.#own.filter((request) => request !== undefined);
  }

  has(request) {
    return this.#own[request.number] === request;
  }

  /** The word that this thread sleeps on. */
  get changes() {
    return this.table.at(this.mailbox) + CHANGES;
  }

  /** Says that this thread may sleep; its word then. */
  mark() {
    return Atomics.or(this.table.words, this.changes, MAY_SLEEP) | MAY_SLEEP;
  }

  /**
   * Enters a request. Null if it is only wanted at once, and is not to be had; an error if it cannot be entered, which
   * is returned, since what is thrown with the mutex has the lists made anew.
   */
  enter(request) {
    // It was given up while it waited for the mutex, or entered by a call that was ended before it could say so.
    if (request.isOver || request.isGranted || this.#hasEntered(request)) return undefined;
    if (!this.#user.isAttached()) return detached(this.#user.key);
    const { table } = this;
    const { mode, permits, ifAvailable, steal } = request.options;
    if (!this.#hasMailbox()) return this.#full();
    const { hash } = encode(request.name);
    const others = this.#otherPermits(request.options, hash);
    if (others < 1 && mode === EXCLUSIVE) return damaged(table.key, 'lock manager', `somebody has a lock with ${others} permits`);
    if (others !== permits) return wrongPermits(table.key, request.name, others, permits);
    const found = steal ? this.#findAll(hash) : this.#find(request, hash);
    if (ifAvailable && !found.isFree) return null;
    // Before room is made for it, which may forget the dead.
    const ownerDied = found.isFree && (found.isTold || table.hasDied(found.dead));
    const number = this.#allocated();
    if (number === NONE) return this.#full();
    encode(request.name);
    const rest = steal || found.dead.length > 0 ? table.named(hash, HELD_FIRST) : [];
    if (steal) table.breakAll(rest.filter((holder) => !found.dead.includes(holder)));
    table.add(number, {
      mode,
      permits,
      mailbox: this.mailbox,
      ownerDied,
      state: found.isFree ? HELD : PENDING,
      entered: () => this.#add(number, request),
    });
    if (!found.isFree) return undefined;
    for (const holder of found.dead) if (rest.includes(holder)) table.remove(holder, HELD);
    this.#grant(request);
    return undefined;
  }

  /** Whether a request is in the table. What a call that was ended has not brought there is dropped, to be entered again. */
  #hasEntered(request) {
    if (!this.has(request)) return false;
    if (this.table.isOwn(request.number, this.mailbox)) return true;
    this.#drop(request.number);
    this.pending--;
    return false;
  }

  /** Whether there is a mailbox now. One that a call was making when it was ended by force is none. */
  #hasMailbox() {
    if (this.mailbox !== NONE && this.table.isMailbox(this.mailbox)) return true;
    this.mailbox = this.#allocated();
    if (this.mailbox === NONE) return false;
    this.table.addMailbox(this.mailbox);
    return true;
  }

  /** Releases a lock, or takes a request back. */
  end(request) {
    this.#remove(request, (number) => this.table.end(number, request.name));
  }

  /** Takes a request back that was not granted, as far as this thread knows. */
  decline(request) {
    this.#remove(request, (number) => this.table.decline(number, request.name));
  }

  #remove(request, remove) {
    if (!this.has(request)) return;
    // What is freed must not be on a list of news any more: whoever gets it next is told by a list of its own.
    this.takeNews();
    if (this.#hasMemory()) remove(request.number);
    this.#drop(request.number);
    if (!request.isGranted) this.pending--;
  }

  /** Whether the memory is there: also while this object's share in it ends. */
  #hasMemory() {
    return this.isClosing || this.#user.isAttached();
  }

  /** Whether nobody is in the way of a request; with it those of the holders that are dead. */
  #find({ name, options }, hash) {
    const { table } = this;
    const find = () => {
      const held = table.named(hash, HELD_FIRST);
      return { held, isFree: table.firstPending(hash) === NONE && table.fits(options.mode, options.permits, held), dead: [], isTold: table.wereTold(held) };
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
    return { isFree: table.fits(options.mode, options.permits, holding), dead, isTold: table.wereTold(holding) };
  }

  /** The same for a request that steals: nobody is in its way. */
  #findAll(hash) {
    const { table } = this;
    const held = table.named(hash, HELD_FIRST);
    // A holder that was told of a death may not have repaired anything yet.
    return { isFree: true, isTold: table.wereTold(held), dead: held.filter((holder) => table.isDead(holder)) };
  }

  /** How many permits the living ask for who have a name, or wait for it; as many as the options if there are none. */
  #otherPermits({ mode, permits }, hash) {
    const { table } = this;
    const { words } = table;
    if (mode !== EXCLUSIVE) return permits;
    const differs = (other) => words[table.at(other) + MODE] === EXCLUSIVE && words[table.at(other) + PERMITS] !== permits;
    const held = table.named(hash, HELD_FIRST);
    const first = table.firstPending(hash);
    // All the living agree, so as a rule it is enough to look at the first.
    if (![...held.slice(0, 1), ...(first === NONE ? [] : [first])].some(differs)) return permits;
    const other = held.concat(table.named(hash, PENDING_FIRST)).find((number) => differs(number) && !table.isDead(number));
    return other === undefined ? permits : words[table.at(other) + PERMITS];
  }

  /**
   * A request that nobody has, maybe after the dead have left room; NONE if there is none. Names whose holders have died
   * are kept for whoever asks for them next, but not in a full table.
   */
  #allocated() {
    const { table } = this;
    let number = table.allocate();
    if (number === NONE) {
      sweep(table, this.#dead());
      number = table.allocate();
    }
    if (number === NONE) {
      forgetDead(table);
      number = table.allocate();
    }
    return number === NONE ? table.lost() : number;
  }

  #full() {
    const { key, requests } = this.table;
    const message = `The lock manager ${show(key)} is full: it has room for ${requests} requests. Create one with more "requests"`;
    return Object.assign(withCode(new Error(message), 'ERR_SHM_FULL'), { key });
  }

  #add(number, request) {
    request.number = number;
    while (this.#own.length <= number) this.#own.push(undefined);
    this.#own[number] = request;
    this.#size++;
    this.pending++;
  }

  #drop(number) {
    if (this.#own[number] === undefined) return;
    this.#own[number] = undefined;
    this.#size--;
  }

  #grant(request) {
    const { table } = this;
    request.ownerDied = table.words[table.at(request.number) + OWNER_DIED] !== 0;
    request.isGranted = true;
    this.pending--;
    request.granted();
  }

  /** Sees to what others have changed about requests of this object. It needs no mutex. */
  takeNews() {
    if (this.mailbox !== NONE && this.#hasMemory()) takeNews(this.table, this.mailbox, (number) => this.#notice(number));
  }

  /** The same for all requests, if nobody has brought the news. */
  noticeAll() {
    this.takeNews();
    for (const request of this.all()) {
      const { number } = request;
      this.#notice(number);
      if (!request.isGranted && (this.table.stateOf(number) & OWNER) !== this.table.self) this.#lose(request);
    }
  }

  #notice(number) {
    const request = this.#own[number];
    if (request === undefined || request.isOver) return;
    const state = this.table.stateOf(number) & ~OWNER;
    if (state === HELD && !request.isGranted) this.#grant(request);
    if (state !== BROKEN) return;
    request.isOver = true;
    if (!request.isGranted) this.#grant(request);
    request.stolen();
  }

  /** Ends a request of this thread that is in the table no more: something else has written there. */
  #lose(request) {
    this.#drop(request.number);
    this.pending--;
    if (request.isOver) return;
    request.isOver = true;
    request.failed(damaged(this.table.key, 'lock manager', 'a request of this thread is gone'));
  }

  /** Whether somebody has died who has requests. */
  hasDead() {
    return this.#dead().size > 0;
  }

  /** Ends the requests of the dead. */
  sweep() {
    sweep(this.table, this.#dead());
  }

  /** The owners of requests that are dead; 0, which is nobody's number, among them. */
  #dead() {
    const { table } = this;
    const dead = new Set();
    for (const owner of ownersSeen(table)) if (owner !== table.self && (owner === 0 || !owners.isAlive(owner))) dead.add(owner);
    return dead;
  }

  /** With the mutex: gives back all that this object holds or waits for; before its memory goes. */
  close() {
    for (const request of this.all()) this.end(request);
    if (this.mailbox !== NONE) this.table.free(this.mailbox);
    this.mailbox = NONE;
  }

  /** The same without the mutex. */
  disownAll() {
    // One that was granted just now may have been told of a death.
    for (const request of this.all()) this.disown(request, request.isGranted ? RELEASED : 0);
    if (this.mailbox !== NONE) this.#disown(this.mailbox, RELEASED);
    this.mailbox = NONE;
  }

  /** Ends a request without the mutex, as a death would, or a release. */
  disown(request, owner = 0) {
    if (!this.has(request)) return;
    if (this.#hasMemory()) this.#disown(request.number, owner);
    this.#drop(request.number);
    if (!request.isGranted) this.pending--;
  }

  #disown(number, owner) {
    /** @type {Int32Array} */
    const words = this.table.words;
    const at = this.table.at(number) + STATE;
    // Others may change the state above the number meanwhile.
    if ((Atomics.load(words, at) & OWNER) === this.table.self) Atomics.xor(words, at, this.table.self ^ owner);
  }
}

function wrongPermits(key, name, others, own) {
  const message = `The lock ${JSON.stringify(name)} of ${show(key)} has { permits: ${others} } now, so it cannot be asked for with { permits: ${own} }`;
  return Object.assign(withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE'), { key });
}

module.exports = { Desk };
