'use strict';
// Symbol.dispose: a using declaration detaches.

const test = require('tape');
const { canEmpty, freshKeys, isDead, shm } = require('./support');

/** @type {any} */
const dispose = Symbol.dispose;
const needsDispose = { skip: dispose === undefined && 'this runtime has no Symbol.dispose' };

function canUse() {
  try {
    return Boolean(new Function('{ using nothing = null; }'));
  } catch (_) {
    return false;
  }
}

const disposable = { disposable: true };

test('an array that was asked for with disposable can be disposed, which detaches its key', needsDispose, (t) => {
  for (const key of freshKeys()) {
    const get = () => shm.get(key, 'Int32Array', disposable) || shm.getOrCreate(10, 'Int32Array', key, disposable);
    for (const array of [shm.create(10, 'Int32Array', key, disposable), get()]) {
      t.deepEqual(Object.keys(array).filter((name) => !/^\d+$/.test(name)), []);
      t.notOk(Object.prototype.propertyIsEnumerable.call(array, dispose));
      array[dispose]();
      t.ok(isDead(array));
      t.equal(shm.detach(key), -1);
    }
    t.equal(shm.get(key) === null, typeof key === 'number', 'nothing but a detach');
    shm.destroy(key);
  }
  t.end();
});

test('no other array has anything to dispose of', needsDispose, (t) => {
  for (const key of freshKeys()) {
    for (const array of [shm.create(10, 'Int32Array', key), shm.get(key, 'Int32Array')]) {
      t.equal(array[dispose], undefined);
      t.deepEqual(Reflect.ownKeys(array).filter((name) => !/^\d+$/.test(String(name))), typeof key === 'number' ? ['key'] : []);
    }
    shm.destroy(key);
  }
  t.end();
});

test('disposing of an array that is detached already leaves a later attachment alone', { skip: needsDispose.skip || (!canEmpty && 'this runtime cannot tell that it is detached') }, (t) => {
  for (const key of freshKeys()) {
    const old = shm.create(10, 'Buffer', key, disposable);
    shm.destroy(key);
    const now = shm.create(10, 'Buffer', key);
    old[dispose]();
    now[0] = 7;
    t.equal(now[0], 7);
    t.equal(shm.destroy(key), true);
  }
  t.end();
});

test('an array of no elements is attached memory, too', needsDispose, (t) => {
  for (const key of freshKeys()) {
    shm.create(3, 'Buffer', key);
    const array = shm.get(key, 'Int32Array', disposable);
    t.equal(array.length, 0);
    array[dispose]();
    t.equal(shm.getTotalSize(), 0);
    shm.destroy(key);
  }
  t.end();
});

test('using detaches at the end of its block', { skip: !canUse() && 'this runtime has no using declarations' }, (t) => {
  const [key, name] = freshKeys();
  const inside = new Function('shm', 'key', 'name', `
    using segment = shm.create(10, 'Buffer', key, { disposable: true });
    using object = shm.create(10, 'Buffer', name, { disposable: true });
    return shm.getTotalSize();`);
  t.equal(inside(shm, key, name), 28);
  t.equal(shm.getTotalSize(), 0);
  t.equal(shm.stat(key), null);
  shm.destroy(name);
  t.end();
});
