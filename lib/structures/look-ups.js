'use strict';
// A thread that sleeps has to look from time to time whether another one has died: a killed process wakes no others. For
// calls that wait without blocking one timer of the thread does it, however many there are. It also keeps the process
// alive for them.

const clock = require('../runtime/clock');
const { unwatched } = require('./in-hand');

/** How often to look (milliseconds). */
const LOOK_UP_EVERY = 1000;

/** What looks: the queues of calls that wait, and for a moment those of calls that have ended. @type {Set<any>} */
const sleepers = new Set();

/** How many of the calls keep the process alive. */
let references = 0;

/** @type {any} */
let timer = null;

/** Has `call.calls.lookUp()` called from time to time, until the last of those calls has ended. It must not throw. */
function begin(call) {
  const { calls, options } = call;
  // Together: whatever fails from here on, `end` undoes just that.
  if (options.ref) {
    call.isReferenced = true;
    references++;
  }
  sleepers.add(calls);
  if (timer === null) timer = clock.setInterval(lookUpAll, LOOK_UP_EVERY);
  keepAlive();
}

function end(call) {
  if (!call.isReferenced) return;
  call.isReferenced = false;
  if (--references === 0 && timer !== null) keepAlive();
}

function keepAlive() {
  if (references > 0) timer.ref();
  else timer.unref();
}

function lookUpAll() {
  unwatched(() => {
    for (const sleeper of Array.from(sleepers)) {
      if (sleeper.isEmpty()) sleepers.delete(sleeper);
      else sleeper.lookUp();
    }
  });
  keepAlive(); // where that has failed
  // Not at the end of the last call: the next one comes soon, as a rule, and a new timer costs more than the call.
  if (sleepers.size > 0) return;
  clock.clearInterval(timer);
  timer = null;
}

module.exports = { begin, end };
