'use strict';
// Engines that take no memory but their own (Electron from 21 on), simulated: the memory is lent to
// a buffer of the engine, and nothing else changes. The whole suite can be run this way too.

const test = require('tape');
const { cannotRefuse, freshKey, freshKeys, nodeMajor, refusingEnv, runCode, shm } = require('./support');

const skip = cannotRefuse() || (nodeMajor < 12 && 'Node 10 is in no Electron that refuses');

/** Runs code in a process that refuses external buffers, with `gc`; what it prints must be `expected`. */
async function prints(t, expected, code) {
  const setup = `
    require('v8').setFlagsFromString('--expose-gc');
    const gc = require('vm').runInNewContext('gc');
    const assert = require('assert');
    const fs = require('fs');
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const shared = () => fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => /SYSV|dev.shm/.test(line)).length;
    (async () => { ${code} })().catch((error) => { console.log(error); process.exit(1); });`;
  const { stdout, stderr, code: exit, signal } = await runCode(setup, { env: refusingEnv() });
  t.equal(stdout + stderr, expected);
  t.deepEqual([exit, signal], [0, null]);
}

test('the memory is shared all the same, and its place in the buffer is told by byteOffset', { skip }, async (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(1000, 'Float64Array', key);
    array[999] = 1.5;
    await prints(t, '1.5 true 1000\n', `
      const array = shm.get(${JSON.stringify(key)}, 'Float64Array');
      console.log(array[999], array.byteOffset > 0 || array.buffer.byteLength > 8000, array.length);
      array[0] = 2.5;
    `);
    t.equal(array[0], 2.5, `${key}`);
    shm.destroy(key);
  }
  t.end();
});

test('a lent buffer cannot be transferred, and is copied when it is posted', { skip }, async (t) => {
  await prints(t, 'shm segments destroyed: 1\n', `
    const array = shm.create(10, 'Uint8Array', ${freshKey()});
    array[0] = 7;
    for (const name of ['transfer', 'transferToFixedLength']) {
      if (array.buffer[name]) assert.throws(() => array.buffer[name](), /cannot be transferred/);
    }
    if (typeof structuredClone === 'function') {
      try { structuredClone(array.buffer, { transfer: [array.buffer] }); } catch (error) { assert(error instanceof Error); }
    }
    assert.deepStrictEqual([array.length, array[0], shm.get(array.key)[0]], [10, 7, 7]);
  `);
  t.end();
});

test('byte streams do not take over the memory of a lent buffer', { skip: skip || (nodeMajor < 18 && 'this runtime has no global streams') }, async (t) => {
  await prints(t, 'shm segments destroyed: 1\n', `
    const array = shm.create(100000, 'Uint8Array', ${freshKey()});
    let controller;
    const stream = new ReadableStream({ type: 'bytes', start: (given) => void (controller = given) });
    assert.throws(() => controller.enqueue(array), TypeError);
    const reader = stream.getReader({ mode: 'byob' });
    await assert.rejects(reader.read(new Uint8Array(array.buffer, array.byteOffset, 100)), TypeError);
    const read = reader.read(new Uint8Array(100));
    assert.throws(() => controller.byobRequest.respondWithNewView(array.subarray(0, 1)), TypeError);
    controller.byobRequest.view[0] = 7;
    controller.byobRequest.respond(1);
    assert.deepStrictEqual([(await read).value[0], array.length], [7, 100000]);
    controller.enqueue(new Uint8Array([8]));
    assert.strictEqual((await reader.read(new Uint8Array(1))).value[0], 8);
    const passing = shm.create(1, 'Uint8Array', ${freshKey()});
    assert(shm.destroy(passing.key));
    assert(${nodeMajor >= 22} ? passing.length === 0 : passing[0] === 0);
  `);
  t.end();
});

test('10,000 cycles leave neither mappings nor memory behind, and the heap stays whole', { skip }, async (t) => {
  const [number, name] = freshKeys();
  await prints(t, 'done\n', `
    const kept = [];
    let before = 0;
    for (let i = 0; i < 10000; i++) {
      const key = i % 2 ? ${number} : '${name}';
      const array = shm.create(1 + (i % 5) * 3000, 'Uint8Array', key);
      array.fill(255);
      if (i % 10 === 0) kept.push(array);
      assert(shm.destroy(key));
      // Memory that the engine has got back must be ordinary memory.
      const other = new Uint8Array(5000);
      assert(other.every((byte) => byte === 0));
      other.fill(i & 127);
      if (i % 100 === 0) {
        kept.length = 0;
        gc();
        await turn();
      }
      if (i === 5000) before = process.memoryUsage().rss;
    }
    gc();
    const growth = process.memoryUsage().rss - before;
    assert(growth < 20e6, 'grown by ' + growth);
    assert.strictEqual(shared(), 0);
    console.log('done');
  `);
  t.end();
});

test('collections, and the end of a worker, do not free what is lent', { skip }, async (t) => {
  await prints(t, 'done\n', `
    const { Worker } = require('worker_threads');
    const { key } = shm.create(100000, 'Uint8Array', ${freshKey()});
    shm.get(key)[99999] = 9;
    for (let i = 0; i < 20; i++) {
      gc();
      new Uint8Array(1e6).fill(1);
    }
    assert.strictEqual(shm.get(key)[99999], 9);
    const source = \`
      const shm = require(\${JSON.stringify(require.resolve(${JSON.stringify(require('path').join(__dirname, '..'))}))});
      const array = shm.get(\${key});
      array[0] = 8;
      shm.create(100000, 'Buffer', require('worker_threads').workerData).fill(7);
      require('worker_threads').parentPort.postMessage('ready');
      setInterval(() => {}, 1000);\`;
    for (const workerData of ${JSON.stringify(Array.from({ length: 5 }, freshKey))}) {
      const worker = new Worker(source, { eval: true, workerData });
      await new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
      await worker.terminate();
    }
    assert.strictEqual(shm.get(key)[0], 8);
    for (let i = 0; i < 200 && shared() > 1; i++) await turn();
    assert.strictEqual(shared(), 1);
    assert(shm.destroy(key));
    console.log('done');
  `);
  t.end();
});

test('work in flight ends without harm', { skip }, async (t) => {
  await prints(t, 'done 80\n', `
    const zlib = require('zlib');
    const crypto = require('crypto');
    let ended = 0;
    const jobs = [];
    for (let i = 0; i < 20; i++) {
      const array = shm.create(1 << 18, 'Buffer', ${freshKey()});
      crypto.randomFillSync(array);
      for (const start of [
        (done) => zlib.gzip(array, done),
        (done) => crypto.pbkdf2(array, 'salt', 100, 32, 'sha256', done),
        (done) => crypto.randomFill(array, done),
        (done) => fs.writeFile('/dev/null', array, done),
      ]) jobs.push(new Promise((resolve) => start(() => resolve(ended++))));
      shm.destroy(array.key);
      gc();
      new Uint8Array(1 << 18).fill(1);
    }
    await Promise.all(jobs);
    console.log('done', ended);
  `);
  t.end();
});
