'use strict';
// Mutex: one owner at a time, among threads and processes, and no owner's death leaves it locked.

const test = require('tape');
const { copyOfPackage, forkFixture, freshKey, freshKeys, freshName, nextMessage, shm, thrownBy, until } = require('./support');
const { hasAbort, hasWorkers, startWorker } = require('./waiting');

const CONTENDED = -0x80000000;
const HANDED_ON = 0x40000000;

async function locker(key) {
  const child = forkFixture('locker.js', [String(key)]);
  await nextMessage(child);
  child.ask = (command, argument) => {
    child.send([command, argument]);
    return nextMessage(child).then(({ result }) => result);
  };
  child.ended = new Promise((resolve) => child.once('exit', resolve));
  return child;
}

/** An array of 10 words under a name, with a mutex in word 0. */
function fresh() {
  const key = freshName();
  const array = shm.create(10, 'Int32Array', key);
  return { key, array, mutex: new shm.Mutex(array, 0) };
}

test('lock, tryLock and unlock in one thread', (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(10, 'Int32Array', key);
    const mutex = new shm.Mutex(array, 9);
    t.ok(mutex.int32Array === array && mutex.index === 9);
    t.equal(thrownBy(() => mutex.unlock()).code, 'ERR_SHM_NOT_OWNER');
    t.equal(mutex.lockSync(), 'ok');
    t.ok(array[9] > 0 && array[9] < 2 ** 30, 'the word names the owner');
    t.equal(mutex.tryLock(), null);
    t.equal(thrownBy(() => mutex.lockSync()).code, 'ERR_SHM_DEADLOCK');
    mutex.unlock();
    t.equal(array[9], 0);
    t.equal(mutex.tryLock(), 'ok');
    mutex.unlock();
    t.equal(array[9], 0, 'free is 0');
    shm.destroy(key);
  }
  t.end();
});

test('other objects, and other copies of the package, are the same owner in a thread', (t) => {
  const { key, mutex } = fresh();
  const again = copyOfPackage({ addon: true });
  const others = [new shm.Mutex(mutex.int32Array, 0), new again.Mutex(again.get(key, 'Int32Array'), 0)];
  for (const other of others) {
    mutex.lockSync();
    t.equal(other.tryLock(), null);
    t.equal(thrownBy(() => other.lockSync({ timeout: 1000 })).code, 'ERR_SHM_DEADLOCK');
    other.unlock();
    t.equal(other.lockSync(), 'ok');
    mutex.unlock();
  }
  again.detachAll();
  shm.destroy(key);
  t.end();
});

test('tasks of one thread take turns with lock', async (t) => {
  const { key, array, mutex } = fresh();
  const order = [];
  const task = async (number) => {
    t.equal(await mutex.lock(), 'ok');
    order.push(number);
    await new Promise((resolve) => setTimeout(resolve, 2));
    order.push(number);
    mutex.unlock();
  };
  await Promise.all([0, 1, 2, 3, 4].map(task));
  for (let i = 0; i < order.length; i += 2) t.equal(order[i], order[i + 1], 'one at a time');
  await until(() => array[0] === 0, 'a free mutex');
  shm.destroy(key);
});

test('increments under the lock are not lost', async (t) => {
  const { key, array } = fresh();
  const children = await Promise.all([1, 2, 3].map(() => locker(key)));
  await Promise.all(children.map((child, i) => child.ask(i === 0 ? 'countAsync' : 'count', 2000)));
  t.equal(array[1], 6000);
  t.equal(array[0], 0, 'free in the end');
  children.forEach((child) => child.disconnect());
  shm.destroy(key);
});

test('another process waits for the lock and is woken', async (t) => {
  for (const command of ['lockSync', 'lock']) {
    const { key, array, mutex } = fresh();
    const child = await locker(key);
    mutex.lockSync();
    t.equal(await child.ask('tryLock'), null);
    const locked = child.ask(command);
    await until(() => array[0] < 0, 'somebody who sleeps for it');
    mutex.unlock();
    t.equal(await locked, 'ok', command);
    t.equal(mutex.tryLock(), null);
    t.equal(thrownBy(() => mutex.unlock()).code, 'ERR_SHM_NOT_OWNER');
    t.equal(thrownBy(() => mutex.lockSync({ timeout: 20 })).code, 'ERR_SHM_TIMED_OUT');
    const late = await mutex.lock({ timeout: 20, ref: true }).catch((error) => error);
    t.equal(late.code, 'ERR_SHM_TIMED_OUT');
    await child.ask('unlock');
    t.equal(mutex.lockSync(), 'ok', 'nobody left keeps it');
    mutex.unlock();
    child.disconnect();
    shm.destroy(key);
  }
});

test('an owner killed with SIGKILL is noticed, whoever asks and however', async (t) => {
  for (const command of ['lockSync', 'tryLock', 'lock']) {
    const { key, array, mutex } = fresh();
    const child = await locker(key);
    await child.ask('lockSync');
    const lock = () => mutex[command]();
    if (command === 'tryLock') t.equal(mutex.tryLock(), null, 'alive');
    const waiting = command === 'lock' ? lock() : null;
    child.kill('SIGKILL');
    await child.ended;
    t.equal(await (waiting || lock()), 'owner-died', command);
    mutex.unlock();
    t.equal(mutex.lockSync(), 'ok', 'once');
    mutex.unlock();
    t.equal(array[0], 0);
    shm.destroy(key);
  }
});

test('a killed owner among others that wait: one of them is told', async (t) => {
  const { key, array } = fresh();
  const [owner, ...others] = await Promise.all([1, 2, 3, 4].map(() => locker(key)));
  await owner.ask('lockSync');
  const results = others.map((child) =>
    child.ask('lockSync').then(async (result) => {
      await child.ask('unlock');
      return result;
    }),
  );
  await until(() => array[0] < 0, 'somebody who sleeps for it');
  owner.kill('SIGKILL');
  t.deepEqual((await Promise.all(results)).sort(), ['ok', 'ok', 'owner-died']);
  others.forEach((child) => child.disconnect());
  shm.destroy(key);
});

test('a waiter killed after it was woken, and a word handed on to nobody, block nobody', (t) => {
  const { key, array, mutex } = fresh();
  const handedOn = 0xc0000000 | 0;
  array[0] = handedOn;
  t.equal(mutex.tryLock(), 'ok');
  mutex.unlock();
  array[0] = handedOn;
  t.equal(mutex.lockSync(), 'ok');
  mutex.unlock();
  t.equal(array[0], 0);
  shm.destroy(key);
  t.end();
});

test('a lock that is handed on after so many turns wakes who sleeps for it', async (t) => {
  const { key, array, mutex } = fresh();
  for (let round = 0; round < 10; round++) {
    mutex.lockSync();
    array[0] |= CONTENDED;
    mutex.unlock(); // begins to count the turns
    mutex.lockSync();
    // As often as a thread locks again while another waits, but for the last time.
    for (let turn = 1; turn < 128; turn++) {
      mutex.unlock();
      mutex.lockSync();
    }
    // Who was woken comes back during the last turn, and goes to sleep again.
    array[0] |= CONTENDED | HANDED_ON;
    const woken = shm.waitAsync(array, 0, array[0], { ref: true, timeout: 2000 });
    mutex.unlock();
    t.equal(await woken, 'ok');
    t.equal(mutex.lockSync(), 'ok');
    mutex.unlock();
  }
  shm.destroy(key);
});

test('a number that no living thread has is a dead owner', (t) => {
  const { key, array, mutex } = fresh();
  array[0] = 0x3fffffff;
  t.equal(mutex.lockSync(), 'owner-died');
  mutex.unlock();
  shm.destroy(key);
  t.end();
});

test('a worker terminated with the lock is a dead owner', { skip: !hasWorkers && 'no worker_threads' }, async (t) => {
  const { key, mutex } = fresh();
  const worker = startWorker('lock', key);
  t.equal(await nextMessage(worker), 'ok');
  t.equal(mutex.tryLock(), null);
  await worker.terminate();
  t.equal(mutex.lockSync(), 'owner-died');
  mutex.unlock();
  shm.destroy(key);
});

test('an abort ends lock, and the lock goes on', { skip: !hasAbort && 'no AbortController' }, async (t) => {
  const { key, mutex } = fresh();
  mutex.lockSync();
  const controller = new AbortController();
  const aborted = mutex.lock({ signal: controller.signal, ref: true }).catch((error) => error.name);
  const waiting = mutex.lock();
  controller.abort();
  t.equal(await aborted, 'AbortError');
  mutex.unlock();
  t.equal(await waiting, 'ok');
  mutex.unlock();
  const dead = await mutex.lock({ signal: controller.signal }).catch((error) => error.name);
  t.equal(dead, 'AbortError', 'also when it is free');
  shm.destroy(key);
});

test('a detached mutex says so', async (t) => {
  const kinds = typeof SharedArrayBuffer === 'undefined' ? [undefined] : [undefined, { shared: true }];
  for (const options of kinds) {
    const key = freshKey();
    const array = shm.create(10, 'Int32Array', key, options);
    const mutex = new shm.Mutex(array, 0);
    mutex.lockSync();
    const waiting = mutex.lock().catch((error) => error.code);
    shm.destroy(key);
    t.equal(await waiting, 'ERR_SHM_DETACHED');
    if (array.length === 0 || options !== undefined) {
      for (const call of ['lockSync', 'tryLock', 'unlock']) {
        t.equal(thrownBy(() => mutex[call]()).code, 'ERR_SHM_DETACHED', call);
      }
    }
    t.equal(thrownBy(() => new shm.Mutex(array, 0)).code, 'ERR_SHM_DETACHED');
  }
});

test('wrong arguments are errors', async (t) => {
  const { key, array, mutex } = fresh();
  t.equal(thrownBy(() => new shm.Mutex([], 0)).code, 'ERR_INVALID_ARG_TYPE');
  t.equal(thrownBy(() => new shm.Mutex(new Int32Array(1), 0)).code, 'ERR_INVALID_ARG_VALUE');
  t.equal(thrownBy(() => new shm.Mutex(array, 10)).code, 'ERR_OUT_OF_RANGE');
  t.equal(thrownBy(() => mutex.lockSync('1')).code, 'ERR_INVALID_ARG_TYPE');
  const codes = [1, { timeout: '1' }, { timeuot: 1 }].map((options) =>
    mutex.lock(options).catch((error) => error.code),
  );
  t.deepEqual(await Promise.all(codes), ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE']);
  shm.destroy(key);
});
