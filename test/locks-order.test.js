'use strict';
// Locks by name: whatever takes a request out of the table, whoever is behind it gets what it can have by then.

const test = require('tape');
const { codeOf, withManager } = require('./managers');
const { skip } = require('./messages');
const { forkCode, nextMessage, shm } = require('./support');

/** A lock that is held until `release()`; `ended` is what its request gives. */
async function held(manager, options = {}) {
  const lock = {};
  await new Promise((resolve) => {
    lock.ended = codeOf(manager.request('a', options, (granted) => {
      lock.ownerDied = granted.ownerDied;
      return new Promise((release) => resolve((lock.release = release)));
    }));
  });
  return lock;
}

/** A process with a request for the lock. */
async function asker(key) {
  const child = forkCode(`
    new shm.LockManager('${key}').request('a', () => {});
    process.send('pending');
  `);
  await nextMessage(child);
  return child;
}

/** Requests that are pending for the lock, which somebody shares: how they go without having had it. */
const goings = {
  'is aborted': async (manager) => {
    const controller = new AbortController();
    const given = codeOf(manager.request('a', { signal: controller.signal }, () => {}));
    return () => {
      controller.abort();
      return given;
    };
  },
  'times out': async (manager) => {
    const given = codeOf(manager.request('a', { timeout: 100 }, () => {}));
    return () => given;
  },
  'is detached': async (_manager, key) => {
    const other = new shm.LockManager(key);
    const given = codeOf(other.request('a', () => {}));
    return () => {
      other.detach();
      return given;
    };
  },
  'has died': async (_manager, key) => {
    const child = await asker(key);
    return () => child.kill('SIGKILL');
  },
};

for (const [how, pendingBy] of Object.entries(goings)) {
  const isMissing = how === 'is aborted' && typeof AbortController === 'undefined' && 'no AbortController';
  test(`a shared request is granted when the exclusive one before it ${how}`, { skip: skip || isMissing }, (t) => withManager(async (manager, key) => {
    const first = await held(manager, { mode: 'shared' });
    const go = await pendingBy(manager, key);
    const next = manager.request('a', { mode: 'shared', timeout: 10000 }, () => 'beside the first');
    await go();
    t.equal(await next, 'beside the first');
    first.release();
    t.equal(await first.ended, 'fulfilled');
    t.deepEqual(await manager.query(), { held: [], pending: [] });
  }));
}

test('a thief that a full table has no room for breaks no lock', { skip }, (t) => withManager(async (manager) => {
  const first = await held(manager);
  const next = manager.request('a', { timeout: 10000 }, () => 'after the first');
  t.equal(await codeOf(manager.request('a', { steal: true }, () => t.fail('there is no room'))), 'ERR_SHM_FULL');
  first.release();
  t.equal(await first.ended, 'fulfilled');
  t.equal(await next, 'after the first');
}, { requests: 3 }));

for (const [how, options] of Object.entries({ 'is asked for': {}, 'is stolen': { steal: true } })) {
  test(`a lock whose dead holder is forgotten for want of room when it ${how} is held by one`, { skip }, (t) => withManager(async (manager, key) => {
    const dead = forkCode(`
      new shm.LockManager('${key}').request('a', () => { process.send('held'); return new Promise(() => {}); });
      setInterval(() => {}, 1000);
    `);
    await nextMessage(dead);
    const ended = new Promise((resolve) => dead.once('exit', resolve));
    dead.kill('SIGKILL');
    await ended;
    await manager.request('b', () => manager.request('c', async () => {
      const first = await held(manager, options); // in the room of the dead one
      t.equal(first.ownerDied, true);
      t.deepEqual((await manager.query()).held.map(({ name }) => name).sort(), ['a', 'b', 'c']);
      first.release();
      t.equal(await first.ended, 'fulfilled');
    }));
    t.deepEqual(await manager.query(), { held: [], pending: [] });
  }, { requests: 4 }));
}
