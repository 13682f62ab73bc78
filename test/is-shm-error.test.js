'use strict';
// isShmError tells this package's errors from others.

const { constants } = require('os');
const test = require('tape');
const vm = require('vm');
const { freshKey, freshName, isLinux, nodeMajor, shm, thrownBy } = require('./support');

test('errors of every kind are told, and told by their code', (t) => {
  const small = freshName();
  const calls = {
    ERR_INVALID_ARG_TYPE: () => shm.create('1'),
    ERR_OUT_OF_RANGE: () => shm.create(0),
    ERR_INVALID_ARG_VALUE: () => shm.create(1, 'NoSuchType'),
    ERR_SHM_SIZE: () => shm.getOrCreate(100, 'Buffer', small),
  };
  shm.create(1, 'Buffer', small);
  for (const code of Object.keys(calls)) {
    const error = thrownBy(calls[code]);
    t.equal(error.code, code);
    t.equal(shm.isShmError(error), true);
    t.equal(shm.isShmError(error, code), true);
    t.equal(shm.isShmError(error, 'ENOSPC'), false);
  }
  shm.detachAll();
  t.end();
});

test('errors of the system are told', { skip: !isLinux && 'makes the error with a file system' }, (t) => {
  const error = thrownBy(() => shm.mapFile('/'));
  t.equal(error.code, 'EISDIR');
  t.deepEqual([shm.isShmError(error), shm.isShmError(error, 'EISDIR'), shm.isShmError(error, 'EACCES')], [true, true, false]);
  t.end();
});

test('what this package refuses in the place of the system is told as an error of the system', (t) => {
  const key = freshKey();
  shm.create(8, 'Buffer', key);
  const calls = { ENOTSUP: () => shm.get(key, 'Buffer', { readOnly: true }) };
  if (nodeMajor >= 16) calls.ENOENT = () => new shm.SharedMap(freshName(), { readOnly: true });
  for (const code of Object.keys(calls)) {
    const error = thrownBy(calls[code]);
    t.ok(shm.isShmError(error) && shm.isShmError(error, code), code);
    t.deepEqual([error.errno, typeof error.syscall, error.message.startsWith(`${code}: `)], [-constants.errno[code], 'string', true]);
  }
  shm.destroy(key);
  t.end();
});

test('an error of another realm counts', (t) => {
  const foreign = vm.runInNewContext("Object.assign(new Error('x'), { code: 'ERR_SHM_CLOSED' })");
  t.equal(shm.isShmError(foreign, 'ERR_SHM_CLOSED'), true);
  t.end();
});

test('whatever else was caught is none', (t) => {
  const others = [undefined, null, 0, '', 'ENOSPC', Symbol('x'), {}, [], () => 1, new Error('x'), Object.assign(new Error('x'), { code: 5 }), Object.assign(new Error('x'), { code: 'ERR_ASSERTION' })];
  for (const other of others) {
    t.equal(shm.isShmError(other), false);
    t.equal(shm.isShmError(other, 'ENOSPC'), false);
  }
  t.end();
});
