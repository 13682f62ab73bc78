'use strict';
// A Rust program (examples/rust) and Node.js share memory, both ways.

const test = require('tape');
const { freshName, isLinux, shm } = require('../support');
const { compileRust, lacks, run } = require('./programs');

const needsCargo = { skip: lacks('cargo') || (!isLinux && 'the example uses /dev/shm') };
const COUNT = 1000;

test('Rust opens what Node.js has made, header and all', needsCargo, (t) => {
  const name = freshName();
  const array = shm.create(COUNT, 'Float32Array', name);
  array.forEach((_, index) => (array[index] = index / 2));
  run(compileRust(), 'add', name);
  t.ok(array.every((element, index) => element === index / 2 + 1));
  shm.destroy(name);
  t.end();
});

test('Node.js opens what Rust has made, raw', needsCargo, (t) => {
  const name = freshName();
  run(compileRust(), 'make', name, COUNT);
  const array = shm.get(name, 'Float32Array', { raw: true });
  t.equal(array.length, COUNT);
  t.ok(array.every((element, index) => element === index));
  shm.destroy(name);
  t.end();
});
