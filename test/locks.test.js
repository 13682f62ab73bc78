'use strict';
// Locks by name: what the Web Locks specification asks for, within a thread and between processes.

const test = require('tape');
const { withManager } = require('./managers');
const { skip } = require('./messages');
const { forkCode, freshName, nextMessage, runCode, shm, thrownBy, until } = require('./support');
const { hasWorkers } = require('./waiting');

/** A promise, and what settles it. */
function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

const outcome = (promise) => promise.then((value) => ['fulfilled', value], (error) => ['rejected', error.code || error.name]);

/** A process that holds a lock until it gets a message. */
async function holder(key, name, options) {
  const child = forkCode(`
    const manager = new shm.LockManager('${key}');
    let release;
    manager.request('${name}', ${JSON.stringify(options || {})}, (lock) => {
      process.send({ held: lock.ownerDied });
      return new Promise((resolve) => (release = resolve));
    }).then(() => process.send('released'), (error) => process.send(error.name));
    process.on('message', () => release());
    setInterval(() => {}, 1000);
  `);
  return child;
}

const namesOf = async (manager) => {
  const { held, pending } = await manager.query();
  return { held: held.map(({ name }) => name), pending: pending.map(({ name }) => name) };
};

test('a request calls back with its lock, and gives what that returns', { skip }, (t) => withManager(async (manager) => {
  const value = await manager.request('a', (lock) => {
    t.deepEqual([lock.name, lock.mode, lock.ownerDied], ['a', 'exclusive', false]);
    return 42;
  });
  t.equal(value, 42);
  t.deepEqual(await outcome(manager.request('a', () => { throw new RangeError('sync'); })), ['rejected', 'RangeError']);
  t.deepEqual(await outcome(manager.request('a', async () => { throw new RangeError('async'); })), ['rejected', 'RangeError']);
  t.deepEqual(await namesOf(manager), { held: [], pending: [] }, 'whatever became of the callback, it is released');
}));

test('first come, first served; a shared request waits behind an exclusive one', { skip }, (t) => withManager(async (manager) => {
  const log = [];
  const first = deferred();
  const ask = (text, mode) => manager.request('a', { mode }, async () => { log.push(text); await null; });
  const all = [
    manager.request('a', { mode: 'shared' }, () => { log.push('s1'); return first.promise; }),
    ask('s2', 'shared'), ask('x1', 'exclusive'), ask('s3', 'shared'), ask('s4', 'shared'), ask('x2', 'exclusive'),
  ];
  await until(() => log.length >= 2, 'the shared ones');
  t.deepEqual(log, ['s1', 's2'], 'the shared ones that come later wait');
  t.deepEqual((await namesOf(manager)).pending.length, 4);
  first.resolve();
  await Promise.all(all);
  t.deepEqual(log, ['s1', 's2', 'x1', 's3', 's4', 'x2']);
  t.equal(await manager.request('b', () => 'other'), 'other', 'another name is another lock');
}));

test('ifAvailable, steal, timeout and signal', { skip }, (t) => withManager(async (manager, key) => {
  const end = deferred();
  const held = manager.request('a', () => end.promise);
  t.equal(await manager.request('a', { ifAvailable: true }, (lock) => lock), null);
  t.equal(await manager.request('b', { ifAvailable: true }, (lock) => lock.name), 'b');
  const late = await manager.request('a', { timeout: 20 }, () => 'never').catch((error) => error);
  t.equal(late.code, 'ERR_SHM_TIMED_OUT');
  t.ok(late.message.includes('20 ms') && late.message.includes('"a"') && late.message.includes(key), late.message);
  const controller = new AbortController();
  const given = manager.request('a', { signal: controller.signal }, () => 'never');
  controller.abort();
  t.deepEqual(await outcome(given), ['rejected', controller.signal.reason === undefined ? 'ABORT_ERR' : controller.signal.reason.code || 'AbortError']);
  t.equal((await outcome(manager.request('a', { signal: controller.signal }, () => 'never')))[0], 'rejected', 'aborted before');
  t.deepEqual(await namesOf(manager), { held: ['a'], pending: [] }, 'what was given up is gone');
  const stolen = manager.request('a', { steal: true }, async (lock) => {
    t.deepEqual([lock.name, lock.ownerDied], ['a', false]);
    return 'stolen';
  });
  t.deepEqual(await Promise.all([outcome(held), stolen]), [['rejected', thrownName('AbortError')], 'stolen']);
  end.resolve();
  t.equal(await manager.request('a', () => 'again'), 'again');
}));

/** DOMExceptions have numbers as codes. */
const thrownName = (name) => (global.DOMException === undefined ? name : new global.DOMException('', name).code);

test('permits: so many at a time, and all ask for as many', { skip }, (t) => withManager(async (manager) => {
  let inside = 0;
  let most = 0;
  const call = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  const first = deferred();
  const held = manager.request('api', { permits: 3 }, () => first.promise);
  const all = Array.from({ length: 20 }, () => manager.request('api', { permits: 3 }, call));
  const wrong = await manager.request('api', { permits: 4 }, call).catch((error) => error);
  t.equal(wrong.code, 'ERR_INVALID_ARG_VALUE');
  t.match(wrong.message, /permits: 3/);
  await Promise.all(all);
  t.equal(most, 2, 'beside the one that is held');
  first.resolve();
  await held;
  t.equal(await manager.request('api', { permits: 4 }, () => 'now'), 'now', 'nobody asks for 3 any more');
}));

test('what cannot be meant is an error, and nothing is asked for', { skip }, (t) => withManager(async (manager) => {
  const nothing = () => t.fail('called');
  const { signal } = new AbortController();
  const notSupported = thrownName('NotSupportedError');
  const cases = [
    [[1, nothing], 'ERR_INVALID_ARG_TYPE'], [['-a', nothing], notSupported], [['x'.repeat(256), nothing], 'ERR_OUT_OF_RANGE'],
    [['ä'.repeat(128), nothing], 'ERR_OUT_OF_RANGE'], [['a'], 'ERR_INVALID_ARG_TYPE'], [['a', {}, 1], 'ERR_INVALID_ARG_TYPE'],
    [['a', { mode: 'both' }, nothing], 'ERR_INVALID_ARG_VALUE'], [['a', { permit: 1 }, nothing], 'ERR_INVALID_ARG_VALUE'],
    [['a', { permits: 0 }, nothing], 'ERR_OUT_OF_RANGE'], [['a', { timeout: -1 }, nothing], 'ERR_OUT_OF_RANGE'],
    [['a', { signal: {} }, nothing], 'ERR_INVALID_ARG_TYPE'], [['a', 5, nothing], 'ERR_INVALID_ARG_TYPE'],
    [['a', { steal: true, ifAvailable: true }, nothing], notSupported], [['a', { steal: true, mode: 'shared' }, nothing], notSupported],
    [['a', { steal: true, signal }, nothing], notSupported], [['a', { ifAvailable: true, signal }, nothing], notSupported],
    [['a', { permits: 2, mode: 'shared' }, nothing], notSupported], [['a', { permits: 2, steal: true }, nothing], notSupported],
  ];
  for (const [args, code] of cases) {
    const result = await outcome(manager.request(...args));
    t.deepEqual(result, ['rejected', code], JSON.stringify(args));
  }
  t.equal(await manager.request('x'.repeat(255), (lock) => lock.name.length), 255);
  t.equal(await manager.request('', (lock) => lock.name), '', 'an empty name is one');
  t.deepEqual(await namesOf(manager), { held: [], pending: [] });
  t.equal(thrownBy(() => new shm.LockManager(freshName(), { request: 1 })).code, 'ERR_INVALID_ARG_VALUE');
}));

test('requestSync blocks, and releases when its callback returns', { skip }, (t) => withManager(async (manager, key) => {
  t.equal(manager.requestSync('a', (lock) => lock.name), 'a');
  t.equal(thrownBy(() => manager.requestSync('a', () => { throw new RangeError('no'); })).name, 'RangeError');
  const child = await holder(key, 'a');
  await nextMessage(child);
  t.equal(thrownBy(() => manager.requestSync('a', { timeout: 20 }, () => 'never')).code, 'ERR_SHM_TIMED_OUT');
  t.equal(manager.requestSync('a', { ifAvailable: true }, (lock) => lock), null);
  t.deepEqual(await namesOf(manager), { held: ['a'], pending: [] });
  child.kill('SIGKILL');
  t.equal(manager.requestSync('a', { timeout: 10000 }, (lock) => lock.ownerDied), true, 'it waits for the death of the holder');
}));

test('between processes: the next one has it, and query tells of both', { skip }, (t) => withManager(async (manager, key) => {
  const child = await holder(key, 'a');
  t.deepEqual(await nextMessage(child), { held: false });
  const mine = manager.request('a', (lock) => lock.ownerDied);
  const { held, pending } = await manager.query();
  t.deepEqual([held.map(({ pid }) => pid), pending.map(({ pid }) => pid)], [[child.pid], [process.pid]]);
  t.notEqual(held[0].clientId, pending[0].clientId);
  child.send('release');
  t.equal(await nextMessage(child), 'released');
  t.equal(await mine, false);
  child.kill('SIGKILL');
}));

test('whoever is killed loses what it held, and what it waited for', { skip }, (t) => withManager(async (manager, key) => {
  const first = await holder(key, 'a');
  await nextMessage(first);
  const second = await holder(key, 'a');
  for (;;) if ((await manager.query()).pending.length === 1) break;
  const mine = manager.request('a', (lock) => lock.ownerDied);
  second.kill('SIGKILL');
  first.kill('SIGKILL');
  t.equal(await mine, true, 'it is told');
  t.equal(await manager.request('a', (lock) => lock.ownerDied), false, 'once');
  const third = await holder(key, 'b');
  await nextMessage(third);
  const gone = new Promise((resolve) => third.once('exit', resolve));
  third.kill('SIGKILL');
  await gone;
  t.equal(await manager.request('b', { ifAvailable: true }, (lock) => lock && lock.ownerDied), true, 'also who asks later, and does not wait');
}));

test('a lock is stolen from another process', { skip }, (t) => withManager(async (manager, key) => {
  const child = await holder(key, 'a');
  await nextMessage(child);
  t.equal(await manager.request('a', { steal: true }, (lock) => lock.ownerDied), false);
  t.equal(await nextMessage(child), 'AbortError', 'it is told');
  child.kill('SIGKILL');
}));

test('a terminated worker loses what it held', { skip: skip || (!hasWorkers && 'no worker threads') }, (t) => withManager(async (manager, key) => {
  const { Worker } = require('worker_threads');
  const worker = new Worker(`
    const shm = require(${JSON.stringify(require.resolve('..'))});
    const manager = new shm.LockManager('${key}');
    manager.request('a', () => { require('worker_threads').parentPort.postMessage('held'); return new Promise(() => {}); });
    setInterval(() => {}, 1000);
  `, { eval: true });
  await new Promise((resolve) => worker.once('message', resolve));
  const mine = manager.request('a', (lock) => lock.ownerDied);
  await worker.terminate();
  t.equal(await mine, true);
}));

test('detach gives back what an object holds and waits for; others go on', { skip }, (t) => withManager(async (manager, key) => {
  const other = new shm.LockManager(key);
  other.request('a', () => new Promise(() => {}));
  const mine = manager.request('a', (lock) => lock.ownerDied);
  const theirs = other.request('a', () => 'never');
  await null;
  other.detach();
  t.deepEqual(await outcome(theirs), ['rejected', 'ERR_SHM_DETACHED']);
  t.equal(await mine, false);
  t.deepEqual(await outcome(other.request('a', () => 'never')), ['rejected', 'ERR_SHM_DETACHED']);
  t.deepEqual(await namesOf(manager), { held: [], pending: [] });
}));

test('a full table is an error that says how to get a larger one; the dead leave room', { skip }, (t) => withManager(async (manager, key) => {
  const child = forkCode(`
    const manager = new shm.LockManager('${key}');
    for (const name of ['a', 'b', 'c']) manager.request(name, () => new Promise(() => {}));
    for (const name of ['a', 'b']) manager.request(name, () => {});
    setImmediate(() => process.send('ready'));
    setInterval(() => {}, 1000);
  `);
  await nextMessage(child);
  await manager.request('x', async () => {
    const full = await manager.request('y', () => 'never').catch((error) => error);
    t.equal(full.code, 'ERR_SHM_FULL');
    t.match(full.message, /8 requests.*"requests"/);
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  t.deepEqual(await Promise.all(['p', 'q', 'a'].map((name) => manager.request(name, (lock) => lock.ownerDied))), [false, false, true]);
}, { requests: 8 }));

test('a full table forgets deaths that nobody asks about, and permits of the dead bind nobody', { skip }, (t) => withManager(async (manager, key) => {
  const child = forkCode(`
    const manager = new shm.LockManager('${key}');
    for (const name of ['a', 'b', 'c', 'd']) manager.request(name, { permits: 2 }, () => new Promise(() => {}));
    setImmediate(() => process.send('ready'));
    setInterval(() => {}, 1000);
  `);
  await nextMessage(child);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  t.equal(await manager.request('a', (lock) => lock.ownerDied), true);
  const end = deferred();
  const all = [1, 2, 3, 4, 5].map((number) => manager.request(`n${number}`, () => end.promise));
  const full = await manager.request('one more', () => 'never').catch((error) => error.code);
  t.equal(full, 'ERR_SHM_FULL');
  end.resolve();
  await Promise.all(all);
}, { requests: 6 }));

test('a request keeps the process alive, a lock does not', { skip }, (t) => withManager(async (manager, key) => {
  const end = deferred();
  const held = manager.request('a', () => end.promise);
  const waits = runCode(`new shm.LockManager('${key}').request('a', () => console.log('granted'));`);
  for (;;) if ((await manager.query()).pending.length === 1) break;
  end.resolve();
  await held;
  t.equal((await waits).stdout.trim(), 'granted');
  const holds = await runCode(`new shm.LockManager('${key}').request('a', () => { console.log('held'); return new Promise(() => {}); });`);
  t.deepEqual([holds.stdout.trim(), holds.code], ['held', 0]);
}));

test('shm.locks is that of all processes of this user', { skip }, async (t) => {
  const name = freshName();
  const child = forkCode(`
    shm.locks.request('${name}', () => { process.send('held'); return new Promise(() => {}); });
    setInterval(() => {}, 1000);
  `);
  await nextMessage(child);
  t.equal(await shm.locks.request(name, { ifAvailable: true }, (lock) => lock), null);
  child.kill('SIGKILL');
  t.equal(await shm.locks.request(name, (lock) => lock.ownerDied), true);
  const { perm } = shm.stat(`/shm-typed-array-locks-${process.geteuid()}`);
  t.equal(perm, '600');
});

test('many processes count under one lock, and none is lost when some are killed', { skip }, (t) => withManager(async (manager, key) => {
  const words = shm.create(4, 'Int32Array', freshName());
  const code = `
    const manager = new shm.LockManager('${key}');
    const words = shm.get('${shm.keyOf(words)}', 'Int32Array');
    (async () => {
      for (;;) {
        await manager.request('count', async (lock) => {
          if (lock.ownerDied) { words[0] = Math.max(words[0], words[1]); words[2] = 0; }
          if (words[2]++ !== 0) process.exit(7);
          const next = words[0] + 1;
          words[1] = next;
          if (next % 7 === 0) await null;
          words[0] = next;
          words[2] = 0;
          Atomics.add(words, 3, 1);
        });
      }
    })();
  `;
  const children = [1, 2, 3, 4].map(() => forkCode(code));
  const ends = children.map((child) => new Promise((resolve) => child.once('exit', (status, signal) => resolve(signal || status))));
  for (let i = 0; i < 4; i++) {
    const before = words[0];
    await until(() => words[0] > before + 50, 'progress');
    children[i].kill('SIGKILL');
  }
  t.deepEqual(await Promise.all(ends), Array(4).fill('SIGKILL'), 'never two at a time');
  t.ok(words[0] >= words[3], `${words[0]} counted, ${words[3]} told of`);
  t.equal(await manager.request('count', () => 'free'), 'free');
  shm.destroy(shm.keyOf(words));
}));
