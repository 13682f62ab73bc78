'use strict';
// The requests of a lock manager as lists: those that are free, and for each bucket of names those that are pending, in
// their order, and those that are held. Lists only save looking: after a death they are made anew from the states.

const { damaged } = require('../errors');
const { BUCKET, BUCKETS, FIRST_FREE, FREE, HASH, HELD_FIRST, NEXT, PENDING, PENDING_FIRST, PENDING_LAST, PREVIOUS, REQUEST, STATE, USED, bucketsOf, firstRequestOf } = require('./layout');
const { hasName } = require('./name');

/** What is returned for no request. */
const NONE = -1;

class Lists {
  /** @param {Int32Array} words */
  constructor(words, requests, key) {
    this.words = words;
    this.key = key;
    this.requests = requests;
    this.first = firstRequestOf(requests);
    this.bucketMask = bucketsOf(requests) - 1;
  }

  /** The first word of a request. */
  at(request) {
    return this.first + request * REQUEST;
  }

  stateOf(request) {
    return Atomics.load(this.words, this.at(request) + STATE);
  }

  /** How many requests there can be anything about. */
  used() {
    return Math.min(this.words[USED] >>> 0, this.requests);
  }

  /** A request that nobody has, or NONE. Nothing is in it until a state is stored. */
  allocate() {
    const { words } = this;
    const free = words[FIRST_FREE] - 1;
    if (free >= 0 && free < this.requests && words[this.at(free) + STATE] === FREE) {
      words[FIRST_FREE] = words[this.at(free) + NEXT];
      return free;
    }
    const used = this.used();
    if (used === this.requests) return NONE;
    words[USED] = used + 1;
    return used;
  }

  /** One that is free and on no list: a thread that was taken for dead, wrongly, has written over the list. */
  lost() {
    for (let request = 0, used = this.used(); request < used; request++) if (this.stateOf(request) === FREE) return request;
    return NONE;
  }

  free(request) {
    const { words } = this;
    const at = this.at(request);
    Atomics.store(words, at + STATE, FREE);
    words[at + NEXT] = words[FIRST_FREE];
    words[FIRST_FREE] = request + 1;
  }

  /** The first word of the bucket of names with a hash. */
  bucketOf(hash) {
    return BUCKETS + BUCKET * (hash & this.bucketMask);
  }

  link(request, state) {
    const { words } = this;
    const at = this.at(request);
    const bucket = this.bucketOf(words[at + HASH]);
    if (state === PENDING) {
      const last = words[bucket + PENDING_LAST];
      words[at + PREVIOUS] = last;
      words[at + NEXT] = 0;
      if (last === 0) words[bucket + PENDING_FIRST] = request + 1;
      else words[this.at(last - 1) + NEXT] = request + 1;
      words[bucket + PENDING_LAST] = request + 1;
      return;
    }
    const first = words[bucket + HELD_FIRST];
    words[at + PREVIOUS] = 0;
    words[at + NEXT] = first;
    if (first !== 0) words[this.at(first - 1) + PREVIOUS] = request + 1;
    words[bucket + HELD_FIRST] = request + 1;
  }

  unlink(request, state) {
    const { words } = this;
    const at = this.at(request);
    const bucket = this.bucketOf(words[at + HASH]);
    const [next, previous] = [words[at + NEXT], words[at + PREVIOUS]];
    if (previous !== 0) words[this.at(previous - 1) + NEXT] = next;
    else words[bucket + (state === PENDING ? PENDING_FIRST : HELD_FIRST)] = next;
    if (next !== 0) words[this.at(next - 1) + PREVIOUS] = previous;
    else if (state === PENDING) words[bucket + PENDING_LAST] = previous;
  }

  remove(request, state) {
    this.unlink(request, state);
    this.free(request);
  }

  /** The requests of a list that have the name that was encoded last. It ends, whatever is written there. */
  named(hash, list) {
    const { words } = this;
    const found = [];
    let steps = 0;
    for (let next = words[this.bucketOf(hash) + list]; next !== 0; next = words[this.at(next - 1) + NEXT]) {
      if (next < 0 || next > this.requests || steps++ > this.requests) throw this.damage();
      if (hasName(words, this.at(next - 1))) found.push(next - 1);
    }
    return found;
  }

  /** The first pending request with the name that was encoded last, and NONE if there is none. */
  firstPending(hash) {
    const { words } = this;
    let steps = 0;
    for (let next = words[this.bucketOf(hash) + PENDING_FIRST]; next !== 0; next = words[this.at(next - 1) + NEXT]) {
      if (next < 0 || next > this.requests || steps++ > this.requests) throw this.damage();
      if (hasName(words, this.at(next - 1))) return next - 1;
    }
    return NONE;
  }

  /** Makes all lists empty. */
  clear() {
    this.words.fill(0, BUCKETS, BUCKETS + BUCKET * (this.bucketMask + 1));
    this.words[FIRST_FREE] = 0;
  }

  damage() {
    return damaged(this.key, 'lock manager', 'its lists lead outside');
  }
}

module.exports = { Lists, NONE };
