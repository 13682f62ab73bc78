'use strict';
// A C program (examples/c/mutex.c) takes part in a Mutex.

const { spawn } = require('child_process');
const test = require('tape');
const { freshKey, isLinux, outcome, shm, until } = require('../support');
const { compileC, lacks } = require('./programs');

const skip = (!isLinux && 'the program uses futexes') || lacks('cc');

test('C and Node.js count under one lock, and no count is lost', { skip }, async (t) => {
  const key = freshKey();
  const array = shm.create(2, 'Int32Array', key);
  const mutex = new shm.Mutex(array, 0);
  const times = 100000;
  mutex.lockSync();
  const program = outcome(spawn(compileC('mutex'), [String(key), String(times)], { stdio: 'pipe' }));
  await until(() => array[0] < 0, 'the program at the lock');
  mutex.unlock();
  for (let i = 0; i < times; i++) {
    if (mutex.lockSync() !== 'ok') t.fail('nobody has died');
    array[1]++;
    mutex.unlock();
  }
  const end = await program;
  t.deepEqual([end.code, end.stdout], [0, '0 owners died\n'], end.stderr);
  t.equal(array[1], 2 * times);
  shm.destroy(key);
});

test('a C program that is killed with the lock is a dead owner, and it notices one', { skip }, async (t) => {
  const key = freshKey();
  const array = shm.create(2, 'Int32Array', key);
  const mutex = new shm.Mutex(array, 0);
  const holder = spawn(compileC('mutex'), [String(key), 'hold'], { stdio: 'pipe' });
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  t.equal(mutex.tryLock(), null, 'alive');
  holder.kill('SIGKILL');
  await new Promise((resolve) => holder.once('exit', resolve));
  t.equal(mutex.lockSync(), 'owner-died');
  mutex.unlock();
  array[0] = 0x3fffffff;
  const end = await outcome(spawn(compileC('mutex'), [String(key), '3'], { stdio: 'pipe' }));
  t.deepEqual([end.code, end.stdout], [0, '1 owners died\n']);
  t.deepEqual(Array.from(array), [0, 3]);
  shm.destroy(key);
});
