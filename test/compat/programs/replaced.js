'use strict';
// Programs that replace the calls: a stub in place of one, a wrapper around one, a fake module, a check that a call is there

const shm = require('shm-typed-array');

const key = +process.env.SHM_KEY;
const original = shm.create;
const calls = [];
shm.create = (...args) => {
  calls.push(args.slice(0, 2));
  return original.apply(shm, args);
};
const array = shm.create(10, 'Int8Array', key);
shm.create = original;
console.log(calls, array.length, typeof shm.create, shm.create.name);
const stub = Object.assign({}, shm, { get: () => null });
console.log(stub.get(key), typeof shm.get, typeof stub.detach);
for (const call of ['create', 'get', 'detach', 'destroy', 'detachAll', 'getTotalSize', 'getTotalCreatedSize', 'createPosix', 'getPosix', 'detachPosix']) {
  const { writable, configurable, enumerable } = Object.getOwnPropertyDescriptor(shm, call);
  console.log(call, typeof shm[call], writable, configurable, enumerable);
}
shm.added = 1;
console.log('added' in shm, delete shm.added, require('shm-typed-array') === shm, Object.isFrozen(shm.BufferType));
let fallback = null;
try {
  fallback = require('shm-typed-array');
} catch (_) {}
console.log(fallback && fallback.detach(key));
