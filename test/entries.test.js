'use strict';
// The ways in: CommonJS, ES modules, the old path, and everything that 0.1.1 exported.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { nodeMajor, projectFolder, runScript, shm, temporaryFolder } = require('./support');

const root = path.join(__dirname, '..');

test('everything that 0.1.1 exported is there, of the same kind', (t) => {
  const functions = 'create createPosix get getPosix detach detachPosix destroy detachAll getTotalSize getTotalCreatedSize';
  functions.split(' ').forEach((name) => t.equal(typeof shm[name], 'function', name));
  t.equal(typeof shm.LengthMax, 'number');
  const numbers = {
    Buffer: 0, Int8Array: 1, Uint8Array: 2, Uint8ClampedArray: 3, Int16Array: 4, Uint16Array: 5,
    Int32Array: 6, Uint32Array: 7, Float32Array: 8, Float64Array: 9,
  };
  for (const typeKey of Object.keys(numbers)) t.equal(shm.BufferType[typeKey], numbers[typeKey], typeKey);
  t.end();
});

test('BufferType has the types of this runtime, and SHMBT_* are its numbers', (t) => {
  const later = { BigInt64Array: 10, BigUint64Array: 11, Float16Array: 12 };
  for (const typeKey of Object.keys(later)) {
    t.equal(shm.BufferType[typeKey], typeof global[typeKey] === 'function' ? later[typeKey] : undefined, typeKey);
  }
  const constants = {
    SHMBT_BUFFER: 'Buffer', SHMBT_INT8: 'Int8Array', SHMBT_UINT8: 'Uint8Array', SHMBT_UINT8CLAMPED: 'Uint8ClampedArray',
    SHMBT_INT16: 'Int16Array', SHMBT_UINT16: 'Uint16Array', SHMBT_INT32: 'Int32Array', SHMBT_UINT32: 'Uint32Array',
    SHMBT_FLOAT32: 'Float32Array', SHMBT_FLOAT64: 'Float64Array', SHMBT_BIGINT64: 'BigInt64Array',
    SHMBT_BIGUINT64: 'BigUint64Array', SHMBT_FLOAT16: 'Float16Array',
  };
  for (const name of Object.keys(constants)) t.equal(shm[name], shm.BufferType[constants[name]], name);
  t.end();
});

test('the entry of 0.1.x is the same module', (t) => {
  t.equal(require('../index.js'), shm);
  t.end();
});

test('the package resolves by its name, and tells its version', { skip: nodeMajor < 13 && 'a package cannot name itself before Node 13' }, (t) => {
  t.equal(require('shm-typed-array'), shm);
  t.equal(require('shm-typed-array/index.js'), shm);
  t.ok(require('shm-typed-array/package.json').version);
  t.end();
});

test('the ES module exports all names of the CommonJS module', { skip: nodeMajor < 14 && 'Node 14 is the first with ES modules' }, async (t) => {
  const file = path.join(temporaryFolder(), 'entry.mjs');
  const entry = JSON.stringify(path.join(root, 'lib', 'index.mjs'));
  fs.writeFileSync(file, `import shm, * as names from ${entry};
    import { create, destroy } from ${entry};
    const array = create(10, 'Float64Array');
    console.log(array.length, destroy(array.key), names.create === shm.create);
    console.log(JSON.stringify(Object.keys(names)));
  `);
  const { stdout, stderr } = await runScript(file);
  const [first, second] = stdout.split('\n');
  t.equal(first, '10 true true');
  t.equal(stderr, '');
  const known = 'SHMBT_BIGINT64 SHMBT_BIGUINT64 SHMBT_FLOAT16'.split(' ');
  t.deepEqual(JSON.parse(second).filter((name) => !known.includes(name)).sort(),
    Object.keys(shm).concat('default').filter((name) => !known.includes(name)).sort());
  t.end();
});

test('loading is silent and leaves no trace', async (t) => {
  const file = path.join(temporaryFolder(), 'silent.js');
  fs.writeFileSync(file, `
    const before = process.listenerCount('exit');
    const shm = require(${JSON.stringify(root)});
    if (process.listenerCount('exit') !== before) console.log('an exit listener, with nothing to do');
    for (let i = 0; i < 2; i++) shm.detach(shm.create(10).key);
    if (process.listenerCount('exit') - before !== 1) console.log('not one exit listener');
    if (shm.getTotalSize() !== 0) console.log('something is attached');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) if (process.listenerCount(signal)) console.log(signal);
  `);
  const { stdout, stderr, code } = await runScript(file);
  t.equal(stdout + stderr, '');
  t.equal(code, 0);
  t.end();
});

const shown = `[Master] Typeof buf: Buffer Typeof arr: Float32Array
[Worker] Typeof buf: Buffer Typeof arr: Float32Array
0 [Master] Set buf[0]= 2  arr[0]= 5
0 [Worker] Get buf[0]= 2  arr[0]= 5
1 [Master] Set buf[0]= 3  arr[0]= 2.5
1 [Worker] Get buf[0]= 3  arr[0]= 2.5
2 [Master] Set buf[0]= 4  arr[0]= 1.25
2 [Worker] Get buf[0]= 4  arr[0]= null
3 [Master] Set buf[0]= 5  arr[0]= 0.625
3 [Worker] Get buf[0]= 5  arr[0]= null
4 [Master] Set buf[0]= 6  arr[0]= 0.3125
`;

const before = 'Two processes share a Buffer and 100 million floats.\n';
const after = 'The worker shows null where it has detached arr: an array is empty from then on.\n';

test('the example prints what the README shows, with keys of both kinds', {
  skip: process.env.SHM_TEST_EXEC !== undefined && 'cluster starts the executable itself, without its wrapper',
}, async (t) => {
  const file = path.join(root, 'examples', 'cluster.js');
  // Node 10 does not resolve a package's own name.
  const env = Object.assign({}, process.env, { NODE_PATH: path.join(projectFolder(), 'node_modules') });
  const [segments, objects] = await Promise.all([runScript(file, [], { env }), runScript(file, ['posix'], { env })]);
  t.equal(segments.stdout, `${before}${shown}shm segments destroyed: 2\n${after}`);
  t.equal(objects.stdout, before + shown + after);
  t.equal(segments.stderr + objects.stderr, '');
  t.end();
});
