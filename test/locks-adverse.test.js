'use strict';
// Locks by name when something is in the way: a busy mutex, a call that was ended by force, another copy of the package,
// memory that was written to or replaced.

const test = require('tape');
const vm = require('vm');
const { codeOf, withManager } = require('./managers');
const { skip } = require('./messages');
const { copyOfPackage, forkCode, freshName, isBun, isDeno, isLinux, nextMessage, runCode, shm, temporaryFolder, until } = require('./support');
const layout = require('../lib/locks/layout');
const owners = require('../lib/runtime/owner');

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A process that has the mutex of a manager until it is told to give it back. */
async function blocker(key) {
  const child = forkCode(`
    const words = shm.get('${key}', 'Int32Array');
    const mutex = new shm.Mutex(words, ${layout.MUTEX});
    mutex.lockSync();
    process.send('locked');
    process.on('message', () => { mutex.unlock(); process.send('free'); });
    setInterval(() => {}, 1000);
  `);
  await nextMessage(child);
  return child;
}

/** A process that holds a lock. */
async function holder(key, name) {
  const child = forkCode(`
    new shm.LockManager('${key}').request('${name}', () => { process.send('held'); return new Promise(() => {}); });
    setInterval(() => {}, 1000);
  `);
  await nextMessage(child);
  return child;
}

for (const addon of [false, true]) {
  test(`two copies of the package in a thread do not take each other's locks (${addon ? 'two addons' : 'one addon'})`, { skip }, (t) => withManager(async (manager, key) => {
    const other = new (copyOfPackage({ addon }).LockManager)(key);
    let isInside = false;
    const held = manager.request('a', async () => {
      isInside = true;
      await pause(200);
      isInside = false;
    });
    t.deepEqual(await other.request('a', (lock) => [isInside, lock.ownerDied]), [false, false]);
    await held;
    other.detach();
  }));
}

test('a timeout longer than a timer of the runtime is no short one', { skip }, (t) => withManager(async (manager) => {
  const held = manager.request('a', () => pause(50));
  t.equal(await manager.request('a', { timeout: 2 ** 32 }, () => 'granted'), 'granted');
  await held;
}));

test('a request that waits for the mutex is looked after when it has entered', { skip }, (t) => withManager(async (manager, key) => {
  const first = await holder(key, 'a');
  const busy = await blocker(key);
  const mine = manager.request('a', (lock) => lock.ownerDied);
  await pause(200); // longer than the timer runs for a manager without requests
  busy.send('unlock');
  await nextMessage(busy);
  await until(async () => (await manager.query()).pending.length === 1, 'the request');
  first.kill('SIGKILL');
  t.equal(await mine, true);
  busy.kill('SIGKILL');
}));

test('a call that blocks lets a release go first that waits for the mutex', { skip }, (t) => withManager(async (manager, key) => {
  let release;
  const held = manager.request('a', () => new Promise((resolve) => (release = resolve)));
  await until(() => release !== undefined, 'the lock');
  const busy = await blocker(key);
  release();
  await pause(20);
  busy.send('unlock');
  await nextMessageSync(busy, key);
  t.equal(manager.requestSync('a', { timeout: 2000 }, (lock) => lock.ownerDied), false);
  await held;
  busy.kill('SIGKILL');
}));

/** Blocks until the mutex is free, so that no timer runs meanwhile. */
function nextMessageSync(child, key) {
  const mutex = new shm.Mutex(shm.get(key, 'Int32Array'), layout.MUTEX);
  mutex.lockSync({ timeout: 10000 });
  mutex.unlock();
}

test('a process that is stopped in the mutex: calls end in time, and their locks are free afterwards', { skip }, (t) => withManager(async (manager, key) => {
  const busy = await blocker(key);
  t.equal(await codeOf(manager.request('a', { timeout: 20 }, () => 'never')), 'ERR_SHM_TIMED_OUT');
  const controller = new AbortController();
  const aborted = codeOf(manager.request('a', { signal: controller.signal }, () => 'never'));
  controller.abort();
  t.notEqual(await aborted, 'fulfilled');
  busy.send('unlock');
  await nextMessage(busy);
  t.equal(await manager.request('a', { timeout: 2000 }, (lock) => lock.ownerDied), false);
  busy.kill('SIGKILL');
}));

test('requestSync that cannot release at once releases later', { skip }, (t) => withManager(async (manager, key, words) => {
  const mutex = new shm.Mutex(words, layout.MUTEX);
  const busy = forkCode(`
    const words = shm.get('${key}', 'Int32Array');
    const mutex = new shm.Mutex(words, ${layout.MUTEX});
    process.on('message', () => { mutex.unlock(); process.send('free'); });
    while (Atomics.load(words, words.length - 1) === 0);
    mutex.lockSync();
    Atomics.store(words, words.length - 1, 2);
  `);
  await until(() => busy.connected, 'the process');
  manager.requestSync('a', () => {
    Atomics.store(words, words.length - 1, 1);
    while (Atomics.load(words, words.length - 1) !== 2);
  });
  busy.send('unlock');
  await nextMessage(busy);
  t.equal(await manager.request('a', { timeout: 2000 }, (lock) => lock.ownerDied), false);
  t.equal(mutex.tryLock(), 'ok');
  mutex.unlock();
  busy.kill('SIGKILL');
}));

test('requestSync that was ended by force takes its request back', { skip: skip || ((isBun || isDeno) && 'no timeouts of vm') }, (t) => withManager(async (manager) => {
  let release;
  const held = manager.request('a', () => new Promise((resolve) => (release = resolve)));
  await until(() => release !== undefined, 'the lock');
  t.throws(() => vm.runInNewContext("manager.requestSync('a', () => {})", { manager }, { timeout: 50 }), /timed out/);
  release();
  await held;
  t.equal(await manager.request('a', { timeout: 2000 }, (lock) => lock.ownerDied), false);
  t.deepEqual(await manager.query(), { held: [], pending: [] });
}));

test('a callback of requestSync that was ended by force loses the lock as a dead holder does', { skip: skip || ((isBun || isDeno) && 'no timeouts of vm') }, (t) => withManager(async (manager, key) => {
  const other = forkCode(`
    const manager = new shm.LockManager('${key}');
    process.on('message', () => manager.request('a', { timeout: 5000 }, ({ ownerDied }) => process.send(ownerDied)).catch((error) => process.send(error.code)));
    process.send('ready');
  `);
  await nextMessage(other);
  t.throws(() => vm.runInNewContext("manager.requestSync('a', () => { for (;;); })", { manager }, { timeout: 50 }), /timed out/);
  other.send('ask');
  t.equal(await nextMessage(other), true, 'of another process');
  t.throws(() => vm.runInNewContext("manager.requestSync('b', () => { for (;;); })", { manager }, { timeout: 50 }), /timed out/);
  t.equal(await manager.request('b', { timeout: 5000 }, ({ ownerDied }) => ownerDied), true, 'of this thread');
  manager.requestSync('c', () => {});
  await pause(120); // two looks
  t.equal(manager.requestSync('c', ({ ownerDied }) => ownerDied), false, 'one that has returned has not lost anything');
  t.deepEqual(await manager.query(), { held: [], pending: [] });
  other.kill('SIGKILL');
}));

test('requests that are on no list of free ones any more are found in a full table', { skip }, (t) => withManager((manager, _key, words) => {
  const nest = (name) => manager.requestSync(String(name), () => (name === 1 ? 'all' : nest(name - 1)));
  nest(3);
  words[layout.FIRST_FREE] = 0; // as if somebody who was taken for dead had written it
  t.equal(nest(3), 'all');
}, { requests: 4 }));

test('a detach that finds the mutex busy tells nobody of a death', { skip }, (t) => withManager(async (manager, key) => {
  const only = new shm.LockManager(key);
  const ended = only.request('a', () => new Promise(() => {}));
  ended.catch(() => {});
  await until(async () => (await manager.query()).held.length === 1, 'the lock');
  const busy = await blocker(key);
  only.detach();
  busy.send('unlock');
  await nextMessage(busy);
  t.equal(await manager.request('a', { timeout: 5000 }, ({ ownerDied }) => ownerDied), false);
  t.deepEqual(await manager.query(), { held: [], pending: [] });
  busy.kill('SIGKILL');
}));

test('memory that was destroyed or replaced ends what waits', { skip }, (t) => withManager(async (manager, key) => {
  const child = await holder(key, 'a');
  const mine = codeOf(manager.request('a', () => 'never'));
  shm.destroy(key);
  t.match(await mine, /ERR_SHM_(REPLACED|DETACHED)/);
  const other = freshName();
  const again = new shm.LockManager(other);
  const waits = forkCode(`
    const manager = new shm.LockManager('${other}');
    manager.request('a', () => {
      process.send('held');
      manager.request('a', () => {}).catch((error) => process.send(error.code));
      return new Promise(() => {});
    });
  `);
  await nextMessage(waits);
  again.destroy();
  t.equal(await nextMessage(waits), 'ERR_SHM_REPLACED');
  child.kill('SIGKILL');
  waits.kill('SIGKILL');
}));

test('the locks of the user are opened again when their memory was removed or detached', { skip: skip || (!isLinux && 'objects have no folder here') }, async (t) => {
  const folder = temporaryFolder();
  const { stdout, stderr } = await runCode(`
    const fs = require('fs');
    const file = '${folder}/' + require('${require.resolve('../lib/locks/key')}').keyOfUser();
    const show = (promise) => promise.then(console.log, ({ code }) => console.log(code));
    (async () => {
      await show(shm.locks.request('a', () => 'opened'));
      shm.detachAll();
      await show(shm.locks.request('a', () => 'detached'));
      await shm.locks.request('a', async () => {
        fs.unlinkSync(file);
        await show(shm.locks.request('a', () => 'two have it'));
        await show(shm.locks.request('a', () => 'as the next process ' + fs.existsSync(file)));
      });
      await show(shm.locks.request('a', () => 'again'));
    })();
  `, { env: Object.assign({}, process.env, { SHM_TYPED_ARRAY_DIR: folder }) });
  t.equal(stdout, 'opened\ndetached\nERR_SHM_REPLACED\nas the next process true\nagain\n', stderr);
});

test('a lock that a detach gave back before the callback ran is not used', { skip }, (t) => withManager(async (manager, key) => {
  const other = new shm.LockManager(key);
  const given = codeOf(other.request('a', () => t.fail('called without the lock')));
  other.detach();
  t.equal(manager.requestSync('a', { timeout: 0 }, (lock) => lock.ownerDied), false);
  t.equal(await given, 'ERR_SHM_DETACHED');
}));

test('a lock that a detach gave back needs no release', { skip }, (t) => withManager(async (manager, key) => {
  const other = freshName();
  const only = new shm.LockManager(other);
  t.equal(await only.request('a', () => { only.detach(); return 'done'; }), 'done', 'the memory is gone');
  shm.destroy(other);
  const second = new shm.LockManager(key);
  t.equal(await second.request('a', () => { second.detach(); return 'done'; }), 'done', 'the memory is there');
  t.equal(await manager.request('a', (lock) => lock.ownerDied), false);
}));

test('words that anybody has written end calls with a code, in bounded time, and throw from no timer', { skip }, async (t) => {
  const code = `
    const layout = require(${JSON.stringify(require.resolve('../lib/locks/layout'))});
    const values = [-1, 0, 1, 2, 5, 0x40000000, -0x80000000, -0x40000000, 0x7fffffff];
    const codes = new Set();
    const note = ({ code, name }) => codes.add(name === 'AbortError' ? name : code);
    process.on('uncaughtException', (error) => { process.send('uncaught ' + error.stack); process.exit(1); });
    process.on('unhandledRejection', (error) => { process.send('unhandled ' + error.stack); process.exit(1); });
    const first = layout.firstRequestOf(8);
    const places = Array.from({ length: layout.BUCKETS + 8 * layout.BUCKET - 32 }, (_, i) => 32 + i).filter((at) => at < 35 || at >= layout.BUCKETS);
    for (let request = 0; request < 4; request++) for (let word = 0; word < 18; word++) places.push(first + request * layout.REQUEST + word);
    const forge = async (at, value) => {
      const key = '${freshName()}-' + at + '-' + value; // of its own: many are forged at a time
      const manager = new shm.LockManager(key, { requests: 8, transient: true });
      const words = shm.get(key, 'Int32Array');
      const settled = [];
      const ask = (options) => settled.push(manager.request('a', { timeout: 8, ...options }, () => null).catch((error) => note(error)));
      let release;
      settled.push(manager.request('a', { mode: 'shared' }, () => new Promise((resolve) => (release = resolve))).catch((error) => note(error)));
      ask(); ask({ mode: 'shared' }); ask({ mode: 'shared' });
      await new Promise(setImmediate);
      words[at] = value;
      ask(); ask({ mode: 'shared' });
      await new Promise(setImmediate);
      if (release) release();
      try { manager.requestSync('a', { timeout: 0 }, () => {}); } catch (error) { note(error); }
      await manager.query().catch((error) => note(error));
      await new Promise((resolve) => setTimeout(resolve, 100)); // two looks
      manager.destroy();
      await Promise.all(settled);
    };
    (async () => {
      for (const value of values) await Promise.all(places.map((at) => forge(at, value)));
      process.send(Array.from(codes).sort().join());
      process.disconnect();
    })();
  `;
  const child = forkCode(code);
  const timer = setTimeout(() => child.kill('SIGKILL'), 120000);
  const result = await Promise.race([nextMessage(child), new Promise((resolve) => child.once('exit', () => resolve('no end')))]);
  clearTimeout(timer);
  t.match(result, /^(,?(ERR_SHM_[A-Z_]+|ERR_INVALID_ARG_VALUE|AbortError))+$/);
  child.kill('SIGKILL');
});

test('all who share a lock are told of its dead holder, and nobody who comes after them', { skip }, (t) => withManager(async (manager, key) => {
  const child = forkCode(`
    const manager = new shm.LockManager('${key}');
    manager.request('a', () => { process.send('held'); return new Promise(() => {}); });
    setInterval(() => {}, 1000);
  `);
  await nextMessage(child);
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  const told = [];
  const share = (lock) => {
    told.push(lock.ownerDied);
    return ended;
  };
  const sharing = [1, 2].map(() => manager.request('a', { mode: 'shared' }, share));
  child.kill('SIGKILL');
  await until(() => told.length === 2, 'the lock');
  sharing.push(manager.request('a', { mode: 'shared' }, share));
  const next = manager.request('a', (lock) => lock.ownerDied);
  await until(() => told.length === 3, 'the third who shares it');
  end();
  await Promise.all(sharing);
  t.deepEqual(told, [true, true, true]);
  t.equal(await next, false);
}));

test('what does not wait for a lock does not wait for ever for a stopped thread that has the mutex', { skip }, (t) => withManager((manager, _key, words) => {
  const [clock, owners, waiting] = ['clock', 'owner'].map((name) => require(`../lib/runtime/${name}`)).concat(require('../lib/wait'));
  const real = [clock.now, owners.isAlive, waiting.wait];
  let now = 0;
  clock.now = () => now;
  owners.isAlive = () => true;
  waiting.wait = (_words, _index, _value, timeout) => {
    now += timeout;
    if (now > 60000) throw new Error('it waits for ever');
    return 'timed-out';
  };
  words[layout.MUTEX] = 12345;
  try {
    for (const options of [{ ifAvailable: true }, { steal: true }]) {
      now = 0;
      t.throws(() => manager.requestSync('a', options, () => {}), /^Error: Timed out after 5000 ms waiting for the lock "a"/, Object.keys(options)[0]);
    }
  } finally {
    [clock.now, owners.isAlive, waiting.wait] = real;
    words[layout.MUTEX] = 0;
  }
  t.equal(manager.requestSync('a', { ifAvailable: true }, (lock) => lock.name), 'a', 'later it can be had');
}));

test('who waits is woken by a release, not only by a look after a moment', { skip }, async (t) => {
  const key = freshName();
  const child = forkCode(`
    // As if the next look were never due.
    require(${JSON.stringify(require.resolve('../lib/runtime/clock'))}).setInterval = () => ({ ref() {}, unref() {} });
    const [mine, theirs] = [new shm.LockManager('${key}'), new shm.LockManager('${key}')];
    let release;
    mine.request('a', () => new Promise((resolve) => (release = resolve))).catch(() => {});
    setTimeout(() => process.send('nobody has woken it', () => process.exit()), 10000);
    setTimeout(async () => {
      const granted = theirs.request('a', () => {});
      const second = theirs.request('a', { mode: 'shared' }, () => {});
      const third = mine.request('a', { mode: 'shared' }, () => {});
      release();
      await Promise.all([granted, second, third]);
      process.send('woken', () => process.exit());
    }, 100);
  `);
  t.equal(await nextMessage(child), 'woken');
  shm.destroy(key);
});

test('a lock that was granted to who gives up at that moment goes to the next', { skip: skip || (typeof AbortController === 'undefined' && 'no AbortController') }, (t) => withManager(async (manager, key) => {
  const [other, third] = [new shm.LockManager(key), new shm.LockManager(key)];
  const controller = new AbortController();
  let requests;
  manager.requestSync('a', () => {
    requests = [other.request('a', { signal: controller.signal }, () => {}).catch((error) => error.name), third.request('a', { timeout: 5000 }, (lock) => lock.name)];
  });
  controller.abort(); // it has been granted, and does not know yet
  t.deepEqual(await Promise.all(requests), ['AbortError', 'a']);
  other.detach();
  third.detach();
}));

/** No thread has this number. */
const DEAD = 0x2fffffff;

test('a lock is not granted to who has died waiting, nor is that death told', { skip }, (t) => withManager(async (manager, key, words) => {
  const dying = new shm.LockManager(key);
  let next;
  await manager.request('a', () => {
    dying.request('a', () => t.fail('it is dead')).catch(() => {});
    const isPending = (at) => (words[at + layout.STATE] & ~layout.OWNER) === layout.PENDING;
    const request = Array.from({ length: 8 }, (_, number) => layout.firstRequestOf(8) + number * layout.REQUEST).find(isPending);
    next = manager.request('a', (lock) => lock.ownerDied);
    words[request + layout.STATE] = layout.PENDING | DEAD;
  });
  t.equal(await next, false);
  dying.detach();
}, { requests: 8 }));

test('a death that was told to who is stolen from at that moment is told to the thief', { skip }, (t) => withManager(async (manager, key) => {
  const dead = await holder(key, 'a');
  const { isAlive } = owners;
  owners.isAlive = () => true;
  const robbed = manager.request('a', () => {}).catch((error) => error.name);
  const other = new shm.LockManager(key);
  const ended = new Promise((resolve) => dead.once('exit', resolve));
  dead.kill('SIGKILL');
  await ended;
  owners.isAlive = isAlive;
  const results = [other.request('a', { ifAvailable: true }, (lock) => lock), other.request('a', { steal: true }, (lock) => lock.ownerDied)];
  t.deepEqual(await Promise.all(results), [null, true]);
  t.equal(await robbed, 'AbortError');
  other.detach();
}));

test('a death that was told to who gives up at that moment is told to the next', { skip: skip || (typeof AbortController === 'undefined' && 'no AbortController') }, (t) => withManager(async (manager, key) => {
  const dead = await holder(key, 'a');
  const { isAlive } = owners;
  owners.isAlive = () => true; // nobody finds out yet
  const controller = new AbortController();
  const mine = manager.request('a', { signal: controller.signal }, () => {}).catch((error) => error.name);
  const other = new shm.LockManager(key);
  const ended = new Promise((resolve) => dead.once('exit', resolve));
  dead.kill('SIGKILL');
  await ended;
  owners.isAlive = isAlive;
  t.equal(await Promise.all([other.request('a', { ifAvailable: true }, (lock) => lock), controller.abort()]).then(([lock]) => lock), null, 'it looks, and grants it to the first');
  t.equal(await mine, 'AbortError');
  t.equal(await other.request('a', (lock) => lock.ownerDied), true);
  other.detach();
}));

test('a request that fails while it is entered is in nobody’s way', { skip }, async (t) => {
  const { prototype } = require('../lib/locks/lists').Lists;
  await withManager(async (manager, key) => {
    const other = new shm.LockManager(key);
    let release;
    const held = other.request('a', () => new Promise((resolve) => (release = resolve)));
    const { link } = prototype;
    prototype.link = () => {
      prototype.link = link;
      throw new RangeError('Maximum call stack size exceeded');
    };
    t.equal(await codeOf(manager.request('a', () => t.fail('it has failed'))), 'RangeError');
    release();
    await held;
    t.equal(await codeOf(other.request('a', { timeout: 5000 }, () => {})), 'fulfilled');
    t.deepEqual(await other.query(), { held: [], pending: [] });
  });
});

test('a holder with impossible permits is told as damage, not as a lock with so many', { skip }, (t) => withManager(async (manager, key, words) => {
  const first = layout.firstRequestOf(8);
  const code = () => codeOf(manager.request('a', { permits: 2, ifAvailable: true }, () => {}));
  await manager.request('a', { permits: 2 }, async () => {
    const holder = [1, 0].map((request) => first + request * layout.REQUEST + layout.PERMITS).find((at) => words[at] === 2);
    words[holder] = -1;
    t.equal(await code(), 'ERR_SHM_LAYOUT');
    words[holder] = 2;
    t.equal(await code(), 'fulfilled');
  });
  t.end();
}, { requests: 8 }));
