'use strict';
// Ten minutes of mixed load by four processes on the same keys: each counts what it sees, and its
// memory, mappings and files are the same at the end as at the beginning. `--seconds=N` sets the time.

const crypto = require('crypto');
const zlib = require('zlib');
const { allMappings, amount, check, descriptors, ended, freshKey, freshName, isDead, option, random, run, seed, settle, sharedMappings, shm, start, tell } = require('./support/harness');

const PROCESSES = 4;
const SIZE = 100000;
const BOUNDS = { 'MB rss': 48, mappings: 60, files: 0, 'MB external': 2 };

function figures() {
  const memory = process.memoryUsage();
  return { 'MB rss': Math.round(memory.rss / 1e6), mappings: allMappings(), files: descriptors(), 'MB external': Math.round(memory.external / 1e6) };
}

/** One of the things that programs do with shared memory. */
async function step(next, keys, id) {
  const key = keys[next(keys.length)];
  switch (next(8)) {
    case 0: {
      const own = shm.create(SIZE, 'Uint32Array');
      own.fill(id);
      check(own[SIZE - 1] === id && shm.destroy(own.key) && isDead(own), 'memory of its own');
      return;
    }
    case 1: {
      const made = shm.create(SIZE, 'Buffer', key);
      if (made !== null) made.fill(id);
      return;
    }
    case 2: return void shm.detach(key);
    case 3: return void (next(4) === 0 && shm.destroy(key));
    case 4: {
      const array = shm.get(key);
      if (array !== null) await new Promise((resolve) => zlib.deflate(array, { level: 1 }, resolve));
      return;
    }
    case 5: {
      const array = shm.get(key);
      if (array !== null) {
        crypto.randomFill(array, () => {});
        shm.detach(key);
      }
      return;
    }
    case 6: {
      const array = shm.get(key, 'Float64Array');
      check(array === null || array.length === SIZE / 8, 'whole', array && array.length);
      return;
    }
    default: {
      const array = shm.getOrCreate(SIZE, 'Buffer', key);
      check(array.length === SIZE, 'whole', array.length);
      array[next(SIZE)]++;
    }
  }
}

async function load() {
  const id = Number(option('id'));
  const keys = JSON.parse(option('keys'));
  const next = random(seed + id);
  const until = (end) => Date.now() < end;
  let steps = 0;
  const work = async (milliseconds) => {
    const end = Date.now() + milliseconds;
    while (until(end)) {
      await step(next, keys, id + 1);
      if (++steps % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    shm.detachAll();
    await settle();
  };
  const milliseconds = Number(option('seconds')) * 1000;
  await work(milliseconds / 10);
  const before = figures();
  await work(milliseconds * 0.9);
  const after = figures();
  check(sharedMappings().length === 0 && shm.getTotalSize() === 0, 'attached at the end');
  for (const name of Object.keys(BOUNDS)) {
    check(after[name] - before[name] <= BOUNDS[name], `${name}: ${before[name]} before, ${after[name]} after`);
  }
  await tell({ steps, before, after });
}

if (option('role') === 'load') run(load).then(() => process.disconnect());
else {
  run(async (counts) => {
    const seconds = Number(option('seconds') || amount(600, 10));
    const keys = [freshKey(), freshName(), freshKey(), freshName()];
    Object.assign(counts, { seconds, processes: PROCESSES, calls: 0 });
    const shown = [];
    const children = Array.from({ length: PROCESSES }, (_, id) => start(__filename, ['--role=load', `--id=${id}`, `--keys=${JSON.stringify(keys)}`, `--seconds=${seconds}`, `--seed=${seed}`], {
      execArgv: ['--expose-gc'].concat(require('./support/harness').forkArgv),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }));
    for (const child of children) {
      child.on('message', ({ steps, before, after }) => {
        counts.calls += steps;
        shown.push(Object.keys(before).map((name) => `${before[name]} → ${after[name]} ${name}`).join(', '));
      });
    }
    const fates = await Promise.all(children.map(ended));
    shown.forEach((text) => console.log(text));
    check(fates.every(({ code }) => code === 0), 'the processes ended with', fates);
    counts.signals = 0;
  });
}
