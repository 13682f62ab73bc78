'use strict';
// Many waits for a lock, owners of which the kernel tells nothing, and locks that a thread has left behind.

const fs = require('fs');
const test = require('tape');
const { Lock } = require('../lib/mutex');
const { CONTENDED } = require('../lib/mutex/word');
const binding = require('../lib/runtime/binding');
const clock = require('../lib/runtime/clock');
const owners = require('../lib/runtime/owner');
const { forkFixture, freshName, isLinux, nextMessage, shm, until } = require('./support');

const MANY = 2000;
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A memory whose word 0 another process has locked. */
async function lockedByAnother() {
  const key = freshName();
  const array = shm.create(10, 'Int32Array', key);
  const child = forkFixture('locker.js', [String(key)]);
  await nextMessage(child);
  child.send(['lockSync']);
  await nextMessage(child);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { key, array, child, ended, mutex: new shm.Mutex(array, 0) };
}

test('thousands that wait for a lock ask the kernel no more often than one', async (t) => {
  const { key, child, mutex } = await lockedByAnother();
  const { isAlive } = owners;
  let looks = 0;
  owners.isAlive = (owner) => {
    looks++;
    return isAlive(owner);
  };
  const waits = Array.from({ length: MANY }, () => mutex.lock().then(() => mutex.unlock()));
  await later(200);
  looks = 0;
  const [started, before] = [Date.now(), process.cpuUsage()];
  await later(1000);
  const { user, system } = process.cpuUsage(before);
  const milliseconds = Date.now() - started;
  owners.isAlive = isAlive;
  t.ok(looks <= milliseconds / 50 + 2, `${looks} looks in ${milliseconds} ms`);
  t.ok(looks > 0, 'it does look');
  t.ok((user + system) / 1000 < 0.1 * milliseconds, `${((user + system) / 10 / milliseconds).toFixed(1)} % of a processor`);
  child.send(['unlock']);
  await Promise.all(waits);
  child.disconnect();
  shm.destroy(key);
});

test('however many locks of a memory are waited for, it is looked once a second where its key leads', async (t) => {
  const array = shm.create(100, 'Int32Array', freshName());
  const mutexes = Array.from(array, (_, index) => new shm.Mutex(array, index));
  mutexes.forEach((mutex) => mutex.lockSync());
  const { isCurrent } = binding;
  let looks = 0;
  binding.isCurrent = (...args) => {
    looks++;
    return isCurrent(...args);
  };
  const started = Date.now();
  const waits = mutexes.map((mutex) => mutex.lock());
  await until(() => looks > 0, 'a look');
  await later(200);
  const seconds = (Date.now() - started) / 1000;
  binding.isCurrent = isCurrent;
  t.ok(looks <= seconds + 1, `${looks} looks in ${seconds} s`);
  mutexes.forEach((mutex) => mutex.unlock());
  await Promise.all(waits);
  shm.destroy(array);
});

test('a killed owner is told to the first that waits, and the others go on', async (t) => {
  const { key, child, ended, mutex } = await lockedByAnother();
  const results = [];
  const waits = Array.from({ length: 100 }, () =>
    mutex.lock().then((result) => {
      results.push(result);
      mutex.unlock();
    }),
  );
  await later(20);
  child.kill('SIGKILL');
  await ended;
  await Promise.all(waits);
  t.equal(results[0], 'owner-died');
  t.ok(results.slice(1).every((result) => result === 'ok'));
  shm.destroy(key);
});

test('an owner of whom the kernel cannot tell lives, until it can', async (t) => {
  const { key, child, ended, mutex } = await lockedByAnother();
  const { isOwnerAlive } = binding;
  let asked = 0;
  binding.isOwnerAlive = () => {
    asked++;
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
  };
  child.kill('SIGKILL');
  await ended;
  t.equal(mutex.tryLock(), null);
  const waiting = mutex.lock();
  await until(() => asked > 2, 'some looks');
  binding.isOwnerAlive = isOwnerAlive;
  t.equal(await waiting, 'owner-died');
  mutex.unlock();
  shm.destroy(key);
});

test('a wait that cannot begin, since there is no timer or no room in the kernel, is forgotten by the others', async (t) => {
  const { setInterval: real } = clock;
  const { waitAsync } = binding;
  const fail = () => {
    throw new RangeError('Maximum call stack size exceeded');
  };
  for (const fails of [() => (clock.setInterval = fail), () => (binding.waitAsync = fail)]) {
    const { key, child, ended, mutex } = await lockedByAnother();
    fails();
    t.equal(await mutex.lock().catch((error) => error.name), 'RangeError');
    clock.setInterval = real;
    binding.waitAsync = waitAsync;
    child.kill('SIGKILL');
    await ended;
    t.equal(await mutex.lock(), 'owner-died');
    mutex.unlock();
    shm.destroy(key);
    await later(120); // the timer of these locks has ended
  }
});

test('a lock of this package that its own thread has left behind is repaired, however it is asked for', async (t) => {
  const key = freshName();
  const array = shm.create(4, 'Int32Array', key);
  const lock = new Lock(array, 1);
  const ways = [() => lock.lock(0), () => lock.tryLock(), () => lock.lockAsync({ timeout: 0, ref: true })];
  for (const again of ways) {
    t.equal(lock.lock(0), 'ok');
    t.equal(await again(), 'owner-died');
    t.ok(lock.unlock());
    t.equal(array[1], 0);
    array[1] = lock.self | CONTENDED;
    t.equal(await again(), 'owner-died');
    t.equal(array[1], lock.self | CONTENDED, 'who sleeps for it is not forgotten');
    t.ok(lock.unlock());
  }
  t.notOk(lock.unlock(), 'once');
  shm.destroy(key);
});

test('whoever waits for a lock whose name was removed is told so', { skip: !isLinux && 'no /dev/shm' }, async (t) => {
  for (const call of ['lock', 'lockSync']) {
    const { key, child, mutex } = await lockedByAnother();
    const waits = [1, 2].map(() => Promise.resolve().then(() => mutex[call]({ timeout: 10000 })).catch((error) => error.code));
    fs.unlinkSync(`/dev/shm${key}`);
    t.deepEqual(await Promise.all(waits), ['ERR_SHM_REPLACED', 'ERR_SHM_REPLACED'], call);
    t.notOk(shm.isCurrent(mutex));
    child.disconnect();
    shm.detach(key);
  }
});
