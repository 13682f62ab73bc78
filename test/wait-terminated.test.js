'use strict';
// A script that waits is terminated, or fails half-way: what would have woken it is the next one's.

const test = require('tape');
const { Worker, freshName, isBun, isDeno, nextMessage, nodeMajor, runCode, shm } = require('./support');
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

test('what ends such a wait passes on a notification that has come before', { skip: isBun || isDeno ? 'the kernel wakes by threads there' : false }, async (t) => {
  const array = shm.create(4, 'Int32Array', freshName());
  await shm.waitAsync(array, 0, 0, { timeout: 0 });
  await new Promise((resolve) => setTimeout(resolve, 200)); // no timer of an earlier call
  const { setTimeout: real } = clock;
  clock.setTimeout = (...args) => {
    if (args[1] > 3000) throw new RangeError('Maximum call stack size exceeded');
    return real(...args);
  };
  const failed = await shm.waitAsync(array, 0, 0, { timeout: 4000 }).catch((error) => error);
  clock.setTimeout = real;
  t.ok(failed instanceof RangeError);
  t.equal(shm.notify(array, 0, 1), 1, 'it is in the queue');
  t.equal(await shm.waitAsync(array, 0, 0, { timeout: 5000, ref: true }), 'ok');
  shm.destroy(array);
});
