'use strict';
// The arrays over files in use: flushed, advised, waited on, in worker threads, ended while in use.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const zlib = require('zlib');
const { Worker, fileIn, forkCode, freshFile, freshName, isDead, isLinux, nextMessage, nodeMajor, refusingEnv, cannotRefuse, runCode, shm, thrownBy, until } = require('./files');

async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was rejected');
}

/** Kilobytes of a file's mapping that no disk has yet; of every mapping of it in this process. */
function dirtyOf(file) {
  // A new file is mapped before it has its name: its inode is what tells it.
  const inode = String(fs.statSync(file).ino);
  const lines = fs.readFileSync('/proc/self/smaps', 'utf8').split('\n');
  let isOurs = false;
  let dirty = 0;
  for (const line of lines) {
    if (/^[0-9a-f]+-/.test(line)) isOurs = line.split(/ +/)[4] === inode;
    const match = /^(?:Shared|Private)_Dirty: +(\d+) kB$/.exec(line);
    if (isOurs && match !== null) dirty += Number(match[1]);
  }
  return dirty;
}

test('flush and flushAsync write what has changed', { skip: !isLinux && 'reads /proc' }, async (t) => {
  const file = fileIn('flushed');
  const array = shm.mapFile(file, 'Int32Array', { create: 2 ** 18 });
  for (const flush of [shm.flush, shm.flushAsync]) {
    array.fill(array[0] + 1);
    t.equal(dirtyOf(file), 1024);
    await flush(array, 2 ** 19, 2 ** 16);
    t.equal(dirtyOf(file), 768, 'a part');
    await flush(array.subarray(0, 2 ** 16));
    t.equal(dirtyOf(file), 512, 'an array over a part');
    t.equal(await flush(array), undefined);
    t.equal(dirtyOf(file), 0, 'all');
    await flush(array, 2 ** 20);
    await flush(array.subarray(5, 5));
    await flush(array.subarray(array.length));
  }
  shm.unmapFile(file);
  t.end();
});

test('flushAsync leaves the event loop alone', async (t) => {
  const file = fileIn('large');
  const array = shm.mapFile(file, 'Float64Array', { create: 2 ** 23 });
  let turns = 0;
  let isDone = false;
  const turn = () => isDone || (turns++, setImmediate(turn));
  turn();
  array.fill(1.5);
  const before = turns;
  await shm.flushAsync(array).then(() => (isDone = true));
  t.ok(turns > before, `the loop turned ${turns - before} times meanwhile`);
  shm.unmapFile(file);
  t.end();
});

test('flush, flushAsync and advise refuse what is no such file', async (t) => {
  const file = freshFile(Buffer.alloc(8000));
  const array = shm.mapFile(file, 'Int32Array');
  for (const flush of [shm.flush, shm.flushAsync]) {
    for (const [args, code, message] of [
      [[array], 'ERR_INVALID_ARG_VALUE', /over a file .* with { write: true }/],
      [[new Int32Array(5)], 'ERR_INVALID_ARG_VALUE', /over a file/],
      [[new Int32Array(5), 20], 'ERR_INVALID_ARG_VALUE', /over a file/],
      [[new Int32Array(0)], 'ERR_INVALID_ARG_VALUE', /over a file/],
      [[new Int32Array(5).subarray(5)], 'ERR_INVALID_ARG_VALUE', /over a file/],
      [[new DataView(new ArrayBuffer(0))], 'ERR_INVALID_ARG_VALUE', /over a file/],
      [['array'], 'ERR_INVALID_ARG_TYPE', /"array"/],
      [[new DataView(new ArrayBuffer(8))], 'ERR_INVALID_ARG_VALUE', /'array'/],
      [[{ byteLength: 8, buffer: array.buffer }], 'ERR_INVALID_ARG_TYPE', /"array"/],
      [[array, 8004], 'ERR_OUT_OF_RANGE', /"offset"/],
      [[array, 2], 'ERR_OUT_OF_RANGE', /multiple of 4/],
      [[array, 0, 2001], 'ERR_OUT_OF_RANGE', /"count".* from 1 to 2000\./],
      [[array, 0, 0], 'ERR_OUT_OF_RANGE', /"count".* from 1 to 2000\./],
      [[array, 4, 2000], 'ERR_OUT_OF_RANGE', /"offset"/],
    ]) {
      const error = await rejection((async () => flush(...args))());
      t.equal(error.code, code, error.message);
      t.match(error.message, message);
    }
  }
  for (const advice of ['normal', 'random', 'sequential', 'willneed']) t.equal(shm.advise(array, advice), undefined);
  shm.advise(array, 'random', 4096, 5);
  t.match(thrownBy(() => shm.advise(array, 'dontneed')).message, /'advice' must be one of normal, random, sequential, willneed, dontdump/);
  t.equal(thrownBy(() => shm.advise(new Int32Array(5), 'random')).code, 'ERR_INVALID_ARG_VALUE');
  for (const [other, offset] of [[new Int32Array(5), 20], [new Int32Array(0), 0]]) {
    for (const advice of ['random', 'dontdump']) t.equal(thrownBy(() => shm.advise(other, advice, offset)).code, 'ERR_INVALID_ARG_VALUE');
  }
  const object = shm.create(5, 'Int32Array', freshName());
  t.equal(thrownBy(() => shm.advise(object, 'random', 20)).code, 'ERR_INVALID_ARG_VALUE');
  t.equal(shm.advise(object, 'dontdump', 20), undefined);
  const empty = [array.subarray(0, 0), array.subarray(2000)];
  for (const view of empty.concat(object.subarray(5))) t.equal(shm.advise(view, 'dontdump'), undefined, 'nothing of memory that is attached');
  for (const view of empty) t.equal(shm.advise(view, 'random'), undefined);
  t.equal(shm.destroy(object), true);
  shm.unmapFile(file);
  for (const view of [array, ...empty]) t.equal(view.length > 0 || thrownBy(() => shm.flush(view)).code, view.length > 0 || 'ERR_SHM_DETACHED');
  t.end();
});

test('flush and advise take a DataView, an array of another realm, and one that lies', async (t) => {
  const file = freshFile(Buffer.alloc(8000));
  const array = shm.mapFile(file, 'Int32Array', { write: true });
  class Lying extends Int32Array {
    get byteLength() {
      return 1e9;
    }
    get length() {
      return -1;
    }
  }
  const { buffer, byteOffset } = array;
  const foreign = require('vm').runInNewContext('(buffer, byteOffset) => new Int32Array(buffer, byteOffset, 100)')(buffer, byteOffset);
  for (const view of [new DataView(buffer, byteOffset, 400), foreign, new Lying(buffer, byteOffset, 100)]) {
    t.equal(shm.flush(view), undefined);
    t.equal(await shm.flushAsync(view, 0, 10), undefined);
    t.equal(shm.advise(view, 'random'), undefined);
    t.equal(thrownBy(() => shm.flush(view, 404)).code, 'ERR_OUT_OF_RANGE', 'within what it really shows');
  }
  shm.unmapFile(file);
  t.end();
});

test('a flush that comes too late tells so', async (t) => {
  const [large, small] = [fileIn('large'), fileIn('small')];
  const before = shm.mapFile(large, 'Float64Array', { create: 2 ** 23 }).fill(1.5);
  const array = shm.mapFile(small, 'Int32Array', { create: 1000 }).fill(7);
  const flushes = [shm.flushAsync(before), rejection(shm.flushAsync(array))];
  shm.unmapFile(small);
  t.equal((await flushes[1]).code, 'ERR_SHM_DETACHED', 'flushes are made one after the other');
  await flushes[0];
  t.ok(isDead(array));
  t.equal(fs.readFileSync(small).readInt32LE(3996), 7, 'it reaches the file all the same');
  shm.unmapFile(large);
  t.end();
});

test('words of a file that is written can be waited for, across processes', { skip: nodeMajor < 16 && 'Atomics refuse such arrays' }, async (t) => {
  const file = fileIn('words');
  const words = shm.mapFile(file, 'Int32Array', { create: 2000, offset: 40 });
  const child = forkCode(`
    const words = shm.mapFile(${JSON.stringify(file)}, 'Int32Array', { write: true });
    const mutex = new shm.Mutex(words, 1010);
    process.on('message', () => {
      mutex.lockSync();
      words[1011] = 7;
      process.send('locked');
      words[1501] = 1;
      shm.notify(words, 1501);
    });
    process.send('ready');`);
  await nextMessage(child);
  const waiting = shm.waitAsync(words, 1491, 0, { timeout: 10000, ref: true });
  child.send('lock');
  t.equal(await nextMessage(child), 'locked');
  t.ok(['ok', 'not-equal'].includes(await waiting));
  t.equal(words[1001], 7, 'the same words, 40 bytes on');
  const mutex = new shm.Mutex(words, 1000);
  t.equal(mutex.tryLock(), null);
  child.kill('SIGKILL');
  await until(() => mutex.tryLock() !== null, 'the lock of a dead process');
  mutex.unlock();
  const pending = rejection(shm.waitAsync(words, 0, 0, { ref: true }));
  shm.unmapFile(file);
  t.equal((await pending).code, 'ERR_SHM_DETACHED');
  const copy = shm.mapFile(file, 'Int32Array');
  for (const action of [() => shm.wait(copy, 0, 0, 0), () => shm.notify(copy, 0), () => new shm.Mutex(copy, 0).lockSync()]) {
    t.equal(thrownBy(action).code, 'ERR_INVALID_ARG_VALUE', 'nobody else sees a private page');
  }
  shm.unmapFile(file);
  t.end();
});

test('an end while a compression reads the file is harmless', async (t) => {
  const file = freshFile(Buffer.alloc(2 ** 20, 'some text'));
  const ended = [];
  for (let round = 0; round < 8; round++) {
    const array = shm.mapFile(file, 'Buffer', { offset: round % 2 ? 5 : 0, write: round % 4 > 1 });
    ended.push(new Promise((resolve) => zlib.gzip(array, { level: 9 }, resolve)));
    shm.unmapFile(file);
    t.ok(array.length === 0 || array.every((byte) => byte === 0), 'nothing of the file is left in it');
  }
  await Promise.all(ended);
  t.equal(fs.readFileSync(file, 'latin1').slice(0, 9), 'some text');
  t.end();
});

/** Where a descriptor leads; '' if it has been closed meanwhile. */
function linkOf(file) {
  try {
    return fs.readlinkSync(file);
  } catch (_) {
    return '';
  }
}

test('nothing stays mapped, nor open', { skip: !isLinux && 'reads /proc' }, async (t) => {
  const file = freshFile(Buffer.alloc(50000));
  const isOpen = () => fs.readdirSync('/proc/self/fd').some((number) => linkOf(`/proc/self/fd/${number}`) === file);
  const code = `
    const fs = require('fs');
    const file = ${JSON.stringify(file)};
    const count = () => fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.endsWith(file)).length;
    for (let i = 0; i < 300; i++) {
      shm.mapFile(file, 'Buffer', { offset: i, write: i % 2 === 0 });
      if (i % 3 === 0) shm.unmapFile(file);
    }
    shm.unmapFile(file);
    console.log(count());`;
  const { stdout, stderr } = await runCode(code);
  t.equal(stdout, '0\n', stderr);
  shm.mapFile(file);
  t.equal(isOpen(), false, 'a mapping needs no descriptor');
  const descriptor = fs.openSync(file, 'r');
  t.equal(isOpen(), true);
  fs.closeSync(descriptor);
  shm.unmapFile(file);
  t.end();
});

test('a worker has its own, and its end leaves nothing mapped', { skip: (Worker === null && 'this runtime has no worker_threads') || (!isLinux && 'reads /proc') }, async (t) => {
  const file = freshFile(Buffer.alloc(50000, 7));
  const ours = shm.mapFile(file);
  const mapped = () => fs.readFileSync('/proc/self/maps', 'utf8').split('\n').filter((line) => line.endsWith(file)).length;
  t.equal(mapped(), 1);
  const program = `
    const shm = require(${JSON.stringify(path.join(__dirname, '..'))});
    const { parentPort } = require('worker_threads');
    const array = shm.mapFile(${JSON.stringify(file)}, 'Buffer', { write: true });
    array.fill(8);
    for (let i = 0; i < 40; i++) shm.flushAsync(array).catch(() => {});
    parentPort.postMessage(array[49999]);
    setInterval(() => {}, 1000);`;
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(program, { eval: true });
    t.equal(await nextMessage(worker), 8);
    await worker.terminate();
    await until(() => mapped() === 1, 'the end of the mapping');
  }
  t.equal(ours[49999], 8);
  shm.unmapFile(file);
  t.end();
});

test('shared: a SharedArrayBuffer underneath', (t) => {
  const file = freshFile(Buffer.alloc(10000, 7));
  const array = shm.mapFile(file, 'Uint8Array', { shared: true, write: true, offset: 4099 });
  t.ok(array.buffer instanceof SharedArrayBuffer);
  t.equal(array.length, 10000 - 4099);
  array[0] = 9;
  t.equal(fs.readFileSync(file)[4099], 9);
  shm.unmapFile(file);
  t.ok(array.every((element) => element === 0));
  t.equal(fs.readFileSync(file)[4099], 9);
  t.end();
});

test('where the engine takes no memory but its own', { skip: cannotRefuse() || (nodeMajor < 12 && 'Node 10 is in no Electron that refuses') }, async (t) => {
  const file = freshFile(Buffer.alloc(20000, 7));
  const code = `
    const file = ${JSON.stringify(file)};
    for (const offset of [0, 5, 4096, 9001]) {
      const array = shm.mapFile(file, 'Buffer', { offset, write: true });
      array[0]++;
      shm.flush(array);
      console.log(array.length, array[0], array.every((element, index) => index % 4096 === 0 || element >= 7), shm.mapFile(file, 'Buffer', { offset })[0], shm.unmapFile(file), array[0]);
    }`;
  const { stdout, stderr } = await runCode(code, { env: refusingEnv() });
  const last = nodeMajor >= 22 ? 'undefined' : '0';
  t.equal(stdout, [0, 5, 4096, 9001].map((offset) => `${20000 - offset} 8 true 8 true ${last}\n`).join(''), stderr);
  t.equal(fs.readFileSync(file)[9001], 8);
  t.end();
});
