'use strict';
// How JavaScript is told of asynchronous waits that have ended: from the event loop, whatever else a
// thread does meanwhile, and until the thread ends.

const test = require('tape');
const { freshKey, freshName, isDeno, isLinux, runCode, shm, Worker } = require('./support');
const { hasExactWaits } = require('./waiting');

const own = { ref: true };
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const noWorkers = Worker === null && 'no worker_threads';

test('more waits end at once than the kernel has room for', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const waits = [];
  for (let i = 0; i < 10000; i++) waits.push(shm.waitAsync(array, 0, 0, own));
  array[0] = 1;
  const woken = shm.notify(array, 0);
  if (hasExactWaits) t.equal(woken, 10000);
  t.deepEqual(Array.from(new Set(await Promise.all(waits))), ['ok']);
  t.equal(shm.notify(array, 0), 0);
  shm.destroy(key);
});

test('a thread that blocks or computes when its waits end is told afterwards', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const compute = () => {
    for (const end = Date.now() + 30; Date.now() < end; );
  };
  for (const work of [() => shm.wait(array, 9, 0, 30), compute]) {
    let ended = 0;
    array[0] = 0;
    const waits = Array.from({ length: 100 }, () => shm.waitAsync(array, 0, 0, own).then(() => ended++));
    await later(30); // so that they have begun everywhere
    array[0] = 1;
    shm.notify(array, 0);
    work();
    t.equal(ended, 0);
    await Promise.all(waits);
    t.equal(ended, 100);
  }
  shm.destroy(key);
});

test('waits that end without end let timers run', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  let isOver = false;
  setTimeout(() => (isOver = true), 50);
  for (let round = 0; !isOver && round < 1e6; round++) {
    array[0] = round;
    const wait = shm.waitAsync(array, 0, round, own);
    array[0] = -1;
    shm.notify(array, 0);
    await wait;
  }
  t.ok(isOver);
  shm.destroy(key);
});

test('what is thrown when a wait ends is uncaught, and takes no other wait along', async (t) => {
  const end = await runCode(`
    const array = shm.create(10, 'Int32Array', ${freshKey()});
    process.on('uncaughtException', (error) => console.log(error.message));
    const fail = () => { throw new Error('thrown'); };
    for (let i = 0; i < 3; i++) {
      const signal = { aborted: false, addEventListener() {}, removeEventListener: fail };
      shm.waitAsync(array, 0, 0, { signal, ref: true }).then((result) => console.log(result));
      shm.waitAsync(array, 0, 0, { ref: true }).then(() => process.nextTick(fail));
      shm.waitAsync(array, 0, 0, { ref: true }).then((result) => console.log(result));
    }
    setTimeout(() => { array[0] = 1; shm.notify(array, 0); }, 50);`);
  t.equal(end.code, 0, end.stderr);
  const lines = end.stdout.split('\n').sort();
  t.equal(lines.filter((line) => line === 'thrown').length, 6, end.stdout);
  t.equal(lines.filter((line) => line === 'ok').length, 6);
});

test('a wait whose call was ended half-way harms nobody when it ends', async (t) => {
  const end = await runCode(`
    const pending = require(${JSON.stringify(require.resolve('../lib/wait/pending'))});
    const array = shm.create(10, 'Int32Array', '${freshName()}');
    const { add } = pending;
    pending.add = () => { throw new RangeError('Maximum call stack size exceeded'); };
    shm.waitAsync(array, 0, 0).catch((error) => console.log(error.message));
    pending.add = add;
    shm.waitAsync(array, 0, 0).then((result) => console.log(result));
    setTimeout(() => { array[0] = 1; shm.notify(array, 0); }, 50);`);
  t.deepEqual([end.code, end.stdout], [0, 'Maximum call stack size exceeded\nok\n'], end.stderr);
});

test('process.exit where a wait has ended ends the process', async (t) => {
  const end = await runCode(`
    const array = shm.create(10, 'Int32Array', ${freshKey()});
    for (let i = 0; i < 100; i++) shm.waitAsync(array, 0, 0, { ref: true }).then(() => process.exit(7));
    setTimeout(() => { array[0] = 1; shm.notify(array, 0); }, 50);`);
  t.deepEqual([end.code, end.signal], [7, null], end.stderr);
});

// It stops all threads while one sleeps in io_uring_enter.
const noReaper = /valgrind/.test(process.env.SHM_TEST_EXEC || '') && 'valgrind';

for (const way of isLinux ? ['reaper', 'many', 'single'] : ['single']) {
  test(`waits end where a system has a lesser way only: ${way}`, { skip: way === 'reaper' && noReaper }, async (t) => {
    const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_WAITS: way });
    const end = await runCode(`
      const array = shm.create(10, 'Int32Array', ${freshKey()});
      const gone = shm.create(10, 'Int32Array', ${freshKey()});
      const waits = [];
      const wait = (from, index, options) => waits.push(shm.waitAsync(from, index, 0, options).catch((error) => error.code));
      for (let i = 0; i < 200; i++) {
        wait(array, 0, { ref: true });
        wait(array, 1, { ref: true, timeout: 20 + i });
        wait(gone, 2, { ref: true });
      }
      wait(array, 3, { ref: false });
      setTimeout(() => { array[0] = 1; shm.notify(array, 0); shm.destroy(gone.key); }, 50);
      Promise.all(waits.slice(0, -1)).then((results) => {
        for (let i = 0; i < 3; i++) console.log(Array.from(new Set(results.filter((_, at) => at % 3 === i))).join());
      });`, { env });
    t.deepEqual([end.code, end.signal], [0, null], end.stderr);
    t.deepEqual(end.stdout.split('\n').slice(0, 3), ['ok', 'timed-out', 'ERR_SHM_DETACHED']);
  });
}

// What a worker does after its first wait has ended, with others pending.
const endings = {
  'is terminated while it computes': 'for (;;) ;',
  'is terminated while waits end all the time': 'const again = () => { shm.waitAsync(array, 1, 0, { ref: true }).then(again); shm.notify(array, 1); }; again();',
  'calls process.exit': 'process.exit();',
  'waits at its exit': "process.on('exit', () => { shm.waitAsync(array, 2, 0).catch(() => {}); }); process.exit();",
  'throws': "process.nextTick(() => { throw new Error('thrown'); });",
  'detaches and waits again': "shm.detachAll(); shm.waitAsync(shm.get(key, 'Int32Array'), 2, 0, { ref: true }).catch(() => {});",
};

test('a worker ends in any way, and its waits with it', { skip: noWorkers }, async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  for (const name of Object.keys(endings)) {
    for (let round = 0; round < 4; round++) {
      const worker = new Worker(
        `const shm = require(${JSON.stringify(require.resolve('..'))});
        const key = ${key};
        const array = shm.get(key, 'Int32Array');
        for (let i = 0; i < 20; i++) shm.waitAsync(array, 3, 0, i % 2 ? { timeout: 1000 } : { ref: true }).catch(() => {});
        shm.waitAsync(array, 4, 0, { ref: true, timeout: 1 }).then(() => {
          require('worker_threads').parentPort.postMessage('ended');
          ${endings[name]}
        });`,
        { eval: true },
      );
      worker.on('error', () => {});
      const exit = new Promise((resolve) => worker.once('exit', resolve));
      await Promise.race([exit, new Promise((resolve) => worker.once('message', resolve))]);
      await later(round * 2);
      await worker.terminate();
      await exit;
    }
    const left = shm.notify(array, 3);
    t.ok(left === 0 || isDeno, name); // Deno says that a worker has ended a little too early
  }
  shm.destroy(key);
});
