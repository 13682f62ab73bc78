'use strict';
// The lock of a shard: at most one thread changes the shard at a time, and what it leaves is whole, whatever ends it.
//
//   the word's owner   0              free
//                      another thread it changes the shard. If it has died, the next one takes the lock
//                      this thread    between `enter` and `leave`. At any other time a call was ended by force in
//                                     between (a vm's timeout, Ctrl-C in the REPL, a stack that overflowed)
//
// No call of a map lets another one in while it has a lock, so a thread has one at most, and if it finds its own number
// before it has entered, it has left the lock behind: then it repairs the shard as if the owner had died. It finds it at
// the next call, and at the latest when the event loop has its next turn, so that other processes go on.

const clock = require('../runtime/clock');
const { Lock } = require('../mutex');
const { OWNER } = require('../mutex/word');
const owners = require('../runtime/owner');
const { lockTimedOut } = require('./errors');
const { SHARD } = require('./layout');
const { empty, repair } = require('./repair');
const { isRingSound } = require('./ring');

/** How many slots a call may visit for each slot of its shard. An honest index needs about 30 when it is full. */
const VISITS_PER_SLOT = 128;

/** The codes of what calls throw before they change anything; whatever else is thrown came between two changes. */
const ANSWERS = ['ERR_SHM_FULL', 'ERR_SHM_LAYOUT', 'ERR_SHM_NOT_A_NUMBER'];
const isAnswer = (error) => ANSWERS.includes(error.code);

/** The shard whose lock this thread takes, has, or has left behind. @type {any} */
let entered = null;

/** Whether `recover` will be called at the next turn of the event loop. */
let isWatched = false;

/**
 * Takes the lock of a shard, whose index is whole then, whoever has died.
 *
 * @param {number} timeout milliseconds
 * @param {string} [key] that the call is about
 */
function enter(shard, timeout, key) {
  const needsRepair = acquire(shard, timeout, key);
  try {
    if (!isRingSound(shard)) throw shard.damaged();
    if (needsRepair || shard.words[shard.start + SHARD.moves] & 1) repair(shard);
  } catch (error) {
    throw leaveAfter(shard, error);
  }
}

/** Empties a shard, whatever is in it. */
function clear(shard, timeout) {
  acquire(shard, timeout);
  try {
    empty(shard);
  } catch (error) {
    throw leaveAfter(shard, error);
  }
  leave(shard);
}

/** Whether the shard may be half changed. */
function acquire(shard, timeout, key) {
  if (entered !== null) recover();
  if (!isWatched) watch();
  // Before the lock is taken: there must be no moment at which it is held and not known.
  entered = shard;
  shard.visits = VISITS_PER_SLOT * shard.slots;
  if (Atomics.compareExchange(shard.words, shard.start + SHARD.mutex, 0, owners.ownNumber()) === 0) return false;
  const result = lockOf(shard).lock(timeout);
  if (result !== null) return result === 'owner-died';
  entered = null;
  throw lockTimedOut(shard.key, key, timeout);
}

/** Gives the lock back. */
function leave(shard) {
  const self = owners.ownNumber();
  // If this thread has never waited for the lock, it owes no other thread a turn.
  const isDone = shard.lock === null && Atomics.compareExchange(shard.words, shard.start + SHARD.mutex, self, 0) === self;
  if (!isDone) lockOf(shard).unlock();
  entered = null;
}

/** Gives the lock back after an error, and returns the error. */
function leaveAfter(shard, error) {
  if (isAnswer(error)) leave(shard);
  else leaveWhole(shard);
  return error;
}

/** Repairs a shard and gives the lock back. If the repair is ended by force, too, the lock stays for `recover`. */
function leaveWhole(shard) {
  try {
    if (isRingSound(shard)) repair(shard);
  } catch (error) {
    if (!isAnswer(error)) throw error; // the shard is damaged, which the next call says
  }
  leave(shard);
}

/** Runs `action` with the lock. @param {string | undefined} key that the call is about */
function locked(shard, timeout, key, action) {
  enter(shard, timeout, key);
  let result;
  try {
    result = action();
  } catch (error) {
    throw leaveAfter(shard, error);
  }
  leave(shard);
  return result;
}

function lockOf(shard) {
  if (shard.lock === null) shard.lock = new Lock(shard.words, shard.start + SHARD.mutex);
  return shard.lock;
}

function watch() {
  clock.setImmediate(() => {
    isWatched = false;
    recover();
  });
  isWatched = true;
}

/** Repairs what a call has left that was ended by force. To be called where no call has a lock. */
function recover() {
  const shard = entered;
  if (shard !== null && isOwner(shard)) {
    shard.visits = VISITS_PER_SLOT * shard.slots;
    leaveWhole(shard);
  }
  entered = null;
}

/** Whether this thread has the lock, in memory that is attached. */
function isOwner({ words, start }) {
  return words.length > 0 && (words[start + SHARD.mutex] & OWNER) === owners.ownNumber();
}

module.exports = { enter, clear, leave, leaveAfter, locked };
