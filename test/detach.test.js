'use strict';
// detach, destroy, detachAll: what they return, what the views are worth afterwards, the totals.

const crypto = require('crypto');
const fs = require('fs');
const test = require('tape');
const zlib = require('zlib');
const { forkFixture, freshKey, freshKeys, freshName, isDead, isLinux, nextMessage, nodeMajor, runCode, sharedMappings, shm, temporaryFolder } = require('./support');

/** JavaScript throws a TypeError where a method is called on an emptied buffer. */
function mayThrow(action) {
  try {
    action();
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
  }
}

/** A process that has `key` attached. */
async function attachElsewhere(key) {
  const child = forkFixture('peer.js');
  child.send({ call: 'get', args: [key] });
  await nextMessage(child);
  return child;
}

async function ask(child, call, ...args) {
  child.send({ call, args });
  return (await nextMessage(child)).result;
}

test('detach tells how many attaches are left, and the last one destroys a segment', async (t) => {
  const key = freshKey();
  shm.create(10, 'Buffer', key);
  const child = await attachElsewhere(key);
  t.equal(shm.detach(key), 1, 'one left');
  t.equal(shm.detach(key), -1, 'nothing to detach');
  t.equal(await ask(child, 'detach', key), 0, 'that was the last');
  t.equal(await ask(child, 'detach', key), -1);
  t.equal(shm.get(key), null, 'destroyed');
  child.disconnect();
  t.end();
});

test('detach of an object is 1, and it stays until it is destroyed', async (t) => {
  const name = freshName();
  shm.create(10, 'Uint8Array', name)[3] = 3;
  t.equal(shm.detach(name), 1);
  t.equal(shm.detach(name), -1);
  t.equal(shm.get(name)[3], 3);
  t.equal(shm.detach(name, true), 0);
  t.equal(shm.detach(name, true), -1);
  t.equal(shm.get(name), null);
  t.end();
});

test('a forced detach destroys, whoever has it attached', async (t) => {
  for (const key of freshKeys()) {
    shm.create(10, 'Uint8Array', key);
    const child = await attachElsewhere(key);
    t.equal(shm.detach(key, true), 0, `${key}`);
    t.equal(shm.get(key), null);
    child.send({ write: 5, value: 7 });
    t.equal((await nextMessage(child)).value, 7, 'who has it keeps it');
    t.notEqual(shm.create(20, 'Buffer', key), null, 'the key is free');
    t.equal(shm.get(key).length, 20);
    shm.destroy(key);
    child.disconnect();
  }
  t.end();
});

test('a forced detach of what is not attached here destroys what exists', async (t) => {
  for (const key of freshKeys()) {
    t.equal(shm.detach(key, true), -1, `${key}`);
    t.equal(shm.destroy(key), false);
    const child = forkFixture('peer.js');
    child.send({ call: 'create', args: [10, 'Buffer', key] });
    await nextMessage(child);
    t.equal(shm.detach(key), -1, 'not attached here');
    t.equal(shm.destroy(key), true);
    t.equal(shm.get(key), null);
    child.disconnect();
  }
  t.end();
});

test('forceDestroy is any truthy value, as it was', (t) => {
  const name = freshName();
  shm.create(1, 'Buffer', name);
  t.equal(shm.detach(name, 0), 1);
  t.equal(shm.detach(name, 1), 0);
  t.end();
});

test('an object unlinked by somebody else is detached, not destroyed', { skip: !isLinux && 'uses /dev/shm' }, (t) => {
  const name = freshName();
  shm.create(1, 'Buffer', name);
  fs.unlinkSync(`/dev/shm${name}`);
  t.equal(shm.detach(name, true), 1);
  t.equal(shm.getTotalSize(), 0);
  t.end();
});

test('the last detach of a segment that another process destroyed is its end', async (t) => {
  const key = freshKey();
  const before = shm.getTotalCreatedSize();
  shm.create(10, 'Buffer', key);
  const child = await attachElsewhere(key);
  t.equal(await ask(child, 'destroy', key), true);
  t.equal(shm.get(key), null);
  t.equal(shm.detach(key), 0);
  t.equal(shm.getTotalCreatedSize(), before);
  child.disconnect();
  t.end();
});

test('after a detach every view of every type is dead, and writing to it does nothing', (t) => {
  for (const typeKey of Object.keys(shm.BufferType)) {
    for (const key of freshKeys()) {
      const one = typeKey.startsWith('Big') ? global.BigInt(1) : 1;
      const created = shm.create(64, typeKey, key);
      const views = [created, shm.get(key, typeKey), shm.get(key), created.subarray(8, 16)];
      views.push(new Uint8Array(created.buffer, created.byteOffset, 5));
      views.push(Buffer.from(created.buffer, created.byteOffset, 5));
      created.fill(one);
      const data = new DataView(created.buffer, created.byteOffset, created.byteLength);
      const copy = created.constructor.from(created);
      t.equal(shm.destroy(key), true, `${typeKey} under ${key}`);
      t.ok(views.every(isDead), 'views are dead');
      for (const view of views) {
        const value = view.constructor.name.startsWith('Big') ? one : 1;
        view[0] = value;
        mayThrow(() => view.fill(value));
        mayThrow(() => view.set(view));
      }
      mayThrow(() => data.setInt8(0, 1));
      t.pass('writing to them is harmless');
      t.equal(Number(copy[63]), 1, 'a copy is a copy');
      t.equal(shm.get(key), null);
    }
  }
  t.end();
});

test('what is written to a dead view does not reach the memory', (t) => {
  const name = freshName();
  const first = shm.create(10, 'Uint8Array', name);
  shm.detach(name);
  first[0] = 7;
  const second = shm.get(name);
  t.equal(second[0], 0);
  second[1] = 8;
  t.notEqual(first[1], 8);
  shm.destroy(name);
  t.end();
});

test('a buffer that was transferred away is harmless, and get shows the memory anew', {
  skip: typeof ArrayBuffer.prototype.transfer !== 'function' && 'this runtime has no ArrayBuffer.prototype.transfer',
}, (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(10, 'Uint8Array', key);
    array[0] = 7;
    let moved;
    try {
      moved = new Uint8Array(array.buffer.transfer());
    } catch (error) {
      console.log(`  # SKIP this runtime refuses: ${error.message}`);
      shm.destroy(key);
      continue;
    }
    const again = shm.get(key);
    t.equal(again.length, 10, `${key}`);
    t.equal(again[0], 7);
    t.equal(shm.destroy(key), true);
    t.ok(isDead(again) && array.length === 0);
    t.ok(moved.every((element) => element === 0), 'zeros');
    moved[0] = 1;
  }
  t.end();
});

test('a buffer that is marked as untransferable is detached all the same, at the exit too', async (t) => {
  const { stdout, stderr, code, signal } = await runCode(`
    const { markAsUntransferable } = require('worker_threads');
    const marked = () => {
      const array = shm.create(10, 'Uint8Array', ${freshKey()});
      if (markAsUntransferable) markAsUntransferable(array.buffer);
      return array;
    };
    const array = marked();
    console.log(shm.destroy(array.key));
    array[0] = 1;
    global.kept = [array, marked()];
  `);
  const advice = nodeMajor > 26 ? 'this Node.js is newer than the last one that set_detach_key in native/node/symbols.rs knows' : undefined;
  t.deepEqual([stdout + stderr, code, signal], ['true\nshm segments destroyed: 1\n', 0, null], advice);
  t.end();
});

test('work in flight on a thread pool ends without harm', async (t) => {
  const file = `${temporaryFolder()}/written`;
  let finished = 0;
  const jobs = [];
  const job = (start) => jobs.push(new Promise((resolve) => start(() => resolve(finished++))));
  for (let round = 0; round < 20; round++) {
    for (const key of freshKeys()) {
      const array = shm.create(1 << 20, 'Buffer', key);
      job((done) => zlib.gzip(array, done));
      job((done) => zlib.deflateRaw(array, done));
      job((done) => crypto.pbkdf2(array, 'salt', 100, 32, 'sha256', done));
      job((done) => crypto.randomFill(array, done));
      job((done) => fs.writeFile(file, array, done));
      shm.destroy(key);
    }
  }
  await Promise.all(jobs);
  t.equal(finished, jobs.length, `${finished} jobs have ended`);
  t.equal(shm.getTotalSize(), 0);
  t.end();
});

test('zlib that is in the middle of random data ends without harm', async (t) => {
  const decompress = ['gunzip', 'brotliDecompress', 'zstdDecompress'];
  const methods = ['gzip', 'brotliCompress', 'zstdCompress'].filter((name) => zlib[name] !== undefined);
  for (const key of freshKeys()) {
    for (const [index, method] of methods.entries()) {
      const array = shm.create(1 << 20, 'Buffer', key);
      crypto.randomFillSync(array); // does not get smaller, so many steps are needed
      const packed = await new Promise((resolve, reject) => {
        zlib[method](array, (error, result) => (error ? reject(error) : resolve(result)));
        shm.destroy(key);
      });
      t.equal(zlib[`${decompress[index]}Sync`](packed).length, 1 << 20, `${method} has had all its input`);
    }
  }
  t.end();
});

const handleOf = (stream) => stream._handle && Object.getPrototypeOf(stream._handle);

test('zlib is guarded once, however often the package is loaded', { skip: !handleOf(zlib.createGzip()) && 'this zlib has no handles' }, (t) => {
  const guard = () => {
    delete require.cache[require.resolve('../lib/runtime/zlib')];
    require('../lib/runtime/zlib').guardZlib();
    return handleOf(zlib.createGzip()).write;
  };
  t.equal(guard(), guard());
  t.end();
});

test('detachAll detaches everything of both kinds and counts destroyed segments', async (t) => {
  const [first, second, shared] = [freshKey(), freshKey(), freshKey()];
  const name = freshName();
  const arrays = [first, second, shared, name].map((key) => shm.create(10, 'Buffer', key));
  const child = await attachElsewhere(shared);
  t.equal(shm.detachAll(), 2);
  t.ok(arrays.every(isDead));
  t.equal(shm.getTotalSize(), 0);
  t.equal(shm.detachAll(), 0);
  t.equal(shm.get(first), null);
  t.equal(shm.get(shared).length, 10, 'another process has it');
  t.equal(shm.get(name).length, 10, 'objects stay');
  shm.destroy(shared);
  shm.destroy(name);
  child.disconnect();
  t.end();
});

test('the totals count what is mapped and what was created', async (t) => {
  const before = shm.getTotalCreatedSize();
  const totals = () => [shm.getTotalSize(), shm.getTotalCreatedSize() - before];
  const [number, name] = freshKeys();
  t.deepEqual(totals(), [0, 0]);
  shm.create(10, 'Float32Array', number);
  t.deepEqual(totals(), [40, 40]);
  shm.create(10, 'Float64Array', name);
  t.deepEqual(totals(), [128, 128], 'an object counts its 8-byte header');
  const child = await attachElsewhere(number);
  t.equal(await ask(child, 'getTotalSize'), 40);
  t.equal(await ask(child, 'getTotalCreatedSize'), 0, 'it has created nothing');
  shm.detach(number);
  shm.detach(name);
  t.deepEqual(totals(), [0, 128], 'created, and not destroyed');
  shm.get(name);
  t.deepEqual(totals(), [88, 128]);
  shm.destroy(number);
  t.deepEqual(totals(), [88, 88]);
  shm.destroy(name);
  t.deepEqual(totals(), [0, 0]);
  child.disconnect();
  t.end();
});

test('a thousand cycles leave no mapping behind', { skip: !isLinux && 'reads /proc' }, (t) => {
  for (let i = 0; i < 500; i++) {
    for (const key of freshKeys()) {
      shm.create(10, 'Buffer', key)[0] = 1;
      shm.destroy(key);
    }
  }
  t.deepEqual(sharedMappings(), []);
  t.end();
});
