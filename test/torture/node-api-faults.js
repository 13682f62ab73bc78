'use strict';
// Every call to Node-API that can fail does so once, in every public call about memory, with every
// status: the call throws a JavaScript error with a code, or does without; nothing stays that it has made,
// other arrays over the same memory are as they were, and everything works again.

const { allMappings, check, copyOfPackage, exists, freshKeys, option, run, settle, sharedMappings, shm } = require('./support/harness');
const { failedCall, order, runVictims } = require('./support/inject');

const SIZE = 5000;
const statuses = { napi_invalid_arg: 1, napi_generic_failure: 9, napi_pending_exception: 10 };

/** What is asked for, and whether external buffers are refused meanwhile. */
const kinds = {
  external: { options: {}, refuseExternal: false },
  shared: { options: { shared: true }, refuseExternal: false },
  lent: { options: {}, refuseExternal: true },
  'lent and shared': { options: { shared: true }, refuseExternal: true },
};

/** Another copy: attachments of its own, as another process would have them. */
const other = copyOfPackage({ addon: false });

/** Call → the attachment that was there before it, if any, and the call itself. */
const scenarios = {
  create: { act: (key, options) => shm.create(SIZE, 'Buffer', key, options) },
  'create of a taken key': { before: {}, act: (key, options) => shm.create(SIZE, 'Buffer', key, options) },
  getOrCreate: { act: (key, options) => shm.getOrCreate(SIZE, 'Buffer', key, options) },
  'get of what is attached': { before: {}, act: (key, options) => shm.get(key, 'Buffer', options) },
  'get beside a shared one': { before: { shared: true }, act: (key, options) => shm.get(key, 'Buffer', options) },
  'get by copy on write': { before: {}, act: (key) => shm.get(key, 'Buffer', { copyOnWrite: true }) },
  'get after transfer': { before: {}, transfers: true, act: (key, options) => shm.get(key, 'Buffer', options) },
  detach: { before: {}, ends: true, act: (key) => shm.detach(key) },
  destroy: { before: {}, ends: true, act: (key) => shm.destroy(key) },
  'detach after transfer': { before: {}, transfers: true, ends: true, act: (key) => shm.detach(key) },
  detachAll: { before: {}, ends: true, act: () => shm.detachAll() },
};

/** The array that was there before, with a mark in it; its buffer transferred away where that is wanted and can be. */
function prepare({ before, transfers }, key) {
  if (before === undefined) return null;
  const array = shm.create(SIZE, 'Buffer', key, before);
  array[SIZE - 1] = 77;
  if (transfers && typeof array.buffer.transfer === 'function') {
    try {
      return Buffer.from(array.buffer.transfer(), 0, SIZE);
    } catch (_) {
      // One that is lent cannot be transferred.
    }
  }
  return array;
}

/** Makes the n-th call to Node-API of the scenario fail; false if it has fewer. */
function failNth(name, kind, key, n, status, sticky, counts) {
  const { options, refuseExternal } = kinds[kind];
  const { act, ends } = scenarios[name];
  order({ refuseExternal });
  const earlier = prepare(scenarios[name], key);
  const before = [shm.getTotalSize(), shm.getTotalCreatedSize(), sharedMappings().length];
  order({ left: n, error: statuses[status], sticky, nodeApi: true, refuseExternal });
  let [value, error] = [null, null];
  try {
    value = act(key, options);
  } catch (thrown) {
    error = thrown;
  }
  const failed = failedCall();
  order({ refuseExternal });
  const where = `${name}, ${kind}, of ${typeof key === 'number' ? 'a segment' : 'an object'}: call ${n} (${failed || 'none'}) fails ${sticky ? 'from then on ' : ''}with ${status}`;
  if (error !== null) {
    check(error instanceof Error && typeof error.code === 'string', `${where}: wrong error`, error);
    if (!ends) {
      check(exists(key) === (earlier !== null), `${where}: what exists`);
      const now = [shm.getTotalSize(), shm.getTotalCreatedSize(), sharedMappings().length];
      check(now.join() === before.join(), `${where}: attached, created, mapped`, before, now);
    }
    counts.errors++;
  } else {
    counts['done without']++;
    if (Buffer.isBuffer(value)) check(value.length === SIZE && value[SIZE - 1] === (earlier === null ? 0 : 77), `${where}: what it shows`, value);
  }
  if (ends) check(sharedMappings().length === 0 && shm.getTotalSize() === 0, `${where}: still attached`, sharedMappings());
  else if (earlier !== null) checkAlive(key, earlier, where);
  checkWorking(key, options, where);
  order({});
  if (failed === '') return false;
  counts.failures++;
  counts.calls.add(failed);
  return true;
}

/** The array from before shows the memory that everybody else has. */
function checkAlive(key, earlier, where) {
  check(earlier.length === SIZE && earlier[SIZE - 1] === 77, `${where}: the earlier array`, earlier.length, earlier[SIZE - 1]);
  earlier[0] = 33;
  check(other.get(key)[0] === 33, `${where}: the earlier array is shared no more`);
  other.detach(key);
}

/** Once the failure is over, everything works again. */
function checkWorking(key, options, where) {
  shm.detach(key, true);
  check(!exists(key) && sharedMappings().length === 0, `${where}: not destroyed`);
  const again = shm.create(SIZE, 'Buffer', key, options);
  check(again !== null && again.length === SIZE && again.every((byte) => byte === 0), `${where}: create afterwards`);
  check(shm.destroy(key) && shm.getTotalSize() === 0 && shm.getTotalCreatedSize() === 0, `${where}: totals`, shm.getTotalSize(), shm.getTotalCreatedSize());
}

function everyFailure(counts) {
  for (const name of Object.keys(scenarios)) {
    for (const kind of Object.keys(kinds)) {
      for (const key of freshKeys()) {
        for (const status of Object.keys(statuses)) {
          for (const sticky of [false, true]) {
            let n = 1;
            while (failNth(name, kind, key, n, status, sticky, counts)) n++;
          }
        }
      }
    }
  }
}

const REPEATS = 50;

/** What has been taken and not given back. */
async function figures() {
  await settle();
  return { mappings: allMappings(), external: process.memoryUsage().external };
}

/**
 * A create that fails again and again by the same call leaves neither mappings nor memory. After one that
 * makes an external buffer the native side cannot know whether the runtime still has the memory, and
 * leaves it mapped.
 */
async function noLeaks(counts) {
  for (const kind of Object.keys(kinds)) {
    for (const key of freshKeys()) {
      let failed = null;
      for (let n = 1; failed !== ''; n++) {
        // The first time lent pages cut the engine's memory into more mappings, which it uses again.
        failAgainAndAgain(kind, key, n, counts);
        const before = await figures();
        failed = failAgainAndAgain(kind, key, n, counts);
        const after = await figures();
        const [mappings, bytes] = [after.mappings - before.mappings, after.external - before.external];
        const isLeft = mappings > REPEATS / 2 || bytes > REPEATS * SIZE;
        check(!isLeft || failed.includes('create_external'), `create, ${kind}: call ${n} (${failed}) fails ${REPEATS} times: mappings, bytes left`, mappings, bytes);
      }
    }
  }
}

/** The name of the call that failed. */
function failAgainAndAgain(kind, key, n, counts) {
  const { options, refuseExternal } = kinds[kind];
  let failed = '';
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    order({ left: n, error: statuses.napi_generic_failure, nodeApi: true, refuseExternal });
    try {
      shm.create(SIZE, 'Buffer', key, options);
    } catch (_) {
      counts.repeats++;
    }
    failed = failedCall();
    order({});
    shm.detach(key, true);
  }
  return failed;
}

if (option('role') === 'victim') {
  const counts = { failures: 0, errors: 0, 'done without': 0, repeats: 0, calls: new Set() };
  run(async () => {
    if (option('part') === 'leaks') await noLeaks(counts);
    else everyFailure(counts);
    process.send(Object.assign({}, counts, { calls: Array.from(counts.calls) }), () => process.exit());
  });
} else {
  run((counts) => runVictims(__filename, ['failures', 'leaks'], counts));
}
