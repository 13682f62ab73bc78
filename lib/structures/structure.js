'use strict';
// What a channel and a topic have in common: memory of a geometry that can be closed, and places of one size in it.

const { closed, damaged } = require('../errors');
const owners = require('../runtime/owner');
const { aligned, open } = require('./geometry');
const { checkAttached } = require('./payload');
const { wakeAll } = require('./sleeping');

/** The word that says whether it is closed; those of the geometry are before it. */
const CLOSED = 5;

/** A base class; a kind, besides what `geometry` takes, has `dataOf(values)`: at which byte the first place begins. */
class Structure {
  constructor(key, kind, options) {
    const { words, bytes, values, isAttached } = open(key, kind, options);
    this.key = key;
    this.what = kind.what;
    /** @type {Int32Array} */
    this.words = words;
    this.bytes = bytes;
    this.values = values;
    this.isAttached = isAttached;
    this.size = values.size;
    this.data = kind.dataOf(values);
    this.stride = aligned(values.size);
    this.self = owners.ownNumber();
  }

  isClosed() {
    return this.words[CLOSED] !== 0;
  }

  /** Throws where nothing can be written any more. */
  checkOpen() {
    checkAttached(this);
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
