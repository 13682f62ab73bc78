'use strict';
// A thread that sleeps has to look from time to time whether another one has died: a killed process wakes no others. For
// calls that wait without blocking one timer of the thread does it, however many there are. It also keeps the process
// alive for them.

const clock = require('../runtime/clock');
const { unwatched } = require('./in-hand');

/** How often to look (milliseconds). */
const LOOK_UP_EVERY = 1000;

/** What looks, and for how many calls. @type {Map<{ lookUp(): void }, number>} */
const sleepers = new Map();

/** How many of the calls keep the process alive. */
let references = 0;

/** @type {any} */
let timer = null;

/** Has `sleeper.lookUp()` called from time to time, until `end` has been called as often. It must not throw. */
function begin(sleeper, ref) {
  sleepers.set(sleeper, (sleepers.get(sleeper) || 0) + 1);
  if (timer === null) {
    timer = clock.setInterval(lookUpAll, LOOK_UP_EVERY);
    timer.unref();
  }
  if (ref && references++ === 0) timer.ref();
}

function end(sleeper, ref) {
  const left = (sleepers.get(sleeper) || 0) - 1;
  if (left > 0) sleepers.set(sleeper, left);
  else sleepers.delete(sleeper);
  if (ref && --references === 0) timer.unref();
}

function lookUpAll() {
  unwatched(() => {
    for (const sleeper of Array.from(sleepers.keys())) sleeper.lookUp();
  });
  // Not at the end of the last call: the next one comes soon, as a rule, and a new timer costs more than the call.
  if (sleepers.size > 0) return;
  clock.clearInterval(timer);
  timer = null;
}

module.exports = { begin, end };
