'use strict';
// create: the array, the key, null for a key that is taken, permissions.

const fs = require('fs');
const test = require('tape');
const { freshKey, freshKeys, freshName, isLinux, shm, track } = require('./support');

test('create returns the very class, of the length asked for, all zero', (t) => {
  for (const typeKey of Object.keys(shm.BufferType)) {
    for (const key of freshKeys()) {
      const array = shm.create(3333, typeKey, key);
      t.equal(array.constructor, global[typeKey], `${typeKey} under ${key}`);
      t.equal(array.length, 3333);
      t.equal(Buffer.isBuffer(array), typeKey === 'Buffer');
      t.ok(array.every((element) => Number(element) === 0), 'all zero');
      shm.destroy(key);
    }
  }
  t.end();
});

test('create makes a Buffer and needs no key', (t) => {
  const first = shm.create(10);
  const second = shm.create(10, undefined, null);
  t.ok(Buffer.isBuffer(first) && Buffer.isBuffer(second));
  for (const array of [first, second]) {
    track(array.key);
    t.ok(Number.isInteger(array.key) && array.key >= 1 && array.key <= 2 ** 32 - 2, `key ${array.key}`);
    t.equal(shm.destroy(array.key), true);
  }
  t.notEqual(first.key, second.key);
  t.end();
});

test('a segment tells its key, an object does not', (t) => {
  const [number, name] = freshKeys();
  t.equal(shm.create(10, 'Int8Array', number).key, number);
  t.equal(shm.get(number).key, number);
  t.equal(shm.create(10, 'Int8Array', name).key, undefined);
  t.equal(shm.get(name).key, undefined);
  t.notOk('key' in shm.get(name));
  shm.destroy(number);
  shm.destroy(name);
  t.end();
});

test('keys are the 32 bits of key_t', { skip: !isLinux && '/proc/sysvipc is Linux' }, (t) => {
  const key = track(2 ** 32 - 2 - Math.floor(Math.random() * 2 ** 30));
  shm.create(10, 'Buffer', key);
  const lines = fs.readFileSync('/proc/sysvipc/shm', 'utf8').split('\n');
  t.ok(lines.some((line) => Number(line.trim().split(/\s+/)[0]) === (key | 0)), `${key | 0} is listed`);
  shm.destroy(key);
  t.end();
});

test('create returns null for a key that is taken, and changes nothing', (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(100, 'Uint8Array', key);
    array.fill(7);
    const before = [shm.getTotalSize(), shm.getTotalCreatedSize()];
    t.equal(shm.create(1, 'Float64Array', key), null, `${key}`);
    t.equal(shm.create(10 ** 6, 'Float64Array', key), null);
    t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], before);
    t.ok(array.every((element) => element === 7));
    shm.detach(key);
    t.equal(shm.create(1, 'Buffer', key) === null, typeof key === 'string', 'an object outlives its detach');
    shm.destroy(key);
  }
  t.end();
});

test('a missing slash is added to a name', (t) => {
  const name = freshName();
  const array = shm.create(10, 'Buffer', name.slice(1));
  array[0] = 7;
  t.equal(shm.get(name)[0], 7);
  t.equal(shm.create(10, 'Buffer', name), null);
  t.equal(shm.destroy(name.slice(1)), true);
  t.end();
});

test('names may hold what files may: spaces, dots, umlauts, 255 bytes', { skip: !isLinux && 'macOS allows 31 bytes' }, (t) => {
  for (const end of ['a b', '.hidden', 'ünïcödé', '…', '\\', '\n', '🎈']) {
    const name = track(`${freshName()}${end}`);
    t.equal(shm.create(1, 'Buffer', name).length, 1, JSON.stringify(end));
    t.equal(shm.destroy(name), true);
  }
  const longest = track(freshName().padEnd(256, 'x'));
  t.equal(shm.create(1, 'Buffer', longest).length, 1, 'a slash and 255 bytes');
  t.equal(shm.destroy(longest), true);
  t.end();
});

test('permissions are octal digits, a string or a number', (t) => {
  const umask = process.umask(0);
  const cases = [[undefined, 0o660], [null, 0o660], ['660', 0o660], [660, 0o660], ['600', 0o600], [644, 0o644], ['0640', 0o640], ['777', 0o777], ['0', 0]];
  for (const [perm, mode] of cases) {
    const [number, name] = freshKeys();
    shm.create(10, 'Buffer', number, perm);
    shm.create(10, 'Buffer', name, perm);
    if (isLinux) {
      t.equal(fs.statSync(`/dev/shm${name}`).mode & 0o777, mode, `object, ${perm}`);
      t.equal(segmentMode(number), mode, `segment, ${perm}`);
    }
    shm.destroy(number);
    shm.destroy(name);
  }
  process.umask(umask);
  t.end();
});

test('the umask applies to objects as it does to files', { skip: !isLinux && 'reads /dev/shm' }, (t) => {
  const [number, name] = freshKeys();
  const umask = process.umask(0o027);
  shm.create(10, 'Buffer', number, '666');
  shm.create(10, 'Buffer', name, '666');
  process.umask(umask);
  t.equal(fs.statSync(`/dev/shm${name}`).mode & 0o777, 0o640);
  t.equal(segmentMode(number), 0o666, 'System V knows no umask');
  shm.destroy(number);
  shm.destroy(name);
  t.end();
});

function segmentMode(key) {
  const lines = fs.readFileSync('/proc/sysvipc/shm', 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  return parseInt(lines.find((fields) => Number(fields[0]) === (key | 0))[2], 8) & 0o777;
}

test('createPosix takes the name first', (t) => {
  const name = freshName();
  const array = shm.createPosix(name, 10, 'Int16Array', '600');
  t.equal(array.constructor, Int16Array);
  t.equal(array.length, 10);
  t.equal(shm.createPosix(name, 10), null);
  t.equal(shm.getPosix(name, 'Int16Array').length, 10);
  t.equal(shm.detachPosix(name), 1);
  t.equal(shm.detachPosix(name, true), 0);
  t.equal(shm.getPosix(name), null);
  t.end();
});

test('a segment is as large as asked for, whatever the page size', (t) => {
  for (const count of [1, 2, 4095, 4096, 4097, 3333333]) {
    const key = freshKey();
    t.equal(shm.create(count, 'Buffer', key).length, count);
    t.equal(shm.get(key).length, count);
    t.equal(shm.getTotalSize(), count);
    shm.destroy(key);
  }
  t.end();
});
