'use strict';
// { shared: true }: a SharedArrayBuffer underneath, posted to worker threads without a copy.

const test = require('tape');
const path = require('path');
const { Worker, forkFixture, freshKeys, freshName, isBun, isDeno, isLinux, nextMessage, sharedMappings, shm, thrownBy, until } = require('./support');

const skip = Worker === null && 'this runtime has no worker_threads';

const shared = { shared: true };

/** Whether this runtime makes a SharedArrayBuffer over memory that is not its own. */
const sharesItsOwn = isBun || isNewEnough([[22, 23], [24, 16], [26, 1]]);

function isNewEnough(releases) {
  if (isDeno || process.env.SHM_TEST_REFUSE_EXTERNAL) return false;
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 26 || releases.some((release) => release[0] === major && minor >= release[1]);
}

test('a shared array is over a SharedArrayBuffer, of every type', (t) => {
  for (const typeKey of Object.keys(shm.BufferType)) {
    for (const key of freshKeys()) {
      const array = shm.create(100, typeKey, key, shared);
      t.ok(array.buffer instanceof SharedArrayBuffer, `${typeKey} under ${key}`);
      t.equal(array.constructor, global[typeKey]);
      t.equal(array.length, 100);
      t.ok(array.every((element) => Number(element) === 0));
      t.equal(shm.get(key, typeKey, shared).buffer, array.buffer, 'one mapping');
      shm.destroy(key);
    }
  }
  t.end();
});

test('it is the same memory that other processes and plain views see', async (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(100, 'Int32Array', key, shared);
    const plain = shm.get(key, 'Int32Array');
    t.ok(plain.buffer instanceof ArrayBuffer);
    const child = forkFixture('peer.js');
    child.send({ call: 'get', args: [key, 'Int32Array'] });
    await nextMessage(child);
    child.send({ write: 99, value: -7 });
    await nextMessage(child);
    t.deepEqual([array[99], plain[99]], [-7, -7], `${key}`);
    Atomics.add(array, 0, 5);
    t.equal(plain[0], 5);
    child.disconnect();
    shm.destroy(key);
  }
  t.end();
});

test('posted to a worker it is not copied, and Atomics.wait works on it', { skip }, async (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(100, 'Int32Array', key, shared);
    const worker = new Worker(path.join(__dirname, 'fixtures', 'waiter.js'));
    worker.postMessage(array);
    t.equal(await nextMessage(worker), 'waiting');
    t.equal(array[1], 42, 'the worker has written to it');
    const woken = nextMessage(worker);
    await until(() => Atomics.notify(array, 0, 1) === 1, 'the worker to wait');
    t.equal(await woken, 'ok');
    t.equal(shm.destroy(key), true);
    t.deepEqual([array[1], array.length], [0, 100], 'after a detach it reads private zeros');
    array[1] = 5;
    const later = nextMessage(worker);
    worker.postMessage('read');
    await later;
    t.pass('in the worker, too, reading it is harmless');
    await worker.terminate();
  }
  t.end();
});

test('what is written after a detach stays private', (t) => {
  const name = freshName();
  const array = shm.create(10, 'Uint8Array', name, shared);
  array[0] = 1;
  t.equal(shm.detach(name), 1);
  array[0] = 2;
  t.equal(shm.get(name)[0], 1);
  shm.destroy(name);
  t.end();
});

// So it does with one that has nothing to do with this package.
const electron9 = /^9\./.test(process.versions.electron) && 'Electron 9 crashes over a SharedArrayBuffer that outlives the worker which made it';

test('the end of a worker that attached takes the memory from nobody else', { skip: skip || electron9 || (!isLinux && 'reads /proc') }, async (t) => {
  const before = sharedMappings().length;
  const arrays = [];
  for (const key of freshKeys()) {
    for (const end of ['terminate', 'exit']) {
      const worker = new Worker(path.join(__dirname, 'fixtures', 'sharer.js'));
      worker.postMessage(key);
      const array = await nextMessage(worker);
      t.equal(array[0], 7, `${key}, ${end}`);
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      if (end === 'terminate') worker.terminate();
      else worker.postMessage(null);
      await ended;
      await until(() => array[0] === 0, 'the private zeros');
      array.fill(1);
      arrays.push(array);
      shm.destroy(key);
    }
  }
  await until(() => sharedMappings().length === before, 'the mappings to go');
  t.ok(arrays.every((array) => array.every((element) => element === 1)), 'what this thread was given is still memory');
  t.end();
});

test('a thousand cycles leave nothing behind', { skip: !isLinux && 'reads /proc' }, (t) => {
  const name = freshName();
  for (let i = 0; i < 1000; i++) {
    shm.create(5000, 'Uint8Array', name, shared).fill(255);
    shm.destroy(name);
    const other = new Uint8Array(5000);
    if (!other.every((byte) => byte === 0)) t.fail('memory that was not zero');
    other.fill(1);
  }
  t.deepEqual(sharedMappings(), []);
  t.end();
});

test('where the runtime can make it so, the buffer is the data and nothing else', (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(1000, 'Int32Array', key, shared);
    array[0] = 7;
    const whole = new Int32Array(array.buffer, 0, 1);
    if (sharesItsOwn) t.deepEqual([array.byteOffset, array.buffer.byteLength, whole[0]], [0, 4000, 7], `${key}`);
    else t.ok(array.buffer.byteLength > 4000, 'this runtime lends memory of its own');
    shm.destroy(key);
  }
  t.end();
});

test('where there is no SharedArrayBuffer, the error says so', { skip: sharesItsOwn && 'this runtime needs none of its own' }, (t) => {
  const [number, name] = freshKeys();
  const { SharedArrayBuffer: Class } = global;
  delete global.SharedArrayBuffer;
  for (const key of [number, name]) {
    const error = thrownBy(() => shm.create(10, 'Buffer', key, shared));
    t.equal(error.code, 'ERR_SHM_UNAVAILABLE', error.message);
    t.equal(shm.get(key), null, 'nothing was left');
  }
  Object.defineProperty(global, 'SharedArrayBuffer', { value: Class, writable: true, configurable: true });
  t.end();
});
