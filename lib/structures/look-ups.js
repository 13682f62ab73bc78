'use strict';
// Whoever sleeps has to look up from time to time: a process that was killed wakes nobody. For asynchronous waits one
// timer of the thread does it, however many there are; it ends when there are none any more.

/** How often (milliseconds). */
const LOOK_UP = 1000;

/** What looks up, and for how many waits. @type {Map<() => void, number>} */
const sleepers = new Map();

/** @type {any} */
let timer = null;

/** Calls `lookUp` from time to time, until `end` has been called as often as this. It must not throw. */
function begin(lookUp) {
  sleepers.set(lookUp, (sleepers.get(lookUp) || 0) + 1);
  if (timer !== null) return;
  timer = setInterval(lookUpAll, LOOK_UP);
  timer.unref();
}

function end(lookUp) {
  const left = (sleepers.get(lookUp) || 0) - 1;
  if (left > 0) sleepers.set(lookUp, left);
  else sleepers.delete(lookUp);
}

function lookUpAll() {
  for (const lookUp of Array.from(sleepers.keys())) lookUp();
  // Not at the end of the last wait: the next one comes soon, as a rule, and a new timer costs more than the wait.
  if (sleepers.size > 0) return;
  clearInterval(timer);
  timer = null;
}

module.exports = { begin, end };
