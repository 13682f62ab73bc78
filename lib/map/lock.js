'use strict';
// The lock of a shard: at most one thread changes the shard at a time, and what it leaves is whole, whatever ends it.
//
//   the word's owner   0              free
//                      another thread it changes the shard. If it has died, the next one takes the lock
//                      this thread    between `enter` and `leave`. At any other time a call was ended by force in
//                                     between (a vm's timeout, Ctrl-C in the REPL, a stack that overflowed)
//
// What was left behind is repaired as if its owner had died.

const { Lock } = require('../mutex');
const { OWNER } = require('../mutex/word');
const owners = require('../runtime/owner');
const { giveBack, hold, isEmptyHanded, letGo } = require('../structures/in-hand');
const { lockTimedOut } = require('./errors');
const { SHARD } = require('./layout');
const { empty, repair } = require('./repair');
const { isRingSound } = require('./ring');

/** How many slots a call may visit for each slot of its shard. An honest index needs about 30 when it is full. */
const VISITS_PER_SLOT = 128;

/** The codes of what calls throw before they change anything; whatever else is thrown came between two changes. */
const ANSWERS = ['ERR_SHM_ENTRY_SIZE', 'ERR_SHM_FULL', 'ERR_SHM_LAYOUT', 'ERR_SHM_NOT_A_NUMBER'];
const isAnswer = (error) => ANSWERS.includes(error.code);

/** The shard whose lock a call takes, has, or has left behind; see structures/in-hand.js. */
const entered = {
  shard: /** @type {any} */ (null),
  giveBack() {
    recover(this.shard);
  },
};

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
  if (!isEmptyHanded()) giveBack();
  // Before the lock is taken: there must be no moment at which it is held and not known.
  entered.shard = shard;
  hold(entered);
  shard.visits = VISITS_PER_SLOT * shard.slots;
  if (Atomics.compareExchange(shard.words, shard.start + SHARD.mutex, 0, owners.ownNumber()) === 0) return false;
  const result = lockOf(shard).lock(timeout);
  if (result !== null) return result === 'owner-died';
  letGo();
  throw lockTimedOut(shard.key, key, timeout);
}

/** Gives the lock back. */
function leave(shard) {
  const self = owners.ownNumber();
  // If this thread has never waited for the lock, it owes no other thread a turn.
  const isDone = shard.lock === null && Atomics.compareExchange(shard.words, shard.start + SHARD.mutex, self, 0) === self;
  if (!isDone) lockOf(shard).unlock();
  letGo();
}

/** Gives the lock back after an error, and returns the error. */
function leaveAfter(shard, error) {
  if (isAnswer(error)) leave(shard);
  else leaveWhole(shard);
  return error;
}

/** Repairs a shard and gives the lock back. If the repair is ended by force, too, the lock stays for the next `giveBack`. */
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

/** Repairs what a call has left that was ended by force. To be called where no call has a lock. */
function recover(shard) {
  if (!isOwner(shard)) return;
  shard.visits = VISITS_PER_SLOT * shard.slots;
  leaveWhole(shard);
}

/** Whether this thread has the lock, in memory that is attached. */
function isOwner({ words, start }) {
  return words.length > 0 && (words[start + SHARD.mutex] & OWNER) === owners.ownNumber();
}

module.exports = { enter, clear, leave, leaveAfter, locked };
