'use strict';
// Owners of locks, slots and places in shared memory: each thread has a number, and the kernel tells whether the
// thread with a number still lives. Callers ask by this module's object, so that a test can play the kernel.

const binding = require('./binding');
const { oncePerThread } = require('./thread');

let number = 0;

/** This thread's number, which takes a file lock of the kernel the first time. */
function ownNumber() {
  return number || (number = oncePerThread('owner', binding.ownerNumber));
}

/** Whether the thread with that number lives. If the kernel cannot tell now (no descriptor is free), it does. */
function isAlive(owner) {
  try {
    return binding.isOwnerAlive(owner);
  } catch (_) {
    return true; // callers ask again, or take what belongs to a living thread
  }
}

module.exports = { isAlive, ownNumber };
