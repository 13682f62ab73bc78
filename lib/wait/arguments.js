'use strict';
// The arguments and options of waiting and locking, checked.

const { invalidType, outOfRange } = require('../errors');
const { flag, optionsReader, signal: signalOf, timeout: timeoutOf } = require('../options');

const INT32_MAX = 2 ** 31 - 1;

/** A number as an Int32Array holds it. */
function int32Of(value) {
  if (typeof value !== 'number') throw invalidType('value', 'a number', value);
  return value | 0;
}

/** The fourth argument of `wait`, as `Atomics.wait` understands it. */
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

/** What reads the options of a call that returns a promise: `timeout`, `signal` and `ref`, all set in the result. */
function waitOptionsReader(call) {
  const read = optionsReader(call, { timeout: timeoutOf, signal: signalOf, ref: flag });
  return (given) => {
    const { timeout = Infinity, signal, ref = true } = read(given);
    return { timeout, signal, ref };
  };
}

/** What reads the options of a call that blocks: its timeout in milliseconds, or `initially`. */
function timeoutReader(call, initially = Infinity) {
  const read = optionsReader(call, { timeout: timeoutOf }, [], { signal: 'the call without Sync', ref: 'the call without Sync' });
  return (given) => {
    if (given === undefined) return initially;
    const { timeout = initially } = read(given);
    return timeout;
  };
}

/** What an aborted signal rejects with. */
function reasonOf(signal) {
  if (signal.reason !== undefined) return signal.reason;
  const error = new Error('The operation was aborted');
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

module.exports = { countOf, int32Of, millisecondsOf, reasonOf, timeoutReader, waitOptionsReader };
