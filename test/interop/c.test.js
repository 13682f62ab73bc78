'use strict';
// C programs (examples/c) and Node.js share memory, both ways.

const { spawn } = require('child_process');
const test = require('tape');
const { freshKey, freshName, outcome, shm } = require('../support');
const { compileC, lacks, run } = require('./programs');

const needsCompiler = { skip: lacks('cc') };
const COUNT = 1000;

test('C opens the POSIX object that Node.js has made, header and all', needsCompiler, (t) => {
  const name = freshName();
  const array = shm.create(COUNT, 'Float32Array', name);
  array.forEach((_, index) => (array[index] = index / 2));
  run(compileC('posix'), 'add', name);
  t.ok(array.every((element, index) => element === index / 2 + 1));
  shm.destroy(name);
  t.end();
});

test('Node.js opens the POSIX object that C has made, raw', needsCompiler, (t) => {
  const name = freshName();
  run(compileC('posix'), 'make', name, COUNT);
  const array = shm.get(name, 'Float32Array', { raw: true, count: COUNT });
  t.ok(array.every((element, index) => element === index));
  shm.destroy(name);
  t.end();
});

test('C opens the segment that Node.js has made', needsCompiler, (t) => {
  const key = freshKey();
  const array = shm.create(COUNT, 'Float32Array', key);
  run(compileC('sysv'), 'add', key);
  t.ok(array.every((element) => element === 1));
  shm.destroy(key);
  t.end();
});

test('Node.js opens the segment that C has made', needsCompiler, (t) => {
  const key = freshKey();
  run(compileC('sysv'), 'make', key, COUNT);
  const array = shm.get(key, 'Float32Array');
  t.equal(array.length, COUNT);
  t.ok(array.every((element, index) => element === index));
  t.equal(shm.detach(key), 0, 'its last attach, so it is destroyed');
  t.end();
});

test('C and Node.js count together, and no count is lost', needsCompiler, (t) => {
  const name = freshName();
  const counter = shm.create(1, 'Int32Array', name, { raw: true });
  const times = 2000000;
  const programs = [1, 2].map(() => outcome(spawn(compileC('counter'), [name, String(times)], { stdio: 'pipe' })));
  let own = 0;
  const count = () => {
    for (let step = 0; step < 10000; step++) Atomics.add(counter, 0, 1);
    own += 10000;
    if (own < times) setImmediate(count);
  };
  count();
  return Promise.all(programs).then(function check(ended) {
    if (own < times) return new Promise(setImmediate).then(() => check(ended));
    t.deepEqual(ended.map(({ code }) => code), [0, 0]);
    t.equal(counter[0], 3 * times);
    shm.destroy(name);
    return undefined;
  });
});
