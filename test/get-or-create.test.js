'use strict';
// getOrCreate: whoever comes first creates, everybody gets the same.

const test = require('tape');
const { freshKey, freshKeys, freshName, runCode, shm, thrownBy } = require('./support');

test('getOrCreate creates what is not there and gets what is', (t) => {
  for (const key of freshKeys()) {
    const first = shm.getOrCreate(10, 'Int32Array', key);
    t.equal(first.constructor, Int32Array);
    t.equal(first.length, 10);
    t.equal(first.key, typeof key === 'number' ? key : undefined);
    first[9] = 7;
    const again = shm.getOrCreate(10, 'Int32Array', key, '600');
    t.equal(again[9], 7);
    t.equal(shm.getTotalSize(), typeof key === 'string' ? 48 : 40);
    t.equal(shm.getOrCreate(4, 'Int16Array', key).length, 4, 'of something larger, the length asked for');
    shm.destroy(key);
  }
  t.end();
});

test('getOrCreate refuses what is too small, and attaches nothing', (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(10, 'Buffer', key);
    const error = thrownBy(() => shm.getOrCreate(2, 'Float64Array', key));
    t.equal(error.code, 'ERR_SHM_SIZE');
    t.equal(error.key, key);
    t.match(error.message, /exists and has 10 bytes, fewer than the 16 asked for/);
    if (typeof key === 'string') {
      shm.detach(key);
      t.equal(thrownBy(() => shm.getOrCreate(11, 'Buffer', key)).code, 'ERR_SHM_SIZE');
      t.equal(shm.getTotalSize(), 0);
    } else t.equal(array.length, 10);
    shm.destroy(key);
  }
  t.end();
});

test('getOrCreate takes the options of create, and wants a key', (t) => {
  const name = freshName();
  t.equal(shm.getOrCreate(10, undefined, name, { raw: true, reserve: false, perm: '600' }).length, 10);
  t.equal(shm.getTotalSize(), 10);
  shm.destroy(name);
  for (const key of [undefined, null]) {
    const error = thrownBy(() => shm.getOrCreate(10, 'Buffer', key));
    t.equal(error.code, 'ERR_INVALID_ARG_TYPE');
  }
  t.throws(() => shm.getOrCreate(0, 'Buffer', freshKey()), RangeError);
  t.end();
});

test('of racing processes one creates, in every round, and all share', (t) => {
  const processes = 3;
  const rounds = 20;
  const keys = [].concat(...Array.from({ length: rounds }, freshKeys));
  const gate = freshName();
  const round = shm.create(processes, 'Int32Array', gate);
  // Everybody waits until all are there, then all ask for the key at once. Each writes to an
  // element of its own, so no atomics are needed, which old runtimes have not for these arrays.
  const code = (own) => `
    const gate = shm.get('${gate}', 'Int32Array');
    const meet = () => {
      gate[${own}]++;
      while (!gate.every((round) => round >= gate[${own}]));
    };
    let created = 0;
    for (const key of ${JSON.stringify(keys)}) {
      meet();
      const before = shm.getTotalCreatedSize();
      const array = shm.getOrCreate(1000, 'Int32Array', key);
      created += shm.getTotalCreatedSize() > before;
      array[${own}] = 7;
      meet();
      if (!array.subarray(0, ${processes}).every((element) => element === 7)) throw new Error('not shared');
    }
    console.log('created', created);
    meet();`;
  const racers = Array.from({ length: processes }, (_, own) => runCode(code(own)));
  return Promise.all(racers).then((results) => {
    const created = results.map(({ code: exit, stdout, stderr }) => {
      t.equal(exit, 0, stderr);
      return Number((/created (\d+)/.exec(stdout) || [])[1]);
    });
    t.equal(created.reduce((sum, one) => sum + one), keys.length, `created by each: ${created}`);
    t.equal(round[0], 2 * keys.length + 1);
    keys.concat(gate).forEach((key) => shm.destroy(key));
  });
});

test('getOrCreate and destroy at the same time: always an array, never an error', (t) => {
  const keys = freshKeys();
  const code = `
    const keys = ${JSON.stringify(keys)};
    let arrays = 0;
    for (let round = 0; round < 2000; round++) {
      for (const key of keys) {
        if (shm.getOrCreate(100, 'Buffer', key).length === 100) arrays++;
        shm.detach(key, round % 3 === 0);
      }
    }
    console.log(arrays);`;
  return Promise.all([runCode(code), runCode(code), runCode(code)]).then((results) => {
    for (const { stdout, stderr } of results) t.match(stdout, /^4000\n/, stderr);
    keys.forEach((key) => shm.destroy(key));
  });
});
