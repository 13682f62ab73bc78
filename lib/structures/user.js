'use strict';
// The share that one object has in the memory under a key. A thread maps a key once, however many objects use it: each
// is a user of its own, whose `detach` ends only its own share, and the last one's detaches the memory. Whatever ends
// a share, what the object still held is given back first.

const { bufferOf } = require('../arrays/intrinsics');
const { detached, replaced } = require('../errors');
const memory = require('../memory');
const { checkedKey } = require('../memory/keys');
const binding = require('../runtime/binding');
const { isWithdrawn, outlivesDetach } = require('../runtime/overlay');
const clock = require('../runtime/clock');
const { giveBack } = require('./in-hand');

/** How often a waiting object looks whether its key still leads to its memory (milliseconds). */
const CHECK_EVERY = 1000;

/** The users in this thread, as long as they have a share. @type {Set<User>} */
const users = new Set();

/** Ends the share of what was collected. @type {FinalizationRegistry<User>} */
const collected = new FinalizationRegistry((user) => user.leave());

class User {
  #giveBack;
  #hasLeft = false;
  #outlives;
  #checkedAt = 0;
  #isCurrent = true;

  /**
   * @param {number | string} key
   * @param {any} array the memory
   * @param {() => void} giveBack gives back what the object holds, as long as the memory is there
   */
  constructor(key, array, giveBack) {
    this.key = key;
    this.array = array;
    this.#giveBack = giveBack;
    // Whether the array may not be empty after a detach.
    this.#outlives = outlivesDetach(array.buffer);
    users.add(this);
  }

  /** Has the share end, too, when the structure is collected: neither this user nor `giveBack` may refer to it. */
  endWith(structure) {
    collected.register(structure, this, this);
  }

  isAttached() {
    return !this.#hasLeft && this.array.length > 0 && !(this.#outlives && isWithdrawn(this.array.buffer));
  }

  /** @throws {Error} `ERR_SHM_DETACHED` */
  checkAttached() {
    if (!this.isAttached()) throw detached(this.key);
  }

  /** Looks at most once a second: @throws {Error} `ERR_SHM_REPLACED` if the key leads to other memory, or to none, by now */
  checkCurrent() {
    if (!this.isCurrent()) throw replaced(binding.keyOf(this.array));
  }

  /** Whether the key leads to this memory, as was seen a second ago or less. */
  isCurrent() {
    const now = clock.now();
    if (now - this.#checkedAt >= CHECK_EVERY) {
      this.#isCurrent = binding.isCurrent(this.array) !== false;
      this.#checkedAt = now;
    }
    return this.#isCurrent;
  }

  /** Gives back what the object holds; its share ends. The memory stays attached. */
  leave() {
    if (this.#hasLeft) return;
    const isThere = this.isAttached();
    this.#hasLeft = true;
    users.delete(this);
    collected.unregister(this);
    if (!isThere) return;
    giveBack(); // what a call has left that was ended by force
    this.#giveBack();
  }

  detach() {
    const wasAttached = this.isAttached();
    this.leave();
    if (wasAttached && this.#isKnown() && !Array.from(users).some((other) => other.isOver(this.array))) memory.detach(this.array);
  }

  /** Whether there was something to destroy. */
  destroy() {
    const isThere = this.isAttached();
    this.leave();
    return memory.destroy(isThere && this.#isKnown() ? this.array : this.key);
  }

  /**
   * Whether the memory is attached as far as the native side knows. At the exit event segments have been detached, and an
   * engine that takes no memory but its own still shows their arrays as they were.
   */
  #isKnown() {
    return memory.keyOf(this.array) !== null;
  }

  /**
   * Whether a detach of this array ends what the object has: it is over the same pages, or both are over what their key
   * leads to now. An object that only reads has private pages.
   */
  isOver(array) {
    if (this.array.buffer === bufferOf(array)) return true;
    return checkedKey(this.key) === binding.keyOf(array) && binding.isCurrent(this.array) === true && binding.isCurrent(array) === true;
  }
}

// A detach ends the shares of all objects over the memory: of a key, of an array, or of all.
memory.beforeDetach((key, array) => {
  for (const user of users) {
    const isMeant = array === undefined ? key === undefined || checkedKey(user.key) === key : user.isOver(array);
    if (isMeant) user.leave();
  }
});

module.exports = { User };
