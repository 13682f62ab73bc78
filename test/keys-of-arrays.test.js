'use strict';
// An array stands for its key in detach, destroy and unmapFile, and for the very memory that it is over.

const test = require('tape');
const fs = require('fs');
const os = require('os');
const path = require('path');
const vm = require('vm');
const { freshKey, freshKeys, freshName, isLinux, shm, thrownBy } = require('./support');

const isDead = (array) => array.length === 0 || array.every((value) => value === 0);

function temporaryFile(t, bytes) {
  const file = path.join(os.tmpdir(), `shm-test-${process.pid}-${freshName().slice(-8)}`);
  fs.writeFileSync(file, bytes);
  t.on('end', () => fs.existsSync(file) && fs.unlinkSync(file));
  return file;
}

test('keyOf tells the key of any view of attached memory', (t) => {
  for (const key of freshKeys()) {
    for (const options of [{}, { shared: true }, { raw: true }, { copyOnWrite: true }]) {
      const made = options.copyOnWrite ? shm.create(16, 'Uint8Array', key) && shm.get(key, 'Uint8Array', options) : shm.create(16, 'Uint8Array', key, options);
      const views = [made, made.subarray(15), made.subarray(3, 3), new DataView(made.buffer, made.byteOffset), Buffer.from(made.buffer, made.byteOffset, 16)];
      views.push(vm.runInNewContext('(buffer, offset) => new Uint8Array(buffer, offset)')(made.buffer, made.byteOffset));
      for (const view of views) t.equal(shm.keyOf(view), key, `${key}, ${JSON.stringify(options)}: ${Object.prototype.toString.call(view)}`);
      shm.destroy(key);
      t.equal(shm.keyOf(made), null, 'and null once it is detached');
    }
  }
  t.equal(shm.keyOf(shm.get(shm.create(4, 'Buffer', -(2 ** 31) + 77) && -(2 ** 31) + 77)), 2 ** 31 + 77, 'a negative key as array.key tells it');
  shm.destroy(-(2 ** 31) + 77);
  t.end();
});

test('keyOf of other arrays is null, and of what is none an error', (t) => {
  const file = temporaryFile(t, Buffer.alloc(16));
  for (const array of [new Int32Array(4), new Uint8Array(0), Buffer.from('abc'), new DataView(new ArrayBuffer(8)), shm.mapFile(file)]) {
    t.equal(shm.keyOf(array), null);
  }
  shm.unmapFile(file);
  for (const value of [undefined, null, 5, '/name', {}, [], new ArrayBuffer(8)]) {
    const error = thrownBy(() => shm.keyOf(value));
    t.equal(`${error.name} ${error.code}`, 'TypeError ERR_INVALID_ARG_TYPE', error.message);
  }
  t.end();
});

test('detach and destroy take the array itself', (t) => {
  for (const key of freshKeys()) {
    const isSegment = typeof key === 'number';
    const array = shm.create(10, 'Int32Array', key);
    const others = [shm.get(key), array.subarray(2)];
    t.equal(shm.detach(array), isSegment ? 0 : 1, `${key}`);
    t.ok(isDead(array) && others.every(isDead), 'every view is dead');
    t.equal(shm.detach(array), -1, 'there is nothing to detach any more');
    t.equal(shm.destroy(array), false);
    t.equal(shm.getTotalSize(), 0);
    if (isSegment) t.equal(shm.stat(key), null);
    else t.equal(shm.destroy(shm.get(key, 'Int32Array')), true);
    t.equal(shm.stat(key), null);
    t.equal(shm.getTotalCreatedSize(), 0);
  }
  t.end();
});

test('detach(array, true) destroys what is attached elsewhere', (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(10, 'Int8Array', key);
    t.equal(shm.detach(array.subarray(5), true), 0);
    t.equal(shm.stat(key), null);
  }
  t.end();
});

test('an array is the version that it is over, not what has taken its key', { skip: !isLinux && 'removes a name in /dev/shm' }, (t) => {
  const name = freshName();
  const old = shm.create(4, 'Int8Array', name);
  fs.unlinkSync(`/dev/shm${name}`);
  const current = shm.create(4, 'Int8Array', name);
  current[0] = 7;
  t.equal(shm.destroy(old), false, 'its name leads to other memory');
  t.ok(isDead(old), 'it is detached');
  t.deepEqual([current[0], shm.get(name)[0]], [7, 7], 'the other is not');
  t.equal(shm.getTotalSize(), 12);
  t.equal(shm.destroy(current), true);
  t.equal(shm.getTotalCreatedSize(), 0);

  const key = freshKey();
  const first = shm.create(4, 'Int8Array', key);
  require('child_process').execFileSync('ipcrm', ['-M', String(key)]);
  const second = shm.create(4, 'Int8Array', key);
  second[0] = 7;
  t.equal(shm.detach(first), 0, 'that destroys a segment which nobody else has');
  t.ok(isDead(first) && second[0] === 7);
  t.equal(shm.destroy(second), true);
  t.equal(shm.getTotalSize(), 0);
  t.end();
});

test('detaching an array ends the waits on its memory', (t) => {
  const array = shm.create(4, 'Int32Array', freshName());
  const pending = shm.waitAsync(array, 0, 0);
  shm.destroy(array);
  pending.then(
    () => t.end(new Error('it must not be fulfilled')),
    (error) => {
      t.equal(error.code, 'ERR_SHM_DETACHED');
      t.end();
    },
  );
});

test('unmapFile takes an array, which is one version of a file', (t) => {
  const file = temporaryFile(t, Buffer.from([1, 2, 3]));
  const old = shm.mapFile(file);
  fs.writeFileSync(`${file}.new`, Buffer.from([4, 5, 6]));
  fs.renameSync(`${file}.new`, file);
  const current = shm.mapFile(file);
  t.deepEqual([old[0], current[0]], [1, 4]);
  t.equal(shm.unmapFile(old), true);
  t.ok(isDead(old) && current[0] === 4);
  t.equal(shm.unmapFile(old), false, 'it is unmapped already');
  t.equal(shm.unmapFile(current.subarray(1)), true);
  t.ok(isDead(current));
  t.end();
});

test('an array of other memory is refused, and says which call is meant', (t) => {
  const file = temporaryFile(t, Buffer.alloc(16));
  const mapped = shm.mapFile(file);
  const object = shm.create(4, 'Buffer', freshName());
  for (const [what, call, pattern] of [
    ['an ordinary array', () => shm.detach(new Int8Array(4)), /'key'.*not over memory that this thread has attached/],
    ['the same to destroy', () => shm.destroy(Buffer.from('abc')), /'key'/],
    ['a file', () => shm.destroy(mapped), /unmapFile/],
    ['memory where a file is wanted', () => shm.unmapFile(object), /'path'.*not over a file/],
    ['an ordinary array there', () => shm.unmapFile(new Int8Array(4)), /'path'/],
  ]) {
    const error = thrownBy(call);
    t.equal(`${error.name} ${error.code}`, 'TypeError ERR_INVALID_ARG_VALUE', what);
    t.match(error.message, pattern);
  }
  t.equal(mapped.length + object.length, 20, 'nothing was detached');
  shm.unmapFile(file);
  shm.destroy(object);
  t.end();
});
