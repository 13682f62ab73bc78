'use strict';
// isCurrent: whether a key still leads to the memory that was attached by it.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { freshKey, freshName, isLinux, runCode, shm, temporaryFolder, thrownBy } = require('./support');

/** Ends what a key leads to, from another process, and makes it anew there if `again`. */
function remove(key, again) {
  const create = again ? `shm.create(10, 'Buffer', ${JSON.stringify(key)});` : '';
  return runCode(`shm.destroy(${JSON.stringify(key)}); ${create} process.kill(process.pid, 'SIGKILL');`);
}

test('an array is current as long as its key leads to its memory', { skip: !isLinux && 'macOS tells no object from another one of its name' }, async (t) => {
  for (const key of [freshKey(), freshName()]) {
    const array = shm.create(10, 'Buffer', key);
    t.equal(shm.isCurrent(array), true, String(key));
    t.equal(shm.isCurrent(array.subarray(3, 7)), true, 'and so is a part of it');
    t.equal(shm.isCurrent(new Uint16Array(array.buffer, array.byteOffset, 2)), true);
    await remove(key, true);
    t.equal(shm.isCurrent(array), false, 'another one has its key');
    const next = shm.get(key);
    t.deepEqual([shm.isCurrent(array), shm.isCurrent(next)], [false, true], 'both are attached');
    await remove(key, false);
    t.equal(shm.isCurrent(next), false, 'nothing has its key');
    shm.detach(key);
    t.equal(shm.isCurrent(next), false, 'detached');
  }
});

test('a copy and a shared view are current as well', (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name);
  const views = [shm.get(name, 'Buffer', { copyOnWrite: true }), shm.get(name, 'Buffer', { shared: true })];
  t.deepEqual(views.map((view) => shm.isCurrent(view)), [true, true]);
  if (isLinux) fs.unlinkSync(`/dev/shm${name}`);
  else shm.destroy(name);
  t.deepEqual(views.map((view) => shm.isCurrent(view)), [false, false]);
  shm.detach(name);
  t.deepEqual(views.map((view) => shm.isCurrent(view)), [false, false]);
  t.end();
});

test('a mapped file is current until another one has its path', (t) => {
  const file = path.join(temporaryFolder(), 'current');
  fs.writeFileSync(file, 'one');
  const bytes = shm.mapFile(file);
  t.equal(shm.isCurrent(bytes), true);
  fs.writeFileSync(`${file}.new`, 'two');
  fs.renameSync(`${file}.new`, file);
  t.equal(shm.isCurrent(bytes), false);
  t.equal(shm.isCurrent(shm.mapFile(file)), true);
  shm.unmapFile(file);
  t.end();
});

test('what is no attached memory is refused', (t) => {
  for (const wrong of [undefined, null, 1, '/name', {}, new ArrayBuffer(8)]) {
    t.equal(thrownBy(() => shm.isCurrent(wrong)).code, 'ERR_INVALID_ARG_TYPE');
  }
  t.equal(thrownBy(() => shm.isCurrent(new Uint8Array(8))).code, 'ERR_INVALID_ARG_VALUE');
  t.end();
});
