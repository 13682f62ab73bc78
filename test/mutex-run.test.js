'use strict';
// Mutex.run, what a Mutex shows, and what its errors say.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { inspect } = require('util');
const test = require('tape');
const { forkFixture, freshKey, freshName, nextMessage, shm, temporaryFolder, thrownBy } = require('./support');
const { hasAbort } = require('./waiting');

const DEAD = 0x3fffffff; // a number that no thread has
const rejection = (promise) => promise.then(() => undefined, (error) => error);

/** An array of 10 words, with a mutex in word 0. */
function fresh(key) {
  const array = shm.create(10, 'Int32Array', key);
  return { key, array, mutex: new shm.Mutex(array, 0) };
}

test('run has the lock while the callback runs, gives its value, and unlocks whatever happens', async (t) => {
  const { key, array, mutex } = fresh(freshName());
  const later = (value) => new Promise((resolve) => setTimeout(resolve, 2, value));
  t.equal(await mutex.run(() => (array[0] === 0 ? 'free' : 'locked')), 'locked');
  t.equal(await mutex.run(() => later(7)), 7);
  t.equal(array[0], 0);
  t.equal((await rejection(mutex.run(() => { throw new Error('thrown'); }))).message, 'thrown');
  t.equal((await rejection(mutex.run(() => Promise.reject(new Error('rejected'))))).message, 'rejected');
  t.equal(array[0], 0);
  const order = [];
  const task = async (name) => {
    order.push(name);
    await later();
    order.push(name);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => mutex.run(() => task(name))));
  t.deepEqual(order, ['a', 'a', 'b', 'b', 'c', 'c'], 'one at a time, in order');
  t.equal((await rejection(mutex.run(() => mutex.unlock()))).code, 'ERR_SHM_NOT_OWNER', 'what was unlocked inside is told');
  t.equal(mutex.lockSync(), 'ok');
  mutex.unlock();
  shm.destroy(key);
});

test("after an owner's death, run repairs before the callback", async (t) => {
  const { key, array, mutex } = fresh(freshName());
  const calls = [];
  const run = (recover) => mutex.run(() => calls.push('callback'), { recover });
  await run(() => calls.push('recover'));
  t.deepEqual(calls, ['callback'], 'not in peace');
  array[0] = DEAD;
  await run(() => new Promise((resolve) => setTimeout(resolve, 5)).then(() => calls.push('recover')));
  t.deepEqual(calls.slice(1), ['recover', 'callback']);
  array[0] = DEAD;
  t.equal((await rejection(run(() => { throw new Error('no'); }))).message, 'no');
  t.equal(calls.length, 3, 'no callback without repair');
  const other = forkFixture('locker.js', [String(key)]);
  await nextMessage(other);
  other.send(['lockSync']);
  t.equal((await nextMessage(other)).result, 'owner-died', 'who comes next is told of the death, too');
  other.disconnect();
  shm.destroy(key);
});

test('run has the options of lock', async (t) => {
  const { key, array, mutex } = fresh(freshName());
  mutex.lockSync();
  t.equal((await rejection(mutex.run(() => 1, { timeout: 10 }))).code, 'ERR_SHM_TIMED_OUT');
  if (hasAbort) {
    const controller = new AbortController();
    const aborted = rejection(mutex.run(() => 1, { signal: controller.signal }));
    controller.abort();
    t.equal((await aborted).name, 'AbortError');
  }
  mutex.unlock();
  const codes = [[5], [() => 1, 5], [() => 1, { recover: 1 }], [() => 1, { timeuot: 1 }]].map((args) => rejection(mutex.run(...args)));
  const errors = await Promise.all(codes);
  t.deepEqual(
    errors.map(({ code }) => code),
    ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE'],
  );
  t.equal(array[0], 0, 'none of them has the lock');
  shm.destroy(key);
});

test('a timeout as a bare number is refused with what to write', async (t) => {
  const { key, array, mutex } = fresh(freshKey());
  for (const error of [thrownBy(() => mutex.lockSync(100)), await rejection(mutex.lock(100)), await rejection(mutex.run(() => 1, 100))]) {
    t.equal(error.code, 'ERR_INVALID_ARG_TYPE');
    t.ok(error.message.includes('write { timeout: 100 }'), error.message);
  }
  for (const timeout of [-1, NaN, '1']) t.ok(/^ERR_/.test(thrownBy(() => mutex.lockSync({ timeout })).code), String(timeout));
  t.ok(/the call without Sync has it/.test(thrownBy(() => mutex.lockSync({ signal: {} })).message));
  t.equal(array[0], 0);
  shm.destroy(key);
});

test('errors name the mutex, the time and what to do', async (t) => {
  const { key, mutex } = fresh(freshName());
  const name = `the mutex in word 0 of '${key}'`;
  mutex.lockSync();
  const deadlock = thrownBy(() => mutex.lockSync());
  t.equal(deadlock.code, 'ERR_SHM_DEADLOCK');
  t.ok(deadlock.message.includes(name) && /unlock it first/.test(deadlock.message), deadlock.message);
  const late = await rejection(mutex.lock({ timeout: 7 }));
  t.ok(late.message.startsWith(`Timed out after 7 ms waiting for ${name}, which this thread has locked`), late.message);
  mutex.unlock();
  t.ok(thrownBy(() => mutex.unlock()).message.includes(name));
  shm.destroy(key);
});

test('a mutex in a mapped file', async (t) => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'file');
  const array = shm.mapFile(file, 'Int32Array', { create: 4 });
  const mutex = new shm.Mutex(array, 1);
  mutex.lockSync();
  t.equal(inspect(mutex), "Mutex { key: undefined, index: 1, state: 'locked by this thread' }");
  t.equal(JSON.stringify(mutex), '{"index":1,"state":"locked by this thread"}');
  const deadlock = thrownBy(() => mutex.lockSync());
  t.ok(deadlock.message.startsWith('This thread has the mutex in word 1 of a mapped file already'), deadlock.message);
  fs.writeFileSync(`${file}.new`, Buffer.alloc(16));
  fs.renameSync(`${file}.new`, file);
  const replaced = await rejection(mutex.lock({ timeout: 20000 }));
  t.deepEqual([replaced.code, 'key' in replaced], ['ERR_SHM_REPLACED', false]);
  t.equal(replaced.message, 'The mapped file was removed while it was in use: open it again');
  shm.unmapFile(array);
  fs.unlinkSync(file);
});

test('a mutex over a SharedArrayBuffer is detached after a detach', { skip: typeof SharedArrayBuffer === 'undefined' && 'this runtime has none' }, (t) => {
  const key = freshKey();
  const mutex = new shm.Mutex(shm.create(4, 'Int32Array', key, { shared: true }), 0);
  mutex.lockSync();
  t.match(inspect(mutex), /'locked by this thread'/);
  shm.destroy(key);
  t.equal(inspect(mutex), "Mutex { key: undefined, index: 0, state: 'detached' }");
  t.end();
});

test('a mutex shows one line of facts', (t) => {
  const { key, array, mutex } = fresh(freshKey());
  t.ok(mutex.int32Array === array && mutex.index === 0);
  t.equal(inspect(mutex), `Mutex { key: ${key}, index: 0, state: 'free' }`);
  mutex.lockSync();
  t.deepEqual(JSON.parse(JSON.stringify({ mutex })).mutex, { key, index: 0, state: 'locked by this thread' });
  mutex.unlock();
  t.deepEqual(Object.keys(mutex), []);
  assert.deepStrictEqual(mutex, new shm.Mutex(array, 0));
  shm.destroy(key);
  t.match(inspect(mutex), /'detached'/, 'also of detached memory');
  t.end();
});

test('what recover throws is told, also if it has detached the memory', async (t) => {
  const { key, array, mutex } = fresh(freshName());
  array[0] = DEAD;
  const recover = () => {
    shm.detach(key);
    throw new Error('cannot repair');
  };
  t.equal((await rejection(mutex.run(() => {}, { recover }))).message, 'cannot repair');
  shm.destroy(key);
});
