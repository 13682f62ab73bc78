'use strict';
// A signal has one listener here, however many waits it can abort: Node warns of more than ten, and removing one
// listener of many is slow.

/** What each signal calls when it is aborted. @type {WeakMap<any, { callbacks: Set<() => void>, listener: () => void }>} */
const listening = new WeakMap();

/** Has `callback` called when the signal is aborted. */
function onAbort(signal, callback) {
  const found = listening.get(signal);
  if (found !== undefined) {
    found.callbacks.add(callback);
    return;
  }
  const callbacks = new Set([callback]);
  const listener = () => {
    listening.delete(signal);
    callAll(callbacks);
  };
  signal.addEventListener('abort', listener, { once: true });
  listening.set(signal, { callbacks, listener });
}

/** Takes a callback back. */
function offAbort(signal, callback) {
  const found = listening.get(signal);
  if (found === undefined) return; // it has been aborted
  found.callbacks.delete(callback);
  if (found.callbacks.size > 0) return;
  listening.delete(signal);
  signal.removeEventListener('abort', found.listener);
}

/** Calls all of them, and then throws what the first one that failed has thrown. */
function callAll(callbacks) {
  const errors = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

module.exports = { offAbort, onAbort };
