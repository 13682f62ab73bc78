'use strict';
// The errors of a SharedMap.

const { invalidType, show, systemError, withCode } = require('../errors');

/** An error that names the map. */
function failed(key, code, message) {
  return Object.assign(withCode(new Error(message), code), { key });
}

/** The memory under a key is not a map, or not the one that was asked for. */
function layout(key, reason) {
  return failed(key, 'ERR_SHM_LAYOUT', `${show(key)} cannot be opened as this SharedMap: ${reason}`);
}

function damaged(key) {
  const message = `The SharedMap ${show(key)} is damaged: something other than a SharedMap has written to its memory. clear() makes it empty and whole`;
  return failed(key, 'ERR_SHM_LAYOUT', message);
}

function full(key, what) {
  return failed(key, 'ERR_SHM_FULL', `The SharedMap ${show(key)} is full: ${what}. Create it larger, delete entries, or create it with { evict: true }`);
}

function missing(key) {
  const syscall = typeof key === 'string' ? 'open' : 'shmget';
  return Object.assign(systemError('ENOENT', syscall, `there is no SharedMap under ${show(key)}, and { readOnly: true } creates none`), { key });
}

function readOnly(key, call) {
  return failed(key, 'ERR_SHM_READ_ONLY', `${call}() cannot write to the SharedMap ${show(key)}: it was opened with { readOnly: true }`);
}

/** @param {string | undefined} entry the key of the entry, if the call was about one */
function lockTimedOut(key, entry, timeout) {
  const what = entry === undefined ? 'a part' : `the part with ${show(entry)}`;
  return failed(key, 'ERR_SHM_TIMED_OUT', `Timed out after ${timeout} ms waiting for the lock of ${what} of the SharedMap ${show(key)}: a process that has it was stopped, or takes too long`);
}

function computeTimedOut(key, entry, timeout) {
  return failed(key, 'ERR_SHM_TIMED_OUT', `Timed out after ${timeout} ms waiting for another call to compute ${show(entry)} of the SharedMap ${show(key)}`);
}

function readTimedOut(key, timeout) {
  return failed(key, 'ERR_SHM_TIMED_OUT', `Timed out after ${timeout} ms reading the SharedMap ${show(key)}: others change it faster than it can be read`);
}

function keyTooLong(bytes) {
  return withCode(new RangeError(`The key takes ${bytes} bytes of UTF-8. It must be at most 65535`), 'ERR_SHM_ENTRY_SIZE');
}

function entryTooLarge(key, bytes, most) {
  const message = `The entry of ${show(key)} takes ${bytes} bytes. It must be at most ${most} in this SharedMap: create it with a larger { maxEntry }`;
  return withCode(new RangeError(message), 'ERR_SHM_ENTRY_SIZE');
}

function notANumber(key) {
  return withCode(new TypeError(`The value of ${show(key)} is not a number`), 'ERR_SHM_NOT_A_NUMBER');
}

/** A bare number where `{ ttl }` or `{ timeout }` belongs. */
function needOptions(given, name) {
  if (typeof given === 'number') throw invalidType('options', `an object: write { ${name}: ${given} }`, given);
}

module.exports = {
  computeTimedOut,
  damaged,
  entryTooLarge,
  full,
  keyTooLong,
  layout,
  lockTimedOut,
  missing,
  needOptions,
  notANumber,
  readOnly,
  readTimedOut,
};
