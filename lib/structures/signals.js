'use strict';
// Aborts: one listener a signal, however many calls have it. Node warns of more than ten.

const { reasonOf } = require('../wait/arguments');

/** The calls that a signal aborts, and the listener. @type {WeakMap<any, { calls: Set<any>, listener: () => void }>} */
const listening = new WeakMap();

/** Has `call.fail(reason)` called when the signal is aborted, until `forget`. */
function listen(signal, call) {
  let entry = listening.get(signal);
  if (entry === undefined) {
    const calls = new Set();
    const listener = () => {
      listening.delete(signal);
      for (const aborted of calls) aborted.fail(reasonOf(signal));
    };
    entry = { calls, listener };
    listening.set(signal, entry);
    signal.addEventListener('abort', listener, { once: true });
  }
  entry.calls.add(call);
}

function forget(signal, call) {
  const entry = listening.get(signal);
  if (entry === undefined) return;
  entry.calls.delete(call);
  if (entry.calls.size > 0) return;
  listening.delete(signal);
  signal.removeEventListener('abort', entry.listener);
}

module.exports = { forget, listen };
