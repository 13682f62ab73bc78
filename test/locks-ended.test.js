'use strict';
// Locks by name when a call fails half-way, or is ended by force, and others of its thread wait: they are in nobody's way
// and come to their end. What is left of it goes by itself.

const test = require('tape');
const layout = require('../lib/locks/layout');
const clock = require('../lib/runtime/clock');
const owners = require('../lib/runtime/owner');
const waiting = require('../lib/wait');
const { withManager } = require('./managers');
const { skip } = require('./messages');
const { freshName, runCode, shm } = require('./support');

const codeOf = (promise) => promise.then(() => 'fulfilled', (error) => error.code || error.message);

/** What a promise comes to, 'pending' if that takes longer than anything should. */
async function soon(promise) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, 5000, 'pending')));
  const result = await Promise.race([promise, late]);
  clearTimeout(timer);
  return result;
}

/** What `act()` returns while somebody else has the mutex of a manager. */
function whileBusy(words, act) {
  const { isAlive } = owners;
  owners.isAlive = () => true;
  words[layout.MUTEX] = 1;
  try {
    return act();
  } finally {
    words[layout.MUTEX] = 0;
    owners.isAlive = isAlive;
  }
}

test('a request for which there is no timer does not have others wait for ever', { skip }, (t) => withManager(async (manager, key, words) => {
  const { setTimeout: later } = clock;
  const failing = whileBusy(words, () => {
    clock.setTimeout = (callback, delay) => {
      if (delay === 1) throw new RangeError('no stack'); // the guard's
      return later(callback, delay);
    };
    const asked = codeOf(manager.request('a', () => {}));
    clock.setTimeout = later;
    return asked;
  });
  t.equal(await failing, 'no stack');
  const second = whileBusy(words, () => codeOf(manager.request('a', () => {})));
  t.equal(await soon(second), 'fulfilled');
  t.deepEqual(await manager.query(), { held: [], pending: [] });
}));

test('a signal that throws when its listener is taken back has its request granted, and no other one fail', { skip }, async (t) => {
  const { stdout, stderr } = await runCode(`
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const manager = new shm.LockManager('${freshName()}', { transient: true });
    const signal = () => ({ aborted: false, addEventListener() {}, removeEventListener() { throw new Error('thrown'); } });
    (async () => {
      let release;
      const held = manager.request('a', () => new Promise((resolve) => (release = resolve)));
      const asked = ['a', 'a', 'b'].map((name) => manager.request(name, { signal: signal() }, () => 'granted'));
      asked.push(manager.request('a', () => 'granted'));
      setTimeout(() => release('released'), 10);
      console.log(JSON.stringify([await held, await Promise.all(asked.map((promise) => promise.catch((error) => error.message)))]));
      console.log(JSON.stringify(await manager.query()));
      manager.detach();
    })();
  `, { timeout: 20000 });
  t.deepEqual(stdout.split('\n').sort(), [
    '', '["released",["granted","granted","granted","granted"]]', 'uncaught thrown', 'uncaught thrown', 'uncaught thrown', '{"held":[],"pending":[]}',
  ], stderr);
});

test('a manager that is detached leaves no wait in the kernel', { skip }, (t) => withManager(async (manager, key) => {
  let release;
  const held = manager.request('a', () => new Promise((resolve) => (release = resolve)));
  const { begin } = waiting;
  const waits = [];
  waiting.begin = (...args) => {
    const wait = begin(...args);
    waits.push(wait.ended);
    return wait;
  };
  for (let i = 0; i < 3; i++) {
    const other = new shm.LockManager(key);
    const asked = codeOf(other.request('a', () => {}));
    other.detach();
    t.equal(await asked, 'ERR_SHM_DETACHED');
  }
  waiting.begin = begin;
  t.deepEqual(await soon(Promise.all(waits)), Array(3).fill('timed-out'));
  release();
  t.equal(await codeOf(held), 'fulfilled');
}, { requests: 8 }));
