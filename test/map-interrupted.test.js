'use strict';
// Calls of SharedMap that are ended between any two of their steps: by an exception, by a stack that overflows, by the
// timeout of a vm, by the end of a worker. Whatever they leave, another process finds each key with its old or new value,
// and can use all of the map, without waiting for long.

const test = require('tape');
const vm = require('vm');
const { hurry } = require('./failing-steps');
const { Worker, execPath, forkCode, freshName, isDeno, nextMessage, nodeMajor, runCode, shm } = require('./support');

const skip =
  (nodeMajor < 16 && 'SharedMap needs Node 16') || (isDeno && 'Deno forks otherwise') || (execPath !== process.execPath && 'starts processes');

if (!skip) hurry();

const KEYS = 12;
const CAPACITY = 10;
const OPTIONS = { bytes: 3000, entries: CAPACITY, maxEntry: 128 };
const keyOf = (index) => `k${index}`;

/** A process that, asked for it, looks at all keys, fills the map, and leaves it as it was. */
function startOther(t, name) {
  const child = forkCode(`
    const map = new shm.SharedMap(${JSON.stringify(name)}, { timeout: 3000 });
    process.on('message', () => {
      const answer = { error: null, before: [], filled: 0 };
      try {
        for (let index = 0; index < ${KEYS}; index++) answer.before.push(map.has('k' + index) ? map.get('k' + index) : 'none');
        map.prune(); // after a death the next one to have the lock counts anew
        const { size } = map.stats();
        const entries = Array.from(map);
        if (entries.length !== size) throw new Error(size + ' entries are counted, there are ' + entries.length);
        map.clear();
        for (let index = 0; index < ${CAPACITY}; index++) map.set('full' + index, 'x'.repeat(60));
        answer.filled = map.size;
        map.clear();
        entries.forEach(([key, value]) => map.set(key, value));
      } catch (error) {
        answer.error = error.stack;
      }
      process.send(answer);
    });
    process.send('ready');
    process.once('disconnect', () => process.exit());`);
  child.setMaxListeners(Infinity);
  t.teardown(() => child.disconnect());
  const look = () => {
    const answer = nextMessage(child);
    child.send('look');
    return answer;
  };
  return nextMessage(child).then(() => look);
}

/** All calls that change the map; each is applied to a map with the keys k0, k2, k4 …, of which even ones are numbers. */
const calls = {
  set: (map) => map.set('k0', 'y'.repeat(70)),
  'set of a new key': (map) => map.set('k1', { json: true }),
  'set in place': (map) => map.set('k2', 7),
  add: (map) => map.add('k3', 'z'.repeat(50)),
  replace: (map) => map.replace('k4', Buffer.alloc(40)),
  delete: (map) => map.delete('k0'),
  increment: (map) => map.increment('k5'),
  update: (map) => map.update('k6', () => 'u'.repeat(30)),
  'update that deletes': (map) => map.update('k8', () => undefined),
  touch: (map) => map.touch('k10', 100000),
  clear: (map) => map.clear(),
  prune: (map) => map.prune(),
  'many sets': (map) => {
    for (let round = 0; round < 30; round++) map.set('k0', 'r'.repeat(round));
  },
};

function fill(map) {
  map.clear();
  for (let index = 0; index < KEYS; index += 2) map.set(keyOf(index), index % 4 === 0 ? `value ${index}`.repeat(3) : index);
}

/** What changes memory that others see: to be made to fail before and after the step. */
const STEPS = ['store', 'compareExchange', 'exchange', 'add', 'load'];

/** Calls `action` with the step of that number failing; whether there was one. */
function failAt(step, action, isAfter) {
  const real = {};
  let left = step;
  STEPS.forEach((name) => {
    real[name] = Atomics[name];
    Atomics[name] = (...args) => {
      const isNow = --left === 0;
      if (isNow && !isAfter) throw new Error('injected');
      const result = real[name](...args);
      if (isNow) throw new Error('injected');
      return result;
    };
  });
  try {
    action();
  } catch (error) {
    if (error.message !== 'injected' && error.code !== 'ERR_SHM_FULL') throw error;
  } finally {
    STEPS.forEach((name) => (Atomics[name] = real[name]));
  }
  return left <= 0;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The same, but the script ends at that step: no `finally` runs. */
function endAt(step, action) {
  const real = {};
  STEPS.forEach((name) => (real[name] = Atomics[name]));
  const restore = () => STEPS.forEach((name) => (Atomics[name] = real[name]));
  let left = step;
  global.actOnMap = () => {
    STEPS.forEach((name) => {
      Atomics[name] = (...args) => {
        if (--left > 0) return real[name](...args);
        for (;;);
      };
    });
    action();
    return true;
  };
  let isWhole = false;
  try {
    isWhole = vm.runInThisContext('actOnMap()', { timeout: 10 });
  } catch (error) {
    if (error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  }
  restore();
  return !isWhole;
}

/** Throws unless each key has one of the values that it may have. */
function compare(before, after, found, what) {
  if (found.error !== null) throw new Error(`${what}: ${found.error}`);
  if (found.filled !== CAPACITY) throw new Error(`${what}: only ${found.filled} entries fit`);
  found.before.forEach((value, index) => {
    const key = keyOf(index);
    const plain = JSON.stringify(value);
    const isOneOf = (entries) => plain === JSON.stringify(entries.has(key) ? entries.get(key) : 'none');
    if (!isOneOf(before) && !isOneOf(after)) throw new Error(`${what}: ${key} is ${plain}`);
  });
}

test('an exception at every step of every call', { skip }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, OPTIONS);
  const look = await startOther(t, name);
  const counts = { steps: 0 };
  for (const call of Object.keys(calls)) {
    fill(map);
    const before = new Map(map);
    calls[call](map);
    const after = new Map(map);
    if (call === 'many sets') for (const key of after.keys()) if (key === 'k0') before.delete(key);
    for (const isAfter of [false, true]) {
      for (let step = 1; ; step += call === 'many sets' ? 7 : 1) {
        fill(map);
        await turn();
        if (!failAt(step, () => calls[call](map), isAfter)) break;
        await turn();
        counts.steps++;
        const found = await look();
        if (call === 'many sets') found.before[0] = after.get('k0');
        compare(before, after, found, `${call}, step ${step}${isAfter ? ', behind it' : ''}`);
      }
    }
  }
  t.comment(JSON.stringify(counts));
  t.ok(counts.steps > 150, 'and nothing stays taken');
  map.destroy();
});

test('the end of a script at every step of every call', { skip: skip || (process.versions.bun !== undefined && 'Bun ends no script that runs') }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, OPTIONS);
  const look = await startOther(t, name);
  let steps = 0;
  for (const call of Object.keys(calls).filter((one) => one !== 'many sets')) {
    fill(map);
    const before = new Map(map);
    calls[call](map);
    const after = new Map(map);
    for (let step = 1; ; step++) {
      fill(map);
      if (!endAt(step, () => calls[call](map))) break;
      steps++;
      if (step % 2 === 0) map.get('k0'), map.touch('none', 1); // the next call of this thread repairs it, or else a timer
      compare(before, after, await look(), `${call}, step ${step}`);
    }
  }
  t.ok(steps > 50, `nothing stays taken after ${steps} of them`);
  map.destroy();
});

test('an exception at every step of compute', { skip }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, OPTIONS);
  const look = await startOther(t, name);
  let steps = 0;
  for (let hasFailed = true; hasFailed; ) {
    fill(map);
    let left = steps + 1;
    const real = {};
    STEPS.forEach((step) => {
      real[step] = Atomics[step];
      Atomics[step] = (...args) => {
        if (--left === 0) throw new Error('injected');
        return real[step](...args);
      };
    });
    const result = await map.compute('k1', async () => 'computed', { timeout: 100 }).catch((error) => error);
    STEPS.forEach((step) => (Atomics[step] = real[step]));
    hasFailed = left <= 0;
    if (!hasFailed) break;
    steps++;
    if (result !== 'computed' && result.message !== 'injected') throw result;
    const again = await new shm.SharedMap(name).compute('k1', async () => 'again', { timeout: 5000 });
    if (!['computed', 'again'].includes(again)) t.fail(`step ${steps}: ${again}`);
    // A claim that could not be given back is tried again.
    let found = await look();
    for (const deadline = Date.now() + 5000; found.error !== null && Date.now() < deadline; found = await look());
    if (found.error !== null || found.filled !== CAPACITY) t.fail(`step ${steps}: ${JSON.stringify(found)}`);
  }
  t.ok(steps > 20, `nothing stays taken after ${steps} of them`);
  map.destroy();
});

test('a stack that overflows within a call', { skip }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, OPTIONS);
  const look = await startOther(t, name);
  let overflows = 0;
  let levels = 0;
  /** Goes down to the end of the stack, and makes the calls when so many levels are left again. */
  const dive = (wanted) => {
    try {
      dive(wanted);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    if (levels++ !== wanted) return;
    try {
      map.set('k0', 'y'.repeat(70));
      map.delete('k2');
      map.set('k2', 2);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      overflows++;
    }
  };
  for (let wanted = 0; wanted < 120; wanted++) {
    fill(map);
    await turn();
    levels = 0;
    dive(wanted);
    await turn();
    const found = await look();
    if (found.error !== null || found.filled !== CAPACITY) t.fail(`${wanted} levels above the end: ${JSON.stringify(found)}`);
  }
  t.ok(overflows > 5, `${overflows} overflows`);
  map.destroy();
});

test('the timeout of a vm within a call', { skip: skip || (process.versions.bun !== undefined && 'Bun ends no script that runs') }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, OPTIONS);
  const look = await startOther(t, name);
  const context = vm.createContext({ map });
  for (let round = 0; round < 60; round++) {
    fill(map);
    await turn();
    try {
      vm.runInContext("for (let i = 0; ; i++) { map.set('k' + (i % 12), i % 3 ? i : 'x'.repeat(i % 70)); map.delete('k' + (i % 7)); }", context, { timeout: 2 });
    } catch (error) {
      if (error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    }
    if (round % 2 === 0) await turn();
    else map.set('k1', 1); // in this very turn
    if (round % 2 !== 0) await turn();
    const found = await look();
    if (found.error !== null || found.filled !== CAPACITY) t.fail(JSON.stringify(found));
  }
  t.pass('nothing stays taken');
  map.destroy();
});

test('the end of a worker within a call', { skip: skip || (Worker === null && 'no worker threads') }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, OPTIONS);
  const look = await startOther(t, name);
  const code = `
    const { parentPort } = require('worker_threads');
    const shm = require(${JSON.stringify(require.resolve('..'))});
    const map = new shm.SharedMap(${JSON.stringify(name)});
    parentPort.postMessage('at work');
    for (let i = 0; ; i++) { map.set('k' + (i % 12), i % 3 ? i : 'x'.repeat(i % 70)); map.delete('k' + (i % 7)); }`;
  for (let round = 0; round < 12; round++) {
    fill(map);
    const worker = new Worker(code, { eval: true });
    await new Promise((resolve) => worker.once('message', resolve));
    await new Promise((resolve) => setTimeout(resolve, round % 4));
    await worker.terminate();
    const found = await look();
    if (found.error !== null || found.filled !== CAPACITY) t.fail(JSON.stringify(found));
  }
  t.pass('nothing stays taken');
  map.destroy();
});

test('a lock that a stopped process has, or that is forged, blocks no call for ever', { skip }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, Object.assign({ timeout: 200 }, OPTIONS));
  map.set('a', 1);
  const words = shm.get(name, 'Int32Array');
  const { FIRST_SHARD, SHARD } = require('../lib/map/layout');
  const other = forkCode("shm.get; const owners = require('" + require.resolve('../lib/runtime/owner') + "'); process.send(owners.ownNumber()); process.on('disconnect', () => process.exit())");
  words[FIRST_SHARD / 4 + SHARD.mutex] = await nextMessage(other);
  t.equal(map.get('a'), 1, 'reading takes no lock');
  const attempts = {
    set: () => map.set('a', 2),
    add: () => map.add('a', 2, { timeout: 20 }),
    delete: () => map.delete('a', { timeout: 20 }),
    increment: () => map.increment('a', 1, { timeout: 20 }),
    update: () => map.update('a', () => 1, { timeout: 20 }),
    touch: () => map.touch('a', 100, { timeout: 20 }),
    clear: () => map.clear({ timeout: 20 }),
    prune: () => map.prune({ timeout: 20 }),
  };
  for (const call of Object.keys(attempts)) {
    let error = null;
    try {
      attempts[call]();
    } catch (caught) {
      error = caught;
    }
    t.equal(error && error.code, 'ERR_SHM_TIMED_OUT', call);
    t.ok(error.message.includes(name) && (/clear|prune/.test(call) || error.message.includes("'a'")), error.message);
  }
  other.kill('SIGKILL');
  await new Promise((resolve) => other.once('exit', resolve));
  t.equal(map.set('a', 3, { timeout: 2000 }).get('a'), 3, 'the lock of a dead process is free');
  map.destroy();
});

test('a call that is ended by force is repaired by a timer, which keeps no process alive', { skip }, async (t) => {
  const end = await runCode(`
    const map = new shm.SharedMap(${JSON.stringify(freshName())}, ${JSON.stringify(OPTIONS)});
    map.set('a', 1);
    require('vm').runInNewContext("for (;;) map.delete('a', map.set('a', 1) && undefined)", { map }, { timeout: 5 });`);
  t.ok(/ERR_SCRIPT_EXECUTION_TIMEOUT/.test(end.stderr), end.stderr);
});
