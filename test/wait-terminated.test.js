'use strict';
// A script that waits is terminated, or fails half-way: what would have woken it is the next one's.

const test = require('tape');
const { Worker, forkCode, freshName, isBun, isDeno, isLinux, nextMessage, nodeMajor, runCode, shm, until } = require('./support');
const binding = require('../lib/runtime/binding');
const clock = require('../lib/runtime/clock');

const skip = (Worker === null && 'no worker_threads') || ((isBun || isDeno) && 'this runtime does not terminate scripts');

/** A worker whose script was terminated while it waited for word 0. Then it does `afterwards`. */
async function terminated(key, afterwards) {
  const worker = new Worker(`
    const shm = require(${JSON.stringify(require.resolve('..'))});
    const { parentPort } = require('worker_threads');
    const array = shm.get(${JSON.stringify(key)}, 'Int32Array');
    const wait = () => shm.wait(array, 0, 0);
    try {
      require('vm').runInNewContext('wait()', { wait }, { timeout: 150 });
    } catch (error) {
      parentPort.postMessage(error.message);
    }
    ${afterwards}`, { eval: true });
  return { worker, message: await nextMessage(worker) };
}

// What the worker does behind it, and what is done to it when it has been notified.
const afterwards = {
  'waits for messages': ['parentPort.on("message", () => {});', () => {}],
  'waits again at once, for another word': ['shm.wait(array, 1, 0);', () => {}],
  'computes, and ends then': ["while (shm.wait(array, 2, 0, 1) !== 'not-equal');", (worker, array) => (array[2] = 1)],
  'computes, and is terminated then': ['for (;;);', (worker) => worker.terminate()],
};

for (const what of Object.keys(afterwards)) {
  test(`a wait that was ended by force takes no notification: its thread ${what}`, { skip }, async (t) => {
    const key = freshName();
    const array = shm.create(8, 'Int32Array', key);
    const [code, then] = afterwards[what];
    const found = await terminated(key, code);
    t.match(found.message, /timed out/);
    const next = shm.waitAsync(array, 0, 0, { timeout: 20000 });
    while (shm.notify(array, 0, 1) === 0);
    then(found.worker, array);
    t.equal(await next, 'ok');
    await found.worker.terminate();
    shm.destroy(key);
  });
}

test('a call that is ended by force before its wait has a promise leaves none that takes a notification', { skip: skip || (nodeMajor < 12 && 'this runtime ends by the timeout of vm if a promise is being made') }, async (t) => {
  // Waits that have a promise end by themselves.
  const program = `(async () => {
    const array = shm.create(4, 'Int32Array', ${JSON.stringify(freshName())});
    const known = [];
    const begin = () => {
      known.push(shm.waitAsync(array, 0, 0, { timeout: 50, ref: true }).catch(() => {}));
    };
    begin(); // all is loaded
    for (let script = 0; script < 20; script++) {
      try {
        require('vm').runInNewContext('for (;;) begin()', { begin }, { timeout: 2 });
      } catch (error) {
        if (error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      }
    }
    await Promise.all(known);
    const next = shm.waitAsync(array, 0, 0, { timeout: 5000, ref: true });
    shm.notify(array, 0, 1);
    console.log(await next, shm.notify(array, 0));
    shm.destroy(array);
    process.exit();
  })();`;
  const { stdout, stderr } = await runCode(program);
  t.equal(stdout, 'ok 0\n', stderr);
});

/** Begins a wait for word 0 that has no promise, as if there were no stack for its timer; timers of 100 ms are set by `watch`. */
async function failingWait(t, array, watch) {
  const { setTimeout: real } = clock;
  clock.setTimeout = (action, milliseconds, ...args) => {
    if (milliseconds > 3000) throw new RangeError('Maximum call stack size exceeded');
    return (milliseconds === 100 ? watch : real)(action, milliseconds, ...args);
  };
  const error = await shm.waitAsync(array, 0, 0, { timeout: 4000 }).catch((failure) => failure);
  clock.setTimeout = real;
  t.ok(error instanceof RangeError);
}

const noQueue = (!isLinux || isBun || isDeno) && 'waits by the way of Node.js on Linux';

test('a wait without a promise is ended by a timer', async (t) => {
  const array = shm.create(4, 'Int32Array', freshName());
  await new Promise((resolve) => setTimeout(resolve, 200)); // no timer of an earlier call
  const { cancelWait } = binding;
  const cancelled = [];
  binding.cancelWait = (id) => {
    cancelled.push(id);
    return cancelWait(id);
  };
  await failingWait(t, array, clock.setTimeout);
  await until(() => cancelled.length > 0, 'it ends');
  binding.cancelWait = cancelWait;
  t.equal(cancelled.length, 1);
  shm.destroy(array);
});

test('the next call ends such a wait, and passes on a notification that has come before', { skip: noQueue }, async (t) => {
  const array = shm.create(4, 'Int32Array', freshName());
  await failingWait(t, array, clock.setTimeout);
  t.equal(shm.notify(array, 0, 1), 1, 'it is in the queue');
  t.equal(await shm.waitAsync(array, 0, 0, { timeout: 5000 }), 'ok');
  shm.destroy(array);
});

test('so does the notification itself', { skip: noQueue }, async (t) => {
  const key = freshName();
  const array = shm.create(4, 'Int32Array', key);
  await new Promise((resolve) => setTimeout(resolve, 200)); // no timer of an earlier call
  await failingWait(t, array, () => ({ unref() {} })); // none of this one either
  const other = forkCode(`
    const array = shm.get(${JSON.stringify(key)}, 'Int32Array');
    shm.waitAsync(array, 0, 0, { timeout: 10000 }).then((result) => process.send(result));
    shm.waitAsync(array, 1, 0).then(() => process.disconnect());
    process.send('waits');`);
  t.equal(await nextMessage(other), 'waits');
  shm.notify(array, 0, 1);
  t.equal(await nextMessage(other), 'ok');
  shm.notify(array, 1);
  shm.destroy(key);
});
