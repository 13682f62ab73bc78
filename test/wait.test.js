'use strict';
// wait, waitAsync and notify: what Atomics.wait and Atomics.notify promise, across processes.

const test = require('tape');
const support = require('./support');
const { copyOfPackage, forkFixture, freshKey, freshKeys, freshName, nextMessage, shm, thrownBy, until } = support;
const { hasAbort, hasExactWaits, hasWorkers, startWorker } = require('./waiting');

const own = { ref: true };

/** A child that waits for a word; it has said so, which is shortly before it sleeps. */
async function childThat(...command) {
  const child = forkFixture('sleeper.js');
  child.send(command);
  await nextMessage(child);
  return child;
}

/** Notifies until somebody has been woken. */
function notifySomebody(array, index, count) {
  let woken = 0;
  return until(() => (woken = shm.notify(array, index, count)) > 0, 'a waiter').then(() => woken);
}

test('wait compares, then sleeps until the timeout', (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(10, 'Int32Array', key);
    array[3] = -1;
    t.equal(shm.wait(array, 3, 0), 'not-equal');
    t.equal(shm.wait(array, 3, 0, 0), 'not-equal');
    t.equal(shm.wait(array, 3, -1, 0), 'timed-out');
    t.equal(shm.wait(array, 3, 2 ** 32 - 1, -5), 'timed-out', 'the value as an Int32Array holds it');
    const started = process.hrtime();
    t.equal(shm.wait(array, 9, 0, 50.5), 'timed-out');
    const [seconds, nanoseconds] = process.hrtime(started);
    t.ok(seconds * 1000 + nanoseconds / 1e6 >= 50.5, 'not too early');
    t.equal(shm.notify(array, 3), 0, 'nobody waits');
    shm.destroy(key);
  }
  t.end();
});

for (const command of ['wait', 'waitAsync']) {
  test(`${command} is woken by another process`, async (t) => {
    for (const key of freshKeys()) {
      const array = shm.create(10, 'Int32Array', key);
      const child = await childThat(command, key, 7, 0);
      const result = nextMessage(child);
      t.equal(await notifySomebody(array, 7), 1);
      t.equal(await result, 'ok', String(key));
      child.disconnect();
      shm.destroy(key);
    }
  });

  test(`${command}: a count wakes that many, other words sleep on`, async (t) => {
    const key = freshName();
    const array = shm.create(10, 'Int32Array', key);
    const children = [];
    for (let i = 0; i < 3; i++) children.push(await childThat(command, key, 1, 0));
    const other = await childThat(command, key, 2, 0, 100000);
    let ended = 0;
    const results = children.map((child) => nextMessage(child).then((result) => (ended++, result)));
    t.equal(shm.notify(array, 1, 0), 0, 'a count of 0 wakes nobody');
    t.equal(await notifySomebody(array, 1, 1), 1);
    await until(() => ended === 1, 'the one who was woken');
    let left = 2;
    await until(() => (left -= shm.notify(array, 1)) === 0, 'the others');
    t.deepEqual(await Promise.all(results), ['ok', 'ok', 'ok']);
    const last = nextMessage(other);
    await notifySomebody(array, 2);
    t.equal(await last, 'ok');
    children.concat(other).forEach((child) => child.disconnect());
    shm.destroy(key);
  });
}

test('a process is woken by a child, and through another mapping of its own', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const child = forkFixture('sleeper.js');
  const woken = shm.waitAsync(array, 0, 0, own);
  child.send(['notify', key, 0]);
  t.equal(await woken, 'ok');
  child.disconnect();
  const other = shm.get(key, 'Int32Array');
  const again = shm.waitAsync(other, 0, 0, own);
  await notifySomebody(array, 0);
  t.equal(await again, 'ok');
  shm.destroy(key);
});

test('waitAsync compares, then waits until the timeout', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  t.equal(await shm.waitAsync(array, 0, 1), 'not-equal');
  t.equal(await shm.waitAsync(array, 0, 1, { timeout: 0 }), 'not-equal');
  t.equal(await shm.waitAsync(array, 0, 0, { timeout: 0 }), 'timed-out');
  const started = Date.now();
  t.equal(await shm.waitAsync(array, 0, 0, { timeout: 50, ref: true }), 'timed-out');
  t.ok(Date.now() - started >= 49, 'not too early');
  await until(() => shm.notify(array, 0) === 0, 'the end of the wait');
  shm.destroy(key);
});

const inexact = !hasExactWaits && 'exact asynchronous waits need io_uring (Linux 6.7)';

test('waitAsync has begun when it returns; counts and order are exact', { skip: inexact }, async (t) => {
  const key = freshName();
  const array = shm.create(10, 'Int32Array', key);
  const order = [];
  const waits = [0, 1, 2, 3, 4].map((number) =>
    shm.waitAsync(array, 5, 0, own).then((result) => order.push(`${number} ${result}`)),
  );
  t.equal(shm.notify(array, 4), 0);
  t.equal(shm.notify(array, 5, 2), 2);
  await until(() => order.length === 2, 'two waits');
  t.deepEqual(order, ['0 ok', '1 ok'], 'who waits longest comes first');
  array[5] = 1;
  t.equal(shm.notify(array, 5, 1), 1, 'a new value by itself wakes nobody');
  t.equal(shm.notify(array, 5), 2);
  t.equal(shm.notify(array, 5), 0);
  await Promise.all(waits);
  t.deepEqual(order.slice(2), ['2 ok', '3 ok', '4 ok']);
  shm.destroy(key);
});

test('10,000 waits: notified, timed out, aborted or detached, all settle', async (t) => {
  const [key, gone] = freshKeys();
  const array = shm.create(1000, 'Int32Array', key);
  const doomed = shm.create(1000, 'Int32Array', gone);
  const controllers = [];
  const signal = () => {
    if (hasAbort) controllers.push(new AbortController());
    return hasAbort ? controllers[controllers.length - 1].signal : undefined;
  };
  const waits = [];
  const note = (promise) => waits.push(promise.catch((error) => error.code || error.name));
  for (let i = 0; i < 2500; i++) {
    note(shm.waitAsync(array, i % 400, 0, own));
    note(shm.waitAsync(array, 400 + (i % 300), 0, { ref: true, timeout: 100 + (i % 50) }));
    note(shm.waitAsync(array, 700 + (i % 300), 0, { ref: true, signal: signal() }));
    note(shm.waitAsync(doomed, i % 1000, 0, own));
  }
  controllers.forEach((controller) => controller.abort());
  if (!hasAbort) for (let i = 700; i < 1000; i++) array[i] = 1;
  for (let i = 0; i < 400; i++) array[i] = 1;
  for (let i = 0; i < 1000; i++) if (i < 400 || i >= 700) shm.notify(array, i);
  shm.destroy(gone);
  const results = await Promise.all(waits);
  const ended = [0, 1, 2, 3].map((kind) => new Set(results.filter((_, i) => i % 4 === kind)));
  t.deepEqual(Array.from(ended[0]), ['ok']);
  t.deepEqual(Array.from(ended[1]), ['timed-out']);
  t.equal(ended[2].size, 1);
  t.deepEqual(Array.from(ended[3]), ['ERR_SHM_DETACHED']);
  shm.destroy(key);
});

test('an AbortSignal ends a wait with its reason', { skip: !hasAbort && 'no AbortController' }, async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const rejection = (signal) => shm.waitAsync(array, 0, 0, { signal, ref: true }).catch((error) => error);
  const early = new AbortController();
  early.abort();
  t.equal((await rejection(early.signal)).name, 'AbortError');
  const late = new AbortController();
  const waiting = rejection(late.signal);
  late.abort();
  t.equal((await waiting).name, 'AbortError');
  await until(() => shm.notify(array, 0) === 0, 'the end of the wait');
  const unused = new AbortController();
  const woken = shm.waitAsync(array, 0, 0, { signal: unused.signal, ref: true });
  await notifySomebody(array, 0);
  t.equal(await woken, 'ok');
  unused.abort();
  shm.destroy(key);
});

test('a detach ends waits on that memory and no others', async (t) => {
  for (const [end, endsAll] of [
    [(key) => shm.detach(key), false],
    [(key) => shm.destroy(key), false],
    [() => shm.detachAll(), true],
  ]) {
    const [key, other] = freshKeys();
    const array = shm.create(10, 'Int32Array', key);
    const kept = shm.create(10, 'Int32Array', other);
    const keptWait = shm.waitAsync(kept, 0, 0, own).catch((error) => error.code);
    const wait = shm.waitAsync(array, 0, 0, own).catch((error) => error.code);
    end(key);
    t.equal(await wait, 'ERR_SHM_DETACHED');
    if (!endsAll) await notifySomebody(kept, 0);
    t.equal(await keptWait, endsAll ? 'ERR_SHM_DETACHED' : 'ok');
    const codes = [() => shm.wait(array, 0, 0), () => shm.notify(array, 0)].map((call) => thrownBy(call).code);
    codes.push(await shm.waitAsync(array, 0, 0).catch((error) => error.code));
    t.deepEqual(codes, Array(3).fill('ERR_SHM_DETACHED'));
    shm.destroy(key);
    shm.destroy(other);
  }
});

test('copies of the package on one addon wait, and a detach by one leaves the waits of another alone', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const again = copyOfPackage({ addon: false });
  const theirs = again.get(key, 'Int32Array');
  const code = (error) => error.code;
  const waits = [shm.waitAsync(array, 0, 0, own).catch(code), again.waitAsync(theirs, 0, 0, own).catch(code)];
  again.detachAll();
  t.equal(await waits[1], 'ERR_SHM_DETACHED');
  await until(() => shm.notify(array, 0) === 1, 'the wait to be woken');
  t.equal(await waits[0], 'ok');
  shm.destroy(key);
});

test('wrong arguments are errors that name them', async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const cases = [
    [[[], 0, 0], 'ERR_INVALID_ARG_TYPE', 'int32Array'],
    [[undefined, 0, 0], 'ERR_INVALID_ARG_TYPE', 'int32Array'],
    [[shm.get(key, 'Uint32Array'), 0, 0], 'ERR_INVALID_ARG_TYPE', 'int32Array'],
    [[shm.get(key, 'Float64Array'), 0, 0], 'ERR_INVALID_ARG_TYPE', 'int32Array'],
    [[new Int32Array(10), 0, 0], 'ERR_INVALID_ARG_VALUE', 'int32Array'],
    [[array, '0', 0], 'ERR_INVALID_ARG_TYPE', 'index'],
    [[array, -1, 0], 'ERR_OUT_OF_RANGE', 'index'],
    [[array, 10, 0], 'ERR_OUT_OF_RANGE', 'index'],
    [[array, 0.5, 0], 'ERR_OUT_OF_RANGE', 'index'],
    [[array.subarray(2, 4), 2, 0], 'ERR_OUT_OF_RANGE', 'index'],
  ];
  const only = {
    wait: [[[array, 0, '0'], 'ERR_INVALID_ARG_TYPE', 'value'], [[array, 0, 0, '1'], 'ERR_INVALID_ARG_TYPE', 'timeout']],
    notify: [
      [[array, 0, '1'], 'ERR_INVALID_ARG_TYPE', 'count'],
      [[array, 0, -1], 'ERR_OUT_OF_RANGE', 'count'],
      [[array, 0, NaN], 'ERR_OUT_OF_RANGE', 'count'],
    ],
    waitAsync: [
      [[array, 0, {}], 'ERR_INVALID_ARG_TYPE', 'value'],
      [[array, 0, 0, 5], 'ERR_INVALID_ARG_TYPE', 'options'],
      [[array, 0, 0, { timeout: '1' }], 'ERR_INVALID_ARG_TYPE', 'timeout'],
      [[array, 0, 0, { signal: {} }], 'ERR_INVALID_ARG_TYPE', 'signal'],
      [[array, 0, 0, { signal: { aborted: false } }], 'ERR_INVALID_ARG_TYPE', 'signal'],
      [[array, 0, 0, { ref: 1 }], 'ERR_INVALID_ARG_TYPE', 'ref'],
      [[array, 0, 0, { timeuot: 1 }], 'ERR_INVALID_ARG_VALUE', 'timeuot'],
    ],
  };
  for (const name of Object.keys(only)) {
    for (const [args, code, argument] of cases.concat(only[name])) {
      const call = name === 'notify' && args.length === 3 && args[2] === 0 ? args.slice(0, 2) : args;
      const attempt = new Promise((resolve) => resolve(shm[name](...call)));
      const error = await attempt.catch((thrown) => thrown);
      t.ok(error.code === code && error.message.includes(argument), `${name}: ${error.message}`);
    }
  }
  t.equal(shm.wait(array.subarray(2, 4), 1, 0, 0), 'timed-out', 'a part of an array will do');
  shm.destroy(key);
});

test('private memory has no words to wait for', async (t) => {
  for (const key of freshKeys()) {
    shm.create(10, 'Int32Array', key);
    const copy = shm.get(key, 'Int32Array', { copyOnWrite: true });
    const codes = [() => shm.wait(copy, 0, 0, 0), () => shm.notify(copy, 0), () => new shm.Mutex(copy, 0)].map((call) => thrownBy(call).code);
    codes.push(await shm.waitAsync(copy, 0, 0, { timeout: 0 }).catch((error) => error.code));
    t.deepEqual(codes, Array(4).fill('ERR_INVALID_ARG_VALUE'), String(key));
    if (typeof key === 'string') {
      const watched = shm.get(key, 'Int32Array', { readOnly: true });
      t.match(thrownBy(() => shm.wait(watched, 0, 0, 0)).message, /not by readOnly or copyOnWrite/);
    }
    shm.destroy(key);
  }
});

test("options are the caller's own", async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const inherit = Object.create({ timeout: 1 });
  const waits = [shm.waitAsync(array, 0, 0, inherit)];
  Object.prototype.timeout = 1;
  try {
    waits.push(shm.waitAsync(array, 0, 0, {}), shm.waitAsync(array, 0, 0));
  } finally {
    delete Object.prototype.timeout;
  }
  await new Promise((resolve) => setTimeout(resolve, 30));
  array[0] = 1;
  shm.notify(array, 0);
  t.deepEqual(await Promise.all(waits), ['ok', 'ok', 'ok'], 'none has timed out');
  shm.destroy(key);
});

test('the order is exact among more waits than are kept together', { skip: inexact }, async (t) => {
  const key = freshName();
  const array = shm.create(10, 'Int32Array', key);
  const order = [];
  const waits = Array.from({ length: 3000 }, (_, number) => shm.waitAsync(array, 5, 0).then(() => order.push(number)));
  const count = shm.notify(array, 5, 1500) + shm.notify(array, 5);
  await Promise.all(waits);
  t.equal(count, 3000);
  t.ok(order.every((number, index) => number === index));
  shm.destroy(key);
});

test('a pending wait keeps the process alive, unless asked not to', async (t) => {
  const array = 'const a = shm.create(10, "Int32Array"); const say = (r) => { console.log(r); };';
  const ends = await support.runCode(`${array} shm.waitAsync(a, 0, 0, { timeout: 100000, ref: false }).then(say);`);
  t.deepEqual([ends.code, ends.signal, ends.stdout.includes('ok')], [0, null, false], ends.stderr);
  const stays = await support.runCode(`${array} shm.waitAsync(a, 0, 0, { timeout: 200 }).then(say);`);
  t.equal(stays.code, 0);
  t.ok(stays.stdout.startsWith('timed-out'), stays.stderr);
});

test('process.exit with waits pending ends the process', async (t) => {
  const code = `const a = shm.create(10, 'Int32Array', ${freshKey()});
    for (let i = 0; i < 300; i++) shm.waitAsync(a, i % 10, 0, { ref: true });
    setTimeout(() => process.exit(7), 50);`;
  const end = await support.runCode(code);
  t.deepEqual([end.code, end.signal], [7, null], end.stderr);
});

const noWorkers = !hasWorkers && 'no worker_threads';

test('worker threads wait and are woken, blocking and not', { skip: noWorkers }, async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  for (const command of ['wait', 'waitAsync']) {
    const worker = startWorker(command, key);
    await notifySomebody(array, 0);
    t.equal(await nextMessage(worker), 'ok', command);
    await worker.terminate();
  }
  shm.destroy(key);
});

test('a blocked or waiting worker can be terminated', { skip: noWorkers }, async (t) => {
  const key = freshName();
  const array = shm.create(10, 'Int32Array', key);
  for (const command of ['wait', 'waitAsync']) {
    for (let i = 0; i < 5; i++) {
      const worker = startWorker(command, key);
      const begun = new Promise((resolve) => worker.once('online', resolve));
      await begun;
      if (i % 2 === 0) await until(() => array[1] > 0, 'the wait');
      array[1] = 0;
      await worker.terminate();
    }
    t.pass(command);
  }
  shm.destroy(key);
});

test('a long wait in a worker outlasts its looking up', { skip: noWorkers }, async (t) => {
  const key = freshKey();
  shm.create(10, 'Int32Array', key);
  const worker = startWorker('wait', key, 350);
  t.equal(await nextMessage(worker), 'timed-out');
  await worker.terminate();
  shm.destroy(key);
});

const noPlace = noWorkers || inexact;

test('workers are woken in the order in which they began to wait', { skip: noPlace }, async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const workers = [];
  const order = [];
  for (let number = 0; number < 6; number++) {
    array[1] = 0;
    const worker = startWorker('wait', key);
    worker.on('message', () => order.push(number));
    workers.push(worker);
    await until(() => array[1] === 1, 'the worker');
    await new Promise((resolve) => setTimeout(resolve, 37)); // so that they look up at different times
  }
  await new Promise((resolve) => setTimeout(resolve, 150));
  for (let number = 0; number < 6; number++) {
    await notifySomebody(array, 0, 1);
    await until(() => order.length === number + 1, 'the next one');
  }
  t.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  for (const worker of workers) await worker.terminate();
  shm.destroy(key);
});

test("a new value alone does not end a worker's wait", { skip: noPlace }, async (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key);
  const worker = startWorker('wait', key, 400);
  await until(() => array[1] === 1, 'the worker');
  await new Promise((resolve) => setTimeout(resolve, 50));
  array[0] = 1;
  t.equal(await nextMessage(worker), 'timed-out');
  await worker.terminate();
  shm.destroy(key);
});
