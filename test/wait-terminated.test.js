'use strict';
// A script that waits is terminated: what would have woken it is the next one's.

const test = require('tape');
const { Worker, freshName, isBun, isDeno, nextMessage, shm } = require('./support');

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
