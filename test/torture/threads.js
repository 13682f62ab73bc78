'use strict';
// Worker threads that attach, detach and wait at random, half of them terminated in the middle of it,
// and many instances of the module in one thread. Nothing of the main thread's is touched, and nothing
// of theirs stays.

const path = require('path');
const { amount, check, ended, freshKey, freshName, option, random, run, seed, segment, settle, sharedMappings, shm, start, tell } = require('./support/harness');

const LIB = path.join(__dirname, '..', '..', 'lib');

/** What a worker does: everything at random, with native work in flight. */
const program = `
const { parentPort, workerData } = require('worker_threads');
const crypto = require('crypto');
const shm = require(workerData.lib);
const { random } = require(workerData.harness);
const next = random(workerData.from);
let calls = 0;
const options = [{ ref: false }, { timeout: 5, ref: false }, { timeout: 20 }];
function wait(array, kind) {
  if (array !== null) shm.waitAsync(array, 0, array[0], options[kind]).then(notify, () => {});
}
function notify() {
  const array = shm.get(workerData.kept[0], 'Int32Array');
  shm.notify(array, 0, 3);
}
function some() {
  for (let call = 0; call < 50; call++, calls++) {
    const key = workerData.keys[next(workerData.keys.length)];
    const choice = next(8);
    if (choice > 5) wait(shm.get(choice === 6 ? key : workerData.kept[0], 'Int32Array'), next(3));
    else if (choice === 0) shm.create(5000, 'Buffer', key);
    else if (choice < 3) shm.get(key);
    else if (choice === 3) shm.detach(key);
    else if (choice === 4) shm.detachAll();
    else {
      const array = shm.get(workerData.kept[next(2)]);
      crypto.pbkdf2(array, 'salt', 1, 32, 'sha256', () => {});
      crypto.randomFill(shm.get(key) || Buffer.alloc(1), () => {});
      try { shm.get('x'.repeat(300)); } catch (_) {}
    }
  }
  if (calls < workerData.calls) return setImmediate(some);
  if (workerData.exits) process.exit();
}
parentPort.postMessage('ready');
some();
`;

async function workers(counts) {
  const { Worker } = require('worker_threads');
  const total = Number(option('workers'));
  const kept = [freshKey(), freshName()];
  const keys = [freshKey(), freshName(), freshKey(), freshName()];
  const mine = kept.map((key) => shm.create(10000, 'Buffer', key).fill(7));
  const before = { mappings: sharedMappings().length, attaches: segment(kept[0]).attaches, size: shm.getTotalSize() };
  const next = random(seed);
  let number = 0;
  const one = async () => {
    const terminated = number % 2 === 0;
    const workerData = { lib: LIB, harness: path.join(__dirname, 'support', 'harness'), from: seed + number, keys, kept, calls: terminated ? Infinity : 500, exits: number % 4 === 1 };
    number++;
    const worker = new Worker(program, { eval: true, workerData });
    const exit = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    await new Promise((resolve) => worker.once('message', resolve));
    if (terminated) {
      await new Promise((resolve) => setTimeout(resolve, next(20)));
      await worker.terminate();
      counts['of them terminated']++;
    }
    await exit;
    counts.workers++;
  };
  const lane = async () => {
    while (number < total) await one();
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  await settle();
  for (const key of keys) shm.destroy(key);
  await settle();
  const after = { mappings: sharedMappings().length, attaches: segment(kept[0]).attaches, size: shm.getTotalSize() };
  check(JSON.stringify(after) === JSON.stringify(before), 'as before', before, after);
  const waiting = shm.notify(shm.get(kept[0], 'Int32Array'), 0);
  check(waiting === 0, 'waits outlive their threads', waiting);
  for (const array of mine) check(array.length === 10000 && array.every((byte) => byte === 7), 'the main thread\'s arrays');
  kept.forEach((key) => shm.destroy(key));
}

/** Loads the module, and the addon with it, as jest does for every test file. */
function loadAnew() {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(LIB) || file.endsWith('.node')) delete require.cache[file];
  }
  return require(LIB);
}

async function instances(counts) {
  const warnings = [];
  process.on('warning', (warning) => warnings.push(warning.message));
  const total = Number(option('instances'));
  const keys = [freshKey(), freshName()];
  const first = keys.map((key) => shm.create(1000, 'Buffer', key));
  const results = [];
  const loaded = Array.from({ length: total }, loadAnew);
  check(new Set(loaded).size === total, 'instances of their own');
  for (const instance of loaded) {
    instance.waitAsync(instance.get(keys[0], 'Int32Array'), 100, 0, { ref: true }).then((result) => results.push(result));
    for (const [index, key] of keys.entries()) {
      const array = instance.get(key);
      array[1]++;
      check(first[index][1] === array[1], 'the same memory');
    }
    counts.instances++;
  }
  check(segment(keys[0]).attaches === total + 1, 'attaches', segment(keys[0]));
  first[0][400] = 1;
  for (let tries = 0; results.length < total && tries < 1000; tries++) {
    shm.notify(shm.get(keys[0], 'Int32Array'), 100);
    await settle();
  }
  check(results.length === total && results.every((result) => result === 'ok'), 'waits', results.length);
  loaded.filter((_, index) => index % 2).forEach((instance) => instance.detachAll());
  check(first.every((array) => array.length === 1000 && array[1] === total % 256), 'not touched by others');
  check(segment(keys[0]).attaches === total + 1 - Math.floor(total / 2), 'attaches', segment(keys[0]));
  loaded.filter((_, index) => index % 2 === 0).forEach((instance) => instance.detachAll());
  check(keys.map((key) => shm.destroy(key)).every(Boolean), 'destroyed');
  await settle();
  check(sharedMappings().length === 0, 'mappings left', sharedMappings());
  check(warnings.length === 0, 'warnings', warnings);
}

if (option('role') === 'victim') {
  const counts = { workers: 0, 'of them terminated': 0, instances: 0 };
  run(async () => {
    await workers(counts);
    await instances(counts);
    await tell(counts);
  }).then(() => process.disconnect());
} else {
  run(async (counts) => {
    const child = start(__filename, ['--role=victim', `--workers=${amount(200, 20)}`, `--instances=${amount(200, 40)}`], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (found) => Object.assign(counts, found));
    const { code, signal } = await ended(child);
    check(code === 0, 'the process ended with', code, signal);
    counts.signals = 0;
  });
}
