'use strict';
// Explores the classes: see test/explorer/README.md. What is found is printed with the number of its schedule.

const { spawnSync } = require('child_process');
const path = require('path');
const test = require('tape');
const classes = require('./explorer/classes');
const { isBun, isDeno, nodeMajor } = require('./support');

const skip = (nodeMajor < 16 && 'the structures take Node 16') || ((isBun || isDeno) && 'it is about lib/, whatever runs it; Node does')
  || (process.env.NODE_V8_COVERAGE && 'it runs files that are changed as they are loaded, of which no lines are counted');

for (const name of classes) {
  test(`explorer: ${name}`, { skip }, (t) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(__dirname, 'explorer', 'run.js'), name, '--budget=150', '--seconds=30'], { encoding: 'utf8' });
    t.equal(status, 0, stdout.trim() + stderr);
    t.end();
  });
}
