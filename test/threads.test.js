'use strict';
// Worker threads: each has attachments of its own, and takes nothing along when it ends.

const test = require('tape');
const path = require('path');
const { Worker, forkFixture, freshKeys, freshKey, freshName, isBun, isDeno, isLinux, nextMessage, runCode, sharedMappings, shm, until } = require('./support');

const skip = Worker === null && 'this runtime has no worker_threads';

function startWorker() {
  return new Worker(path.join(__dirname, 'fixtures', 'thread.js'));
}

async function ask(worker, message) {
  worker.postMessage(message);
  const answer = await nextMessage(worker);
  if (answer.error) throw new Error(answer.error);
  return answer;
}

function ended(worker) {
  return new Promise((resolve) => worker.once('exit', resolve));
}

test('a worker loads the package and sees the memory of the main thread', { skip }, async (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(10, 'Uint8Array', key);
    array[1] = 1;
    const worker = startWorker();
    t.equal((await ask(worker, { call: 'get', args: [key, 'Uint8Array'] })).length, 10, `${key}`);
    t.equal((await ask(worker, { read: 1 })).value, 1);
    await ask(worker, { write: 2, value: 2 });
    t.equal(array[2], 2);
    t.equal((await ask(worker, { call: 'getTotalCreatedSize', args: [] })).result, 0, 'its own totals');
    const end = ended(worker);
    worker.postMessage({ exit: true });
    await end;
    t.equal(array[2], 2, 'its end touches nobody else');
    shm.destroy(key);
  }
  t.end();
});

test('attaches of threads are counted one by one', { skip }, async (t) => {
  const key = freshKey();
  shm.create(10, 'Buffer', key);
  const worker = startWorker();
  await ask(worker, { call: 'get', args: [key] });
  t.equal((await ask(worker, { call: 'detach', args: [key] })).result, 1, 'the main thread has it');
  await ask(worker, { call: 'get', args: [key] });
  t.equal(shm.detach(key), 1, 'the worker has it');
  const end = ended(worker);
  worker.postMessage({ exit: true });
  await end;
  await until(() => shm.get(key) === null, 'the end of the segment');
  t.pass('its last attach has gone with the worker');
  t.end();
});

test('the end of a worker, by terminate() too, leaves no mapping behind', { skip: skip || (!isLinux && 'reads /proc') }, async (t) => {
  const mine = [freshKey(), freshName()].map((key) => shm.create(10, 'Uint8Array', key));
  const before = sharedMappings().length;
  const keys = [];
  for (let i = 0; i < 10; i++) {
    const worker = startWorker();
    const own = freshKeys();
    for (const key of own) await ask(worker, { call: 'create', args: [1 << 16, 'Buffer', key] });
    keys.push(...own);
    const end = ended(worker);
    if (i % 2 === 0) worker.terminate();
    else worker.postMessage({ exit: true });
    await end;
  }
  await until(() => sharedMappings().length === before, 'the mappings of ended workers to go');
  t.equal(sharedMappings().length, before);
  for (const key of keys) {
    if (typeof key === 'number') t.equal(shm.get(key), null, 'its last attach gone, the segment is destroyed');
    else t.equal(shm.destroy(key), true, 'the object stays');
  }
  mine.forEach((array) => (array[0] = 7));
  t.ok(mine.every((array) => array[0] === 7), "the main thread's arrays are as they were");
  shm.detachAll();
  t.end();
});

const cannotTransfer = skip || (typeof ArrayBuffer.prototype.transfer !== 'function' && 'this runtime has no ArrayBuffer.prototype.transfer');

test('memory that a worker has given to another thread can be touched when the worker has ended', { skip: cannotTransfer }, async (t) => {
  const key = freshKey();
  const { code, signal, stdout, stderr } = await runCode(`
    const { Worker, isMainThread, parentPort } = require('worker_threads');
    if (isMainThread) {
      let taken;
      const worker = new Worker(__filename);
      worker.on('message', (buffer) => {
        taken = new Uint8Array(buffer);
        worker.postMessage('end');
      });
      worker.on('exit', () => taken && console.log(taken.fill(1).length));
    } else {
      const { buffer } = shm.create(1 << 22, 'Uint8Array', ${key});
      parentPort.once('message', () => process.exit());
      try {
        const taken = buffer.transfer();
        parentPort.postMessage(taken, [taken]);
      } catch (error) {
        console.log('refused: ' + error.message);
        process.exit();
      }
    }
  `);
  if (stdout.startsWith('refused')) return console.log(`  # SKIP this runtime ${stdout}`);
  t.deepEqual([code, signal, stdout], [0, null, `${1 << 22}\n`], stderr);
});

test('memory that a worker has given away can be touched when the worker has been terminated', { skip: cannotTransfer || ((isBun || isDeno) && 'asks V8 to collect') }, async (t) => {
  for (const key of freshKeys().concat(null)) {
    const { code, signal, stdout, stderr } = await runCode(`
      const { Worker, isMainThread, parentPort } = require('worker_threads');
      if (isMainThread) {
        require('v8').setFlagsFromString('--expose-gc');
        const gc = require('vm').runInNewContext('gc');
        const worker = new Worker(__filename);
        worker.once('message', async (buffer) => {
          const taken = new Uint8Array(buffer);
          const before = taken[0];
          await new Promise((resolve) => worker.once('message', resolve));
          await worker.terminate();
          taken.forEach((byte) => byte);
          // Whatever the worker's end has given back is used anew.
          for (let i = 0; i < 200; i++) {
            shm.destroy(shm.create(1 << 20, 'Uint8Array', ${freshKey()}).fill(1).key);
            if (i % 50 === 0) gc();
            await new Promise((resolve) => setImmediate(resolve));
          }
          console.log(before, taken.length, taken.every((byte) => byte === 0), taken.fill(1).length);
        });
      } else {
        const array = shm.create(1 << 22, 'Uint8Array', ${JSON.stringify(key)});
        array[0] = 7;
        const taken = array.buffer.transfer();
        parentPort.postMessage(taken, [taken]);
        setTimeout(() => parentPort.postMessage('idle'), 50);
        parentPort.on('message', () => {});
      }
    `);
    if (process.env.SHM_TEST_REFUSE_EXTERNAL) {
      t.match(stderr, /cannot be transferred/);
    } else {
      t.deepEqual([code, signal, stdout], [0, null, `7 ${1 << 22} true ${1 << 22}\n`], stderr);
    }
    if (key !== null) t.equal(shm.destroy(key), typeof key === 'string');
  }
});

test('workers that alone have the package leave nothing of it behind', { skip: skip || (!isLinux && 'reads /proc') }, async (t) => {
  const child = forkFixture('workers-only.js', [String(freshKey())]);
  const [before, after] = await nextMessage(child);
  t.ok(after - before < 200, `${before} mappings, and 20 workers later ${after}`);
  child.disconnect();
});

test('a worker prints nothing at its exit', { skip }, async (t) => {
  const child = forkFixture('worker-exit.js', [freshKey(), freshKey()].map(String));
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  t.equal(stdout, 'shm segments destroyed: 1\n', 'that is the main thread');
  t.end();
});

test('arrays are copied when they are posted, and the copy outlives a detach', { skip: skip || ((isBun || isDeno) && 'their structured clone is their own') }, async (t) => {
  const key = freshKey();
  const array = shm.create(1 << 20, 'Uint8Array', key);
  array.fill(7);
  const worker = startWorker();
  worker.postMessage({ sum: array });
  shm.destroy(key);
  t.equal((await nextMessage(worker)).value, 7 * (1 << 20));
  await worker.terminate();
  t.end();
});
