'use strict';
// Every system call of every public call fails once, with every kind of error: the call throws a
// JavaScript error or does without, what this thread believes to have attached and created is true
// afterwards, nothing is left behind, and everything works again. A panic in Rust is an error too.

const { check, copyOfPackage, descriptors, exists, freshKeys, option, run, sharedMappings, shm } = require('./support/harness');
const { failedCall, order, runVictims } = require('./support/inject');

const SIZE = 5000;
const errors = { EPERM: 1, EINTR: 4, EIO: 5, ENOMEM: 12, EACCES: 13, EMFILE: 24, ENOSPC: 28 };

/** Call → what has to be done before it, and the call itself. */
const scenarios = {
  create: { prepare: () => {}, act: (key) => shm.create(SIZE, 'Buffer', key) },
  'create of a taken key': { prepare: mark, act: (key) => shm.create(SIZE, 'Buffer', key), keeps: true },
  'create of what others have': { prepare: leave, act: (key) => shm.create(SIZE, 'Buffer', key), keeps: true },
  get: { prepare: leave, act: (key) => shm.get(key), keeps: true },
  'get again': { prepare: mark, act: (key) => shm.get(key), keeps: true },
  'get of nothing': { prepare: () => {}, act: (key) => shm.get(key) },
  detach: { prepare: mark, act: (key) => shm.detach(key) },
  destroy: { prepare: mark, act: (key) => shm.destroy(key) },
  'destroy of what is not attached': { prepare: leave, act: (key) => shm.destroy(key) },
  detachAll: { prepare: mark, act: () => shm.detachAll() },
  'detach after transfer': { prepare: transfer, act: (key) => shm.detach(key) },
  'get after transfer': { prepare: transfer, act: (key) => shm.get(key), keeps: true },
};

/** Makes memory of that key, with a mark in it. */
function mark(key) {
  const array = shm.create(SIZE, 'Buffer', key);
  array[SIZE - 1] = 77;
  return array;
}

/** Leaves memory of that key which this thread has not attached. */
function leave(key) {
  mark(key);
  if (typeof key === 'string') shm.detach(key);
  else keeper.get(key, 'Buffer');
  if (typeof key === 'number') shm.detach(key);
}

function transfer(key) {
  const { buffer } = mark(key);
  if (typeof buffer.transfer === 'function') kept.push(buffer.transfer());
}

/** Buffers that have taken memory over. */
const kept = [];

/** Another copy: attachments of its own, as another process would have them. */
const keeper = copyOfPackage({ addon: true });

function attempt(action) {
  try {
    return { value: action() };
  } catch (error) {
    return { error };
  }
}

/**
 * The mappings that there are once `isEnough(mappings)`: where zero pages were refused, memory that never
 * was stays until the engine has collected the buffer over it.
 */
async function mappingsOnce(isEnough) {
  for (let turns = 0; turns < 20 && !isEnough(sharedMappings().length); turns++) {
    global.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sharedMappings().length;
}

/** What must hold for a key that nobody else uses. */
async function checkTruth(key, where) {
  const attached = shm.getTotalSize();
  const others = keeper.getTotalSize() > 0 ? 1 : 0;
  const isTrue = (mapped) => attached > 0 === mapped > others;
  const mapped = await mappingsOnce(isTrue);
  check(isTrue(mapped), `${where}: attached ${attached} bytes, mapped`, mapped - others);
  const created = shm.getTotalCreatedSize();
  check(created === 0 || exists(key), `${where}: believes to have created ${created} bytes that do not exist`);
}

/** Makes the n-th system call of the scenario fail; false if it has fewer. */
async function failNth(name, key, n, code, sticky, counts) {
  const { prepare, act, keeps } = scenarios[name];
  const earlier = prepare(key);
  const existed = exists(key);
  order({ left: n, error: errors[code], sticky });
  const { value, error } = attempt(() => act(key));
  const failed = failedCall();
  order({});
  const where = `${name} of ${typeof key === 'number' ? 'a segment' : 'an object'}, call ${n} (${failed || 'none'}) fails ${sticky ? 'from then on ' : ''}with ${code}`;
  if (error !== undefined) {
    check(error instanceof Error && error.code === code && typeof error.syscall === 'string' && error.errno === -errors[code], `${where}: wrong error`, error);
    check(error.message.startsWith(`${code}: `), where, error.message);
    counts.errors++;
    if (!existed) check(!exists(key), `${where}: left behind`);
  } else {
    counts['done without']++;
    if (name === 'create') check(value !== null && value.length === SIZE && exists(key), where);
  }
  if (earlier && error !== undefined && shm.getTotalSize() > 0) {
    check(earlier.length === SIZE && earlier[SIZE - 1] === 77, `${where}: refused, but the array is not as it was`);
    earlier[0] = 33;
    // A destroy may have unlinked the name before it was refused.
    if (exists(key)) check(keeper.get(key)[0] === 33, `${where}: refused, but the array is shared no more`);
    keeper.detach(key);
    counts['left attached'] = (counts['left attached'] || 0) + 1;
  }
  await checkTruth(key, where);
  if (keeps) {
    const kept = shm.get(key);
    check(kept !== null && kept[SIZE - 1] === 77, `${where}: destroyed what was there before`);
  }
  // Once the failure is over, everything works again.
  keeper.detachAll();
  const view = shm.get(key);
  check((view !== null) === exists(key), `${where}: get afterwards`, view);
  shm.detach(key, true);
  check((await mappingsOnce((mapped) => mapped === 0)) === 0 && !exists(key), `${where}: not destroyed`);
  const again = shm.create(SIZE, 'Buffer', key);
  check(again !== null && again.length === SIZE && again.every((byte) => byte === 0), `${where}: create afterwards`);
  check(shm.destroy(key) === true && shm.getTotalSize() === 0 && shm.getTotalCreatedSize() === 0, `${where}: totals`, shm.getTotalSize(), shm.getTotalCreatedSize());
  if (failed === '') return false;
  counts.failures++;
  counts.calls.add(failed);
  return true;
}

async function everyFailure(counts) {
  const keys = freshKeys();
  // The owners' file stays open from the first use of memory on.
  keys.forEach((key) => shm.create(SIZE, 'Buffer', key) && shm.destroy(key));
  const files = descriptors();
  for (const name of Object.keys(scenarios)) {
    for (const key of keys) {
      for (const code of Object.keys(errors)) {
        for (const sticky of [false, true]) {
          if (sticky && code === 'EINTR') continue; // repeated for ever, as it should be
          let n = 1;
          while (await failNth(name, key, n, code, sticky, counts)) n++;
          check(n > 1, `${name}: nothing failed`);
        }
      }
    }
  }
  check(descriptors() === files, 'file descriptors', files, descriptors());
}

/** Node-API's own errors are as good; an abort is not. Arguments are what JavaScript never gives. */
function wrongArguments(counts) {
  const binding = require('../../lib/runtime/binding');
  const values = [undefined, null, 0, -1, 1.5, NaN, Infinity, 2 ** 53, '', 'x', '\0', 'x'.repeat(1e6), {}, [], Symbol('s'), () => {}, true, new Uint8Array(1), Object.create(null), new Proxy({}, {})];
  for (const name of Object.keys(binding)) {
    for (const first of values) {
      for (const second of values) {
        const { value, error } = attempt(() => binding[name](first, second, second, second));
        check(error === undefined || error instanceof Error, `${name}: threw`, error);
        if (value instanceof ArrayBuffer) attempt(() => shm.destroy(first));
        counts['wrong arguments']++;
      }
    }
  }
  shm.detachAll();
}

/** Mapping an object divides by the page size: told that it is 0, Rust panics half-way. */
function panic(counts) {
  const [, name] = freshKeys();
  const files = descriptors();
  order({ noPageSize: true });
  for (let round = 0; round < 100; round++) {
    const { error } = attempt(() => shm.create(SIZE, 'Buffer', name));
    check(error instanceof Error && /panic|zero/.test(error.message), 'a panic must become an error', error);
    check(!exists(name) && shm.getTotalSize() === 0, 'a panic must leave nothing behind');
    counts.panics++;
  }
  order({});
  check(descriptors() === files, 'file descriptors after panics', files, descriptors());
}

if (option('role') === 'victim') {
  const counts = { failures: 0, errors: 0, 'done without': 0, panics: 0, 'wrong arguments': 0, calls: new Set() };
  run(async () => {
    if (option('part') === 'panic') panic(counts);
    else {
      await everyFailure(counts);
      wrongArguments(counts);
    }
    // Some of the wrong arguments are good enough for a wait that nobody ends.
    process.send(Object.assign({}, counts, { calls: Array.from(counts.calls) }), () => process.exit());
  });
} else {
  run((counts) => runVictims(__filename, ['failures', 'panic'], counts));
}
