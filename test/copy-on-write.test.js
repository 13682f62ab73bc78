'use strict';
// The option copyOnWrite: a private view of memory.

const fs = require('fs');
const test = require('tape');
const { freshKey, freshKeys, freshName, isDead, isLinux, runCode, shm } = require('./support');

const linuxOnly = { skip: !isLinux && 'reads /dev/shm' };

test('copyOnWrite: reads the memory, and keeps what it writes to itself', (t) => {
  for (const key of freshKeys()) {
    const ours = shm.create(10000, 'Buffer', key);
    ours.fill(7);
    const copy = shm.get(key, 'Buffer', { copyOnWrite: true });
    t.equal(copy.length, 10000);
    t.ok(copy.every((element) => element === 7));
    copy.fill(8);
    t.ok(ours.every((element) => element === 7));
    ours[9999] = 9;
    t.equal(copy[9999], 8, 'a page that was written has parted for good');
    const again = shm.get(key, 'Buffer', { copyOnWrite: true, offset: 9999 });
    t.equal(again[0], 8, 'one private mapping for all such views of this thread');
    t.equal(shm.get(key)[9999], 9);
    t.equal(shm.getTotalSize(), 2 * (typeof key === 'string' ? 10008 : 10000));
    t.equal(shm.destroy(key), true);
    t.ok([ours, copy, again].every(isDead));
    t.equal(shm.getTotalSize(), 0);
  }
  t.end();
});

test('copyOnWrite and raw go together', linuxOnly, (t) => {
  const name = freshName();
  fs.writeFileSync(`/dev/shm${name}`, 'hello');
  const copy = shm.get(name, 'Buffer', { raw: true, copyOnWrite: true, populate: true });
  copy.write('jelly');
  t.equal(copy.toString(), 'jelly');
  t.equal(fs.readFileSync(`/dev/shm${name}`, 'latin1'), 'hello');
  shm.destroy(name);
  t.end();
});

test('the private copy of a segment is no attach, and its end destroys nothing', (t) => {
  const key = freshKey();
  const ours = shm.create(10, 'Buffer', key);
  const code = `
    shm.get(${key}, 'Buffer', { copyOnWrite: true })[0] = 1;
    console.log(shm.detach(${key}), shm.detach(${key}), shm.get(${key}).length, shm.detach(${key}));`;
  return runCode(code).then(({ stdout, stderr }) => {
    t.equal(stdout, '1 -1 10 1\n', stderr);
    t.equal(ours[0], 0);
    t.equal(shm.detach(key), 0);
  });
});

test('looking at a segment that nobody has attached, by copy on write, does not destroy it', (t) => {
  const key = freshKey();
  return runCode(`shm.create(10, 'Buffer', ${key})[0] = 7; process.kill(process.pid, 'SIGKILL');`).then(() => {
    t.equal(shm.stat(key).attaches, 0);
    t.equal(shm.get(key, 'Buffer', { copyOnWrite: true })[0], 7);
    t.equal(shm.detach(key), 1);
    t.ok(shm.stat(key), 'it is still there');
    t.equal(shm.destroy(key), true);
  });
});

test('copyOnWrite needs only the permission to read', { skip: typeof process.setuid !== 'function' && 'no setuid' }, (t) => {
  const keys = freshKeys();
  const umask = process.umask(0);
  keys.forEach((key) => (shm.create(10, 'Buffer', key, process.getuid() === 0 ? '644' : '444')[0] = 7));
  process.umask(umask);
  const code = `
    if (process.getuid() === 0) process.setuid(65534);
    for (const key of ${JSON.stringify(keys)}) {
      try { shm.get(key); console.log('writable'); } catch (error) { console.log(error.code); }
      const copy = shm.get(key, 'Buffer', { copyOnWrite: true });
      copy[1] = 8;
      console.log(copy[0] + copy[1], shm.detach(key));
    }`;
  return runCode(code).then(({ stdout, stderr }) => {
    t.equal(stdout, 'EACCES\n15 1\nEACCES\n15 1\n', stderr);
    keys.forEach((key) => t.equal(shm.get(key)[1], 0));
    keys.forEach((key) => shm.destroy(key));
  });
});
