'use strict';
// One timer of the thread looks for all requests that it has made: a killed process wakes nobody. It keeps the process
// alive as long as a request is pending; a lock that is held does not.

const clock = require('../runtime/clock');

/** How often to look (milliseconds). */
const EVERY = 50;

/** The managers that have requests, with what they have: so they are not collected. @type {Map<any, any>} */
const active = new Map();

/** @type {any} */
let timer = null;
let isReferenced = false;

/** Has `requests.look()` called from time to time, as long as it has any. */
function begin(manager, requests) {
  active.set(manager, requests);
  if (timer !== null) return;
  timer = clock.setInterval(lookAtAll, EVERY);
  timer.unref();
  isReferenced = false;
}

/** Keeps the process alive if a request is pending, or else does not. */
function reference() {
  const isPending = Array.from(active.values()).some(({ desk }) => desk.pending > 0);
  if (timer === null || isPending === isReferenced) return;
  isReferenced = isPending;
  if (isPending) timer.ref();
  else timer.unref();
}

function lookAtAll() {
  for (const [manager, requests] of active) {
    requests.look();
    if (requests.isIdle()) active.delete(manager);
  }
  reference();
  // Not at the end of the last request: the next one comes soon, as a rule, and a new timer costs more than a lock.
  if (active.size > 0) return;
  clock.clearInterval(timer);
  timer = null;
}

module.exports = { EVERY, begin, reference };
