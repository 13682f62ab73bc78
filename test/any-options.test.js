'use strict';
// Whatever object a call gets as its options. `npm run test:torture -- names` tries more.

const test = require('tape');
const { nodeMajor } = require('./support');

const skip = nodeMajor < 16 && 'fast-check needs Node 16';

test('the table of calls has the options that each of them tells of', { skip }, async (t) => {
  const { names, optionsTold } = require('./any-options');
  for (const call of names) {
    const [told, known] = await optionsTold(call);
    t.deepEqual(told, known, call);
  }
});

test('any object as options: an error with a code that names what is wrong, or what the options say', { skip }, async (t) => {
  const counts = await require('./any-options').checkOptions(1200);
  t.comment(JSON.stringify(counts));
  t.ok(counts.done > 300 && counts.refused > 300 && counts['thrown by a getter'] > 50, 'some of each');
});
