'use strict';
// What wait and waitAsync are told: timeouts, signals that many waits share, faked clocks, arrays of other threads.

const test = require('tape');
const { freshKey, freshName, isDeno, nextMessage, runCode, shm, thrownBy, until, Worker } = require('./support');
const { hasAbort } = require('./waiting');

const rejection = (promise) => promise.then(() => undefined, (error) => error);
const noAbort = !hasAbort && 'no AbortController';

test('a timeout stands in an options object, and is a number of milliseconds', async (t) => {
  const key = freshKey();
  const array = shm.create(4, 'Int32Array', key);
  const bare = await rejection(shm.waitAsync(array, 0, 0, 100));
  t.equal(bare.code, 'ERR_INVALID_ARG_TYPE');
  t.ok(bare.message.includes('write { timeout: 100 }'), bare.message);
  for (const timeout of [NaN, -1]) {
    const error = await rejection(shm.waitAsync(array, 0, 0, { timeout }));
    t.equal(error.code, 'ERR_OUT_OF_RANGE', error.message);
  }
  t.equal(shm.wait(array, 0, 0, -1), 'timed-out', 'wait has the arguments of Atomics.wait');
  shm.destroy(key);
});

/** A signal that counts its listeners; Node 10 has no other. */
function countingSignal() {
  const listeners = new Set();
  const signal = {
    aborted: false,
    most: 0,
    listeners,
    addEventListener(_type, listener) {
      listeners.add(listener);
      signal.most = Math.max(signal.most, listeners.size);
    },
    removeEventListener: (_type, listener) => listeners.delete(listener),
    abort() {
      signal.aborted = true;
      for (const listener of Array.from(listeners)) listener();
    },
  };
  return signal;
}

test('a signal has one listener, however many waits share it, and none afterwards', async (t) => {
  const key = freshKey();
  const array = shm.create(4, 'Int32Array', key);
  const signal = countingSignal();
  for (const end of ['ok', 'timed-out', 'aborted']) {
    array[0] = 0;
    const options = end === 'timed-out' ? { signal, timeout: 20 } : { signal };
    const waits = Array.from({ length: 50 }, () => shm.waitAsync(array, 0, 0, options).catch(() => 'aborted'));
    t.equal(signal.listeners.size, 1);
    if (end === 'ok') {
      await new Promise((resolve) => setTimeout(resolve, 30)); // so that they have begun everywhere
      array[0] = 1;
      shm.notify(array, 0);
    }
    if (end === 'aborted') signal.abort();
    t.deepEqual(Array.from(new Set(await Promise.all(waits))), [end]);
    if (end !== 'aborted') t.equal(signal.listeners.size, 0, `no listener is left after ${end}`);
  }
  t.equal(signal.most, 1);
  shm.destroy(key);
});

test('Node does not warn of many waits with one AbortSignal', { skip: noAbort }, async (t) => {
  const { code, stderr } = await runCode(`
    const array = shm.create(4, 'Int32Array', ${freshKey()});
    const controller = new AbortController();
    const mutex = new shm.Mutex(array, 1);
    mutex.lockSync();
    const waits = [];
    for (let i = 0; i < 12; i++) {
      waits.push(shm.waitAsync(array, 0, 0, { signal: controller.signal }), mutex.lock({ signal: controller.signal }));
    }
    setTimeout(() => controller.abort(), 50);
    Promise.all(waits.map((wait) => wait.catch((error) => error.name))).then((names) => {
      if (names.some((name) => name !== 'AbortError')) throw new Error(names.join());
    });`);
  t.equal(code, 0, stderr);
  t.notOk(/MaxListenersExceededWarning/.test(stderr), stderr);
});

test('a faked clock neither lengthens a wait nor keeps it from ending', async (t) => {
  const { code, signal, stdout, stderr } = await runCode(
    `
    const { performance } = require('perf_hooks');
    const stopped = Date.now();
    // The timers of Deno ask that clock.
    for (const clock of process.versions.deno ? [process] : [performance, process]) {
      for (const name of ['now', 'hrtime']) {
        if (typeof clock[name] !== 'function') continue;
        Object.defineProperty(clock, name, { value: () => (name === 'now' ? 1 : [1, 1]), configurable: true });
      }
    }
    Date.now = () => stopped;
    for (const name of ['setTimeout', 'clearTimeout', 'setInterval', 'setImmediate']) global[name] = () => 0;
    const array = shm.create(4, 'Int32Array', ${freshKey()});
    const mutex = new shm.Mutex(array, 1);
    mutex.lockSync(); // so that it is not free
    const said = [];
    said.push(shm.wait(array, 0, 0, 20));
    shm.waitAsync(array, 0, 0, { timeout: 20 })
      .then((result) => said.push(result))
      .then(() => mutex.lock({ timeout: 20 }))
      .catch((error) => said.push(error.code))
      .then(() => console.log(said.join()));`,
    { timeout: 20000 },
  );
  t.equal(signal, null, 'it has ended');
  t.equal(code, 0, stderr);
  t.equal(stdout.split('\n')[0], 'timed-out,timed-out,ERR_SHM_TIMED_OUT', stderr);
});

const cannotPost = (Worker === null || typeof SharedArrayBuffer === 'undefined' || isDeno) && 'no worker_threads that take one';

test('a posted array is refused in another thread with what to do', { skip: cannotPost }, async (t) => {
  const name = freshName();
  const array = shm.create(4, 'Int32Array', name, { shared: true });
  const worker = new Worker(
    `const { parentPort, workerData } = require('worker_threads');
    const shm = require(${JSON.stringify(require.resolve('..'))});
    const told = (call) => { try { return String(call()); } catch (error) { return error.code + ': ' + error.message; } };
    parentPort.postMessage([
      told(() => shm.wait(workerData, 0, 0, 0)),
      told(() => shm.notify(workerData, 0)),
      told(() => new shm.Mutex(workerData, 0)),
      told(() => shm.wait(shm.get('${name}', 'Int32Array'), 0, 0, 0)),
    ]);`,
    { eval: true, workerData: array },
  );
  const [wait, notify, mutex, attached] = await nextMessage(worker);
  for (const error of [wait, notify, mutex]) {
    t.ok(/^ERR_INVALID_ARG_VALUE.*another thread.*get\(key, 'Int32Array'\)/.test(error), error);
  }
  t.equal(attached, 'timed-out', 'attached, it can be waited for');
  await worker.terminate();
  shm.destroy(name);
});

test('a wait whose signal takes no listener is none', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const refusing = { aborted: false, addEventListener: () => { throw new Error('refused'); }, removeEventListener() {} };
  for (const timeout of [Infinity, 1000]) {
    t.equal((await rejection(shm.waitAsync(array, 0, 0, { signal: refusing, timeout }))).message, 'refused');
    const next = shm.waitAsync(array, 0, 0, { timeout: 20000 });
    await until(() => shm.notify(array, 0, 1) === 1, 'a waiter');
    t.equal(await next, 'ok', 'what is notified is told to the next one');
  }
  shm.destroy(key);
});

test('what is thrown while a signal aborts reaches the program, and the other waits end', async (t) => {
  const key = freshKey();
  const array = shm.create(4, 'Int32Array', key);
  const signal = countingSignal();
  const waits = Array.from({ length: 5 }, () => rejection(shm.waitAsync(array, 0, 0, { signal })));
  const binding = require('../lib/runtime/binding');
  const { cancelWait } = binding;
  let calls = 0;
  binding.cancelWait = (id) => {
    if (calls++ === 0) throw new Error('refused');
    return cancelWait(id);
  };
  try {
    t.equal(thrownBy(() => signal.abort()).message, 'refused');
  } finally {
    binding.cancelWait = cancelWait;
  }
  let ended = 0;
  waits.forEach((wait) => wait.then(() => ended++));
  await until(() => ended === 4, 'the other waits');
  array[0] = 1;
  shm.notify(array, 0);
  await Promise.all(waits);
  shm.destroy(key);
});

test('a signal goes on to end the waits that are left when others that share it have ended', async (t) => {
  const key = freshKey();
  const array = shm.create(4, 'Int32Array', key);
  const signal = countingSignal();
  const [first, second] = [shm.waitAsync(array, 0, 0, { signal }), rejection(shm.waitAsync(array, 1, 0, { signal }))];
  await new Promise((resolve) => setTimeout(resolve, 30)); // so that they have begun everywhere
  array[0] = 1;
  shm.notify(array, 0);
  t.equal(await first, 'ok');
  t.equal(signal.listeners.size, 1);
  signal.abort();
  t.equal((await second).name, 'AbortError');
  shm.destroy(key);
});

test('a word that changes while a worker looks up, where the kernel keeps no places, counts as notified', { skip: Worker === null && 'no worker_threads' }, async (t) => {
  const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_WAITS: 'many' });
  const { code, stdout, stderr } = await runCode(
    `
    const { isMainThread, Worker, workerData, parentPort } = require('worker_threads');
    if (isMainThread) {
      const array = shm.create(4, 'Int32Array', ${freshKey()});
      const worker = new Worker(__filename, { workerData: array.key });
      worker.on('message', (message) => {
        if (message === 'waits') setTimeout(() => (array[0] = 1), 30); // and nobody notifies
        else console.log(message);
      });
    } else {
      const array = shm.get(workerData, 'Int32Array');
      let result = 'not-equal';
      // Once more, if this thread was too slow to begin in time.
      for (let tries = 0; tries < 20 && result === 'not-equal'; tries++) {
        array[0] = 0;
        parentPort.postMessage('waits');
        result = shm.wait(array, 0, 0, 5000);
      }
      parentPort.postMessage(result);
    }`,
    { env },
  );
  t.equal(code, 0, stderr);
  t.equal(stdout.split('\n')[0], 'ok');
});
