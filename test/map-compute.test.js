'use strict';
// SharedMap.compute: of all calls that want the value of a key, one computes it.

const test = require('tape');
const clock = require('../lib/runtime/clock');
const owners = require('../lib/runtime/owner');
const { execPath, forkCode, freshName, isDeno, isLinux, nextMessage, nodeMajor, shm } = require('./support');

const skip = nodeMajor < 16 && 'SharedMap needs Node 16';
const skipProcesses = skip || (isDeno && 'Deno forks otherwise') || (execPath !== process.execPath && 'starts processes');

function freshMap(t, options) {
  const map = new shm.SharedMap(freshName(), Object.assign({ bytes: 300000 }, options));
  t.teardown(() => map.destroy());
  return map;
}

/** A promise, and what settles it. */
function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

const rejection = (promise) => promise.then(() => null, (error) => error);

test('many calls, one computation', { skip }, async (t) => {
  const map = freshMap(t);
  const other = new shm.SharedMap(map.key);
  let calls = 0;
  const value = deferred();
  const callback = () => {
    calls++;
    return value.promise;
  };
  const all = Array.from({ length: 20 }, (_, index) => (index % 2 ? map : other).compute('key', callback, { ttl: 60000 }));
  await map.compute('another', () => 1);
  t.equal(map.get('key'), undefined, 'a claim is no value');
  t.deepEqual(Array.from(map.keys()), ['another'], 'and does not show');
  t.equal(map.has('key') || map.replace('key', 1), false);
  value.resolve({ rates: [1, 2] });
  for (const result of await Promise.all(all)) t.deepEqual(result, { rates: [1, 2] });
  t.equal(calls, 1);
  t.deepEqual(map.get('key'), { rates: [1, 2] });
  t.equal(map.size, 2, 'the claim is gone');
  t.deepEqual(await map.compute('key', callback), { rates: [1, 2] });
  t.equal(calls, 1, 'what is there is not computed');
});

test('stale: the old value for those who do not compute', { skip }, async (t) => {
  const map = freshMap(t);
  const { time } = clock;
  t.teardown(() => (clock.time = time));
  let now = 1e12;
  clock.time = () => now;
  await map.compute('key', () => 'old', { ttl: 100 });
  now += 150;
  const value = deferred();
  const computing = map.compute('key', () => value.promise, { ttl: 100, stale: 200 });
  t.equal(await map.compute('key', () => 'not called', { stale: 200 }), 'old');
  const waiting = map.compute('key', () => 'not called');
  now += 200;
  const late = map.compute('key', () => 'not called', { stale: 200 });
  value.resolve('new');
  t.deepEqual(await Promise.all([computing, waiting, late]), ['new', 'new', 'new'], 'longer than that they wait');
});

test('an error is that of its call, and the next one computes', { skip }, async (t) => {
  const map = freshMap(t);
  let calls = 0;
  const callback = async () => {
    if (++calls < 3) throw new Error(`failure ${calls}`);
    return 'value';
  };
  const results = await Promise.all([1, 2, 3, 4].map(() => map.compute('key', callback).catch((error) => error.message)));
  t.deepEqual(results.sort(), ['failure 1', 'failure 2', 'value', 'value']);
  t.equal((await rejection(map.compute('thrown', () => { throw new Error('at once'); }))).message, 'at once');
  t.equal(await map.compute('nothing', () => undefined), undefined);
  t.equal(map.has('nothing'), false, 'undefined is not stored');
  t.equal((await rejection(map.compute('large', () => 'x'.repeat(1e6)))).code, 'ERR_SHM_ENTRY_SIZE');
  t.equal(await map.compute('large', () => 'small'), 'small', 'and the claim is gone');
  t.equal(map.size, 2);
  let called = 0;
  t.equal((await rejection(map.compute('x'.repeat(65000), () => ++called))).code, 'ERR_SHM_ENTRY_SIZE', 'a key that is too long for a claim');
  const circular = {};
  circular.self = circular;
  t.equal((await rejection(map.compute('circular', () => circular))).code, 'ERR_INVALID_ARG_TYPE');
  t.deepEqual([called, map.size, map.stats().repairs], [0, 2, 0], 'which nobody has died of');
});

test('arguments, timeouts and signals', { skip: skip || (typeof AbortController === 'undefined' && 'no AbortController') }, async (t) => {
  const map = freshMap(t);
  t.equal((await rejection(map.compute('key'))).code, 'ERR_INVALID_ARG_TYPE');
  t.equal((await rejection(map.compute(1, () => 1))).code, 'ERR_INVALID_ARG_TYPE');
  t.equal((await rejection(map.compute('key', () => 1, { stall: 1 }))).code, 'ERR_INVALID_ARG_VALUE');
  t.ok((await rejection(map.compute('key', () => 1, 1000))).message.includes('{ ttl: 1000 }'));
  const value = deferred();
  const first = map.compute('key', () => value.promise);
  const error = await rejection(map.compute('key', () => 1, { timeout: 30 }));
  t.equal(error.code, 'ERR_SHM_TIMED_OUT', error.message);
  t.ok(error.message.includes("'key'") && error.message.includes(map.key) && error.message.includes('30 ms'));
  const controller = new AbortController();
  const waiting = rejection(map.compute('key', () => 1, { signal: controller.signal }));
  controller.abort();
  t.equal((await waiting).name, 'AbortError');
  t.equal((await rejection(map.compute('key', () => 1, { signal: controller.signal }))).name, 'AbortError', 'before it begins');
  value.resolve(5);
  t.equal(await first, 5);
  const own = new AbortController();
  let seen;
  const aborted = rejection(map.compute('own', ({ signal }) => { seen = signal; return new Promise(() => undefined); }, { signal: own.signal }));
  await map.compute('another', () => 1);
  own.abort();
  t.equal((await aborted).name, 'AbortError');
  t.equal(seen, own.signal, 'the callback gets the signal');
  t.equal(await map.compute('own', () => 2), 2, 'and the next call computes');
  const reader = new shm.SharedMap(map.key, { readOnly: true });
  t.equal(await reader.compute('own', () => 3), 2);
  t.equal((await rejection(reader.compute('missing', () => 3))).code, 'ERR_SHM_READ_ONLY');
});

test('claims outlive eviction, and end with clear and detach', { skip }, async (t) => {
  const map = freshMap(t, { bytes: 18000, entries: 40, maxEntry: 1024, evict: true });
  const value = deferred();
  let calls = 0;
  const computing = map.compute('key', () => (calls++, value.promise));
  await new Promise((resolve) => setImmediate(resolve));
  for (let index = 0; index < 1000; index++) map.set(`key ${index}`, 'x'.repeat(900));
  const other = map.compute('key', () => (calls++, 'other'));
  value.resolve('value');
  t.deepEqual(await Promise.all([computing, other]), ['value', 'value']);
  t.equal(calls, 1);
  map.clear();
  const again = deferred();
  const forgotten = map.compute('key', () => again.promise);
  await new Promise((resolve) => setImmediate(resolve));
  map.clear();
  t.equal(await map.compute('key', () => 'after clear'), 'after clear');
  again.resolve('late');
  t.equal(await forgotten, 'late');
  map.clear();
  const second = new shm.SharedMap(map.key);
  const never = rejection(second.compute('key', () => new Promise((resolve) => setTimeout(resolve, 20, 1))));
  await new Promise((resolve) => setImmediate(resolve));
  second.detach();
  t.equal(await map.compute('key', () => 'of the next'), 'of the next', 'a detached object holds no claim');
  t.equal((await never).code, 'ERR_SHM_DETACHED');
});

/** Has the access of that number to the memory fail, from now on until the function that it returns is called. */
function failAt(step, { buffer }) {
  const names = ['store', 'compareExchange', 'add', 'load'];
  const real = names.map((name) => Atomics[name]);
  let left = step;
  names.forEach((name, index) => {
    Atomics[name] = (words, ...args) => {
      if (words.buffer === buffer && --left === 0) throw new Error('injected');
      return real[index](words, ...args);
    };
  });
  return () => {
    names.forEach((name, index) => (Atomics[name] = real[index]));
    return left <= 0;
  };
}

test('an exception at every step of a computation: the next call computes', { skip }, async (t) => {
  const map = freshMap(t);
  const other = new shm.SharedMap(map.key);
  const words = shm.get(map.key, 'Int32Array');
  let step = 1;
  for (; ; step++) {
    map.clear();
    const restore = failAt(step, words);
    await rejection(map.compute('key', async () => 1));
    const hasFailed = restore();
    const value = await other.compute('key', () => 2, { timeout: 5000 });
    if (value !== 1 && value !== 2) t.fail(`step ${step}: ${value}`);
    if (!hasFailed) break;
    await new Promise((resolve) => setTimeout(resolve, 120)); // a claim that could not be given back is tried again
    if (map.size !== 1) t.fail(`step ${step} leaves ${map.size} entries`);
  }
  t.ok(step > 20, `${step} steps`);
});

test('whoever waits for a map that is removed meanwhile is told', { skip: skip || (!isLinux && 'looks into /dev/shm') }, async (t) => {
  const map = freshMap(t);
  const value = deferred();
  const computing = map.compute('key', () => value.promise);
  const waiting = rejection(map.compute('key', () => 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  require('fs').unlinkSync(`/dev/shm${map.key}`);
  const error = await waiting;
  t.equal(error.code, 'ERR_SHM_REPLACED', error.message);
  t.equal(shm.isCurrent(map), false);
  value.resolve(1);
  t.equal(await computing, 1, 'the computation goes on');
});

const program = (name, body) => `
  const map = new shm.SharedMap(${JSON.stringify(name)}, { bytes: 300000 });
  const counts = shm.getOrCreate(4, 'Int32Array', ${JSON.stringify(`${name}-counts`)});
  process.on('message', async (first) => {
    ${body}
  });
  process.on('disconnect', () => process.exit());
  process.send('ready');`;

async function start(t, count, name, body) {
  const children = Array.from({ length: count }, () => forkCode(program(name, body)));
  t.teardown(() => {
    children.forEach((child) => child.connected && child.disconnect());
    [name, `${name}-counts`].forEach((key) => shm.destroy(key));
  });
  await Promise.all(children.map(nextMessage));
  return children;
}

test('of four processes one computes', { skip: skipProcesses }, async (t) => {
  const name = freshName();
  freshNameOf(`${name}-counts`);
  const children = await start(t, 4, name, `
    process.send(await map.compute('key ' + first, async () => {
      Atomics.add(counts, 0, 1);
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { by: process.pid };
    }));`);
  const counts = shm.get(`${name}-counts`, 'Int32Array');
  for (let round = 0; round < 20; round++) {
    const answers = children.map(nextMessage);
    children.forEach((child) => child.send(round));
    const found = await Promise.all(answers);
    if (found.some(({ by }) => by !== found[0].by)) t.fail(JSON.stringify(found));
    if (counts[0] !== round + 1) t.fail(`computed ${counts[0]} times in round ${round}`);
  }
  t.equal(counts[0], 20, 'once each time');
});

test('of four processes the one that computes is killed: the next one does', { skip: skipProcesses }, async (t) => {
  const name = freshName();
  freshNameOf(`${name}-counts`);
  const children = await start(t, 4, name, `
    process.send(await map.compute('key', async () => {
      const number = Atomics.add(counts, 0, 1);
      Atomics.store(counts, 1, process.pid);
      if (number === 0) await new Promise(() => setInterval(() => undefined, 1000));
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { by: process.pid };
    }));`);
  const counts = shm.get(`${name}-counts`, 'Int32Array');
  children.forEach((child) => child.send('go'));
  while (counts[1] === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const victim = children.find((child) => child.pid === counts[1]);
  const others = children.filter((child) => child !== victim);
  const answers = others.map(nextMessage);
  const begun = Date.now();
  victim.kill('SIGKILL');
  const found = await Promise.all(answers);
  t.comment(`${Date.now() - begun} ms after the kill`);
  t.equal(counts[0], 2, 'computed twice, not three or four times');
  t.ok(found.every(({ by }) => by === counts[1] && by !== victim.pid), 'by one of the others');
});

function freshNameOf(name) {
  require('./journal').note(name);
}

test('many computations that share a signal print no warning', { skip }, async (t) => {
  const warnings = [];
  const listen = (warning) => warnings.push(warning.name);
  process.on('warning', listen);
  const map = freshMap(t);
  const controller = new AbortController();
  const value = deferred();
  const all = Array.from({ length: 30 }, (_, index) => map.compute(`key ${index}`, () => value.promise, { signal: controller.signal }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  value.resolve('v');
  t.deepEqual(new Set(await Promise.all(all)), new Set(['v']));
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('warning', listen);
  t.deepEqual(warnings, []);
});

test('who is killed when its value is there has left no claim', { skip: skipProcesses }, async (t) => {
  const map = freshMap(t);
  const child = forkCode(`
    const map = new shm.SharedMap('${map.key}');
    const { compareExchange } = Atomics;
    Atomics.compareExchange = (words, index, expected, value) => {
      const found = compareExchange(words, index, expected, value);
      if (value === 0 && map.has('key')) process.kill(process.pid, 'SIGKILL'); // it has given the lock back
      return found;
    };
    map.compute('key', () => 'value');
  `);
  await new Promise((resolve) => child.on('exit', resolve));
  t.equal(child.signalCode, 'SIGKILL');
  t.equal(map.get('key'), 'value');
  t.equal(map.size, 1);
});

/** A child that has claimed `count` keys of a map, and is killed. */
async function killWithClaims(map, count) {
  const child = forkCode(`
    const map = new shm.SharedMap('${map.key}');
    for (let index = 0; index < ${count}; index++) map.compute('claim ' + index, () => new Promise(() => undefined));
    setTimeout(() => process.send(map.size)); // and the map is not collected
  `);
  await nextMessage(child);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

test('the room of claims whose process was killed comes back, also in a map that does not evict', { skip: skipProcesses }, async (t) => {
  const entries = 16;
  const map = freshMap(t, { bytes: shm.SharedMap.bytesFor({ entries, keyBytes: 8, valueBytes: 8 }), entries });
  await killWithClaims(map, entries);
  t.equal(map.size, entries);
  for (let index = 0; index < entries; index++) map.set(`key ${index}`, index);
  t.equal(Array.from(map.keys()).length, entries, 'all entries that the map has room for');
  map.clear();
  await killWithClaims(map, 10);
  const own = deferred();
  const computing = map.compute('own', () => own.promise);
  await new Promise((resolve) => setImmediate(resolve));
  const { isAlive } = owners;
  const asked = [];
  owners.isAlive = (owner) => (asked.push(owner), isAlive(owner));
  t.teardown(() => (owners.isAlive = isAlive));
  t.equal(map.prune(), 10, 'prune takes them out');
  t.equal(map.size, 1, 'and leaves a claim that is held');
  t.deepEqual(asked, [asked[0]], 'the kernel is asked once for each owner');
  own.resolve('value');
  t.equal(await computing, 'value');
});
