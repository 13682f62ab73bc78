'use strict';
// What each structure's accesses rest on where processors reorder them: see docs/memory-model.md.

const fs = require('fs');
const path = require('path');
const test = require('tape');

const folder = path.join(__dirname, 'model', 'arm');
const root = path.join(__dirname, '..');
const cloneOnly = { skip: !fs.existsSync(path.join(root, 'examples', 'c', 'channel.c')) && 'the sources that it names are not here' };

test('the litmus tests hold on ARMv8, and fail without what they rest on', cloneOnly, (t) => {
  const { decide, files, testsOf } = require(path.join(folder, 'decide.js'));
  for (const file of files) t.deepEqual([].concat(...testsOf(file).map(decide)), [], file);
  t.end();
});

test('the page on the order of memory has the table of these tests', cloneOnly, (t) => {
  const { page, table } = require(path.join(folder, 'table.js'));
  t.ok(fs.readFileSync(path.join(root, page), 'utf8').includes(table()), 'else: node test/model/arm/run.js --write');
  t.end();
});
