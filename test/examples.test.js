'use strict';
// The examples of waiting and locking do what they say.

const path = require('path');
const test = require('tape');
const { isDeno, nodeMajor, runScript } = require('./support');

const example = (name, ...args) => runScript(path.join(__dirname, '..', 'examples', `${name}.js`), args);

// Deno forks without the permissions that its parent was given.
const skip =
  (nodeMajor < 16 && 'Atomics refuse these arrays before Node 16') ||
  (isDeno && 'Deno forks otherwise') ||
  (process.env.SHM_TEST_EXEC !== undefined && 'fork starts the executable itself, without its wrapper');

test('ring-buffer: every message, in order', { skip }, async (t) => {
  const end = await example('ring-buffer', '2000');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^2000 messages, \d+ bytes, all in order/);
});

test('seqlock: no reader sees half an update', { skip }, async (t) => {
  const end = await example('seqlock', '20000');
  t.equal(end.code, 0, end.stderr);
  t.equal(end.stdout.match(/^read, 0 torn records$/gm).length, 2, end.stdout);
});

test('worker-pool: all tasks are done, though a worker dies', { skip }, async (t) => {
  const end = await example('worker-pool', '200');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /200 tasks done, all right/);
  t.match(end.stdout, /worker 1 died/);
});
