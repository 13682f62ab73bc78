'use strict';
// What a channel and a topic have in common: memory of a geometry that can be closed, and places of one size in it. It
// is what the public object keeps in a private field, and what the borrowed places refer to.

const { closed, damaged, detached } = require('../errors');
const owners = require('../runtime/owner');
const { Condition } = require('./condition');
const { aligned } = require('./geometry');
const { openStructure } = require('./opening');
const { wakeAll } = require('./sleepers');
const { User } = require('./user');

/** The word that says whether it is closed; those of the geometry are before it. */
const CLOSED = 5;

/** A base class, whose objects are made inside `opening`; a kind, besides what the geometry takes, has `dataOf(values)`: at which byte the first place begins. */
class Structure {
  constructor(key, kind, options, attempt) {
    const { words, values } = openStructure(attempt, key, kind, options);
    this.key = key;
    this.what = kind.what;
    /** @type {Int32Array} */
    this.words = words;
    this.bytes = Buffer.from(words.buffer, words.byteOffset, kind.bytesOf(values));
    /** @type {any} */
    this.values = values;
    this.size = values.size;
    this.data = kind.dataOf(values);
    this.stride = aligned(values.size);
    this.self = owners.ownNumber();
    /** @type {any} */
    this.user = null;
    /** @type {any[]} */
    this.conditions = [];
  }

  /** Begins this object's share, as the last thing that can fail; `giveBack` must not refer to this object. See `User`. */
  begin(giveBack) {
    this.user = new User(this.key, this.words, giveBack);
    this.user.endWith(this);
  }

  /** Something that this object's calls wait for; see `Condition`. */
  condition(index, event) {
    const condition = new Condition(this, index, event);
    this.conditions.push(condition);
    return condition;
  }

  /** Ends this object's share, and the calls that wait. */
  detach() {
    try {
      this.user.detach();
    } finally {
      this.endCalls(); // the share is over, even if the kernel has refused
    }
  }

  destroy() {
    try {
      return this.user.destroy();
    } finally {
      this.endCalls();
    }
  }

  endCalls() {
    for (const { calls } of this.conditions) calls.fail(detached(this.key));
  }

  isAttached() {
    return this.user.isAttached();
  }

  checkAttached() {
    this.user.checkAttached();
  }

  isClosed() {
    return this.words[CLOSED] !== 0;
  }

  /** The property of that name. Whoever reads it and then receives gets what was sent before: so it is an atomic load. */
  get closed() {
    this.checkAttached();
    return Atomics.load(this.words, CLOSED) !== 0;
  }

  /** Throws where nothing can be written any more. */
  checkOpen() {
    this.checkAttached();
    if (this.isClosed()) throw closed(this.key, this.what);
  }

  /** Whether it is closed: then `close` has missed those who slept after this thread had marked the word again. */
  noticeClosed(index) {
    const isClosed = this.isClosed();
    if (isClosed) wakeAll(this.words, index);
    return isClosed;
  }

  /** Closes it, and wakes all who sleep on these words. */
  closeFor(...indexes) {
    this.checkAttached();
    Atomics.store(this.words, CLOSED, 1);
    indexes.forEach((index) => wakeAll(this.words, index));
  }

  /** Where the data of a place begins, in bytes. */
  start(place) {
    return this.data + place * this.stride;
  }

  isLength(length) {
    return length >= 0 && length <= this.size;
  }

  damage(reason) {
    return damaged(this.key, this.what, reason);
  }
}

module.exports = { CLOSED, Structure };
