'use strict';
// A SharedMap in memory that was forged: whatever is written there, each call ends soon, and takes memory that the size
// of the map bounds. The torture does the same with larger maps, and at random.

const test = require('tape');
const { forgeries, measured } = require('./map-forgeries');
const { freshName, nodeMajor } = require('./support');

const skip = nodeMajor < 16 && 'SharedMap needs Node 16';

const MEGABYTES = 1e6;

for (const name of Object.keys(forgeries)) {
  test(`forged: ${name}`, { skip }, (t) => {
    for (const options of [
      { bytes: 2 * MEGABYTES, entries: 15000, evict: true },
      { bytes: 2 * MEGABYTES, entries: 30000, maxEntry: 64000 },
    ]) {
      const { slowest, memory } = measured(freshName(), options, forgeries[name]);
      // Without a bound the calls take minutes, and more memory than there is.
      t.ok(slowest.milliseconds < 5000, `the slowest call, ${slowest.call}, takes ${slowest.milliseconds.toFixed(0)} ms`);
      t.ok(memory < 300 * MEGABYTES, `${(memory / MEGABYTES).toFixed(0)} MB more`);
    }
    t.end();
  });
}
