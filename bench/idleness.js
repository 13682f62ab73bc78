'use strict';
// How idle the machine is: a table without that says little.

const os = require('os');

const WATCHED_FOR = 2000; // milliseconds

/** Milliseconds of all processors: how many there were, and in how many they had nothing to do. */
function processorTimes() {
  const times = os.cpus().map((processor) => processor.times);
  const sum = (each) => times.reduce((total, one) => total + each(one), 0);
  return { all: sum((one) => Object.values(one).reduce((a, b) => a + b, 0)), idle: sum((one) => one.idle) };
}

/** Watches the machine for a moment, in which nothing of the benchmark runs; how many percent of it were idle. */
async function idleness() {
  const before = processorTimes();
  await new Promise((resolve) => setTimeout(resolve, WATCHED_FOR));
  const after = processorTimes();
  return Math.round((100 * (after.idle - before.idle)) / (after.all - before.all));
}

module.exports = { idleness };
