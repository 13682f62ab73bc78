'use strict';
// The share that one object has in the memory under a key. A thread maps a key once, however many objects use it: each
// is a user of its own, whose `detach` ends only its own share, and the last one's detaches the memory. Whatever ends
// a share, what the object still held is given back first. What fails or is ended by force half-way can be repeated:
//
//   ATTACHED → LEAVING   the share's end begins: the object's calls fail from here on
//   LEAVING → LEFT       all that it held has been given back, and its collection has nothing to do any more
//   LEFT → DETACHED      the memory is detached, or another object of the thread has it

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

const [ATTACHED, LEAVING, LEFT, DETACHED] = [0, 1, 2, 3];

/** The users in this thread, as long as they have a share. @type {Set<User>} */
const users = new Set();

/** Ends the share of what was collected. @type {FinalizationRegistry<User>} */
const collected = new FinalizationRegistry((user) => user.leave());

class User {
  #giveBack;
  #state = ATTACHED;
  #outlives;
  #checkedAt = 0;
  #isCurrent = true;

  /**
   * @param {number | string} key
   * @param {any} array the memory
   * @param {() => void} giveBack gives back what the object holds, as long as the memory is there; it is called again if
   * it has not returned
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
    return this.#state === ATTACHED && this.#isThere();
  }

  #isThere() {
    return this.array.length > 0 && !(this.#outlives && isWithdrawn(this.array.buffer));
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
    if (this.#state >= LEFT) return;
    this.#state = LEAVING;
    if (this.#isThere()) {
      giveBack(); // what a call has left that was ended by force
      this.#giveBack();
    }
    users.delete(this);
    collected.unregister(this);
    this.#state = LEFT;
  }

  detach() {
    this.leave();
    if (this.#mayDetach() && !Array.from(users).some((other) => other.isOver(this.array))) memory.detach(this.array);
    this.#state = DETACHED;
  }

  /** Whether there was something to destroy. */
  destroy() {
    this.leave();
    const isDestroyed = memory.destroy(this.#mayDetach() ? this.array : this.key);
    this.#state = DETACHED;
    return isDestroyed;
  }

  /** Whether the memory may still be there because of this object. */
  #mayDetach() {
    return this.#state !== DETACHED && this.#isThere() && this.#isKnown();
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
