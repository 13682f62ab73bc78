'use strict';
// The published 0.1.1 and this package share memory, both ways, byte for byte.

const { spawnSync } = require('child_process');
const test = require('tape');
const { published } = require('../../bench/contestants');
const { execArgv, execPath, freshKeys, isBun, isDeno, shm } = require('../support');

const other = isBun || isDeno ? { reason: 'it needs Node.js' } : published();
const needsPublished = { skip: other.reason };
const types = ['Buffer', 'Int8Array', 'Uint16Array', 'Int32Array', 'Float32Array', 'Float64Array'];

/** Runs code with 0.1.1 in scope as `old`, and returns what it returns. */
function runOld(code) {
  // A normal exit would destroy the segments that nobody else has attached yet.
  const program = `
    const old = require(${JSON.stringify(other.folder)});
    const result = (() => {${code}})();
    require('fs').writeSync(1, JSON.stringify(result));
    process.kill(process.pid, 'SIGKILL');`;
  const ended = spawnSync(execPath, execArgv.concat('-e', program), { encoding: 'utf8' });
  if (ended.stdout === '') throw new Error(ended.stderr || `ended with ${ended.signal || ended.status}`);
  return JSON.parse(ended.stdout);
}

test('0.1.1 gets what this package has created', needsPublished, (t) => {
  for (const type of types) {
    for (const key of freshKeys()) {
      const array = shm.create(999, type, key);
      array.forEach((_, index) => (array[index] = index % 100));
      const found = runOld(`
        const array = old.get(${JSON.stringify(key)}, '${type}');
        const found = Array.from(array);
        array[998] = 77;
        return { found, sizes: [old.getTotalSize()] };`);
      t.deepEqual(found.found, Array.from({ length: 999 }, (_, index) => index % 100), `${type} ${key}`);
      t.deepEqual(found.sizes, [shm.getTotalSize()], 'both count the same bytes');
      t.equal(array[998], 77);
      shm.destroy(key);
    }
  }
  t.end();
});

test('this package gets what 0.1.1 has created', needsPublished, (t) => {
  for (const type of types) {
    for (const key of freshKeys()) {
      const sizes = runOld(`
        const array = old.create(999, '${type}', ${JSON.stringify(key)});
        for (let index = 0; index < array.length; index++) array[index] = index % 100;
        return [old.getTotalSize(), old.getTotalCreatedSize()];`);
      const array = shm.get(key, type);
      t.deepEqual(Array.from(array), Array.from({ length: 999 }, (_, index) => index % 100), `${type} ${key}`);
      t.deepEqual(sizes, [shm.getTotalSize(), shm.getTotalSize()], 'both count the same bytes');
      shm.destroy(key);
    }
  }
  t.end();
});

test('a key that one of them has taken is taken for the other', needsPublished, (t) => {
  for (const key of freshKeys()) {
    shm.create(10, 'Buffer', key);
    t.equal(runOld(`return old.create(10, 'Buffer', ${JSON.stringify(key)});`), null);
    shm.destroy(key);
    runOld(`return old.create(10, 'Buffer', ${JSON.stringify(key)}).length;`);
    t.equal(shm.create(10, 'Buffer', key), null);
    shm.destroy(key);
  }
  t.end();
});
