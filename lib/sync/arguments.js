'use strict';
// The arguments of waiting and locking, checked.

const { invalidType, invalidValue, outOfRange } = require('../errors');
const { checkIsOptions } = require('../own-options');

const INT32_MAX = 2 ** 31 - 1;

/** A number as an Int32Array holds it. */
function int32Of(value) {
  if (typeof value !== 'number') throw invalidType('value', 'a number', value);
  return value | 0;
}

function millisecondsOf(timeout) {
  if (timeout === undefined) return Infinity;
  if (typeof timeout !== 'number') throw invalidType('timeout', 'a number of milliseconds', timeout);
  return Number.isNaN(timeout) ? Infinity : Math.max(timeout, 0);
}

function countOf(count) {
  if (count === undefined) return INT32_MAX;
  if (typeof count !== 'number') throw invalidType('count', 'a number', count);
  if (Number.isNaN(count) || count < 0) throw outOfRange('count', 'a number from 0 to Infinity', count);
  return Math.min(Math.floor(count), INT32_MAX);
}

/** The options of `waitAsync` and `lockAsync`, with their defaults. */
function waitOptions(options) {
  let timeout, signal, ref;
  if (options !== undefined) {
    checkIsOptions(options);
    // Each is read once, and by its name among the caller's own: nothing else of a prototype can get in.
    const own = { ...options };
    for (const name of Object.keys(own)) {
      if (name === 'timeout') timeout = own.timeout;
      else if (name === 'signal') signal = own.signal;
      else if (name === 'ref') ref = own.ref;
      else throw invalidValue(`options.${name}`, 'is not an option; the options are timeout, signal and ref', own[name]);
    }
  }
  if (signal !== undefined && !isSignal(signal)) throw invalidType('options.signal', 'an AbortSignal', signal);
  if (ref !== undefined && typeof ref !== 'boolean') throw invalidType('options.ref', 'a boolean', ref);
  return { timeout: millisecondsOf(timeout), signal, ref: ref !== false };
}

/** Runtimes without AbortSignal have it from a package, so its class tells nothing. */
function isSignal(value) {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) return false;
  return typeof value.addEventListener === 'function' && typeof value.removeEventListener === 'function';
}

/** What an aborted signal rejects with. */
function reasonOf(signal) {
  if (signal.reason !== undefined) return signal.reason;
  const error = new Error('The operation was aborted');
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

module.exports = { countOf, int32Of, millisecondsOf, reasonOf, waitOptions };
