'use strict';
// The clock and the timers of the system, read when the package is loaded: a program can replace the global ones, as
// tests with faked timers do, and a call that blocks would wait for a time that stands still.
// Callers ask by this module's object, so that a test can play the clock.

const { hrtime } = process;
const { now: time } = Date;
const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = require('timers');

/** What a timer of the runtime takes at most (milliseconds). */
const LONGEST_TIMER = 2 ** 31 - 1;

// time() is the time of day: milliseconds since 1970, which a step of the system's clock moves.

/** Milliseconds since some moment. It never goes back, whatever the time of day does. */
function now() {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** The same on Deno, whose `hrtime` asks `performance.now` each time: a program can replace that. */
function nowOfDeno() {
  const { performance } = /** @type {any} */ (global);
  const { now } = performance;
  return () => now.call(performance);
}

module.exports = { LONGEST_TIMER, clearInterval, clearTimeout, now: process.versions.deno === undefined ? now : nowOfDeno(), setImmediate, setInterval, setTimeout, time };
