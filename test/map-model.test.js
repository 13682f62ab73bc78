'use strict';
// SharedMap does what a Map does, and forgets what has expired or is evicted.

const test = require('tape');
const { nodeMajor } = require('./support');

test('random sequences of calls, against a Map', { skip: nodeMajor < 16 && 'SharedMap needs Node 16' }, (t) => {
  const counts = require('./map-model').checkModel(60);
  t.comment(JSON.stringify(counts));
  t.ok(counts.calls > 1000 && counts.full > 0 && counts.evicted > 0 && counts.laps > 0, 'without a difference');
  t.end();
});
