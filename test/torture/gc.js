'use strict';
// Memory that comes and goes leaves nothing: neither resident memory, nor mappings, nor files, nor
// what the engine counts as external, whether the event loop turns in between or not.

const fs = require('fs');
const { allMappings, amount, cannotRefuse, check, descriptors, ended, forkArgv, isDeno, option, refusingEnv, run, settle, shm, start, tell } = require('./support/harness');

const SIZE = 128 * 1024;

/** What may be left after it all: the allocator keeps freed memory, the engine its own pages, Deno a pair of sockets. */
const BOUNDS = { 'MB rss': 48, 'MB address space': 256, mappings: 60, files: isDeno ? 2 : 0, 'MB external': 1, 'MB total size': 0 };

/** Whether the arrays are over a SharedArrayBuffer, which most runtimes have to lend. */
const shared = option('variant') === 'shared';

/** One life of an array that nobody keeps, of either kind; one page of it is touched. */
function cycle(number) {
  const key = number % 2 ? undefined : `/shm-test-gc-${process.pid}`;
  const array = shm.create(SIZE, 'Buffer', key, { shared });
  array[number % SIZE] = 1;
  const own = key || array.key;
  if (number % 3 === 0) shm.get(own, 'Float64Array', { shared })[0] = 1.5;
  check(shm.destroy(own) === true, 'destroyed');
}

async function figures() {
  await settle();
  const memory = process.memoryUsage();
  return {
    'MB rss': memory.rss / 1e6,
    'MB address space': (Number(fs.readFileSync('/proc/self/statm', 'utf8').split(' ')[0]) * 4096) / 1e6,
    mappings: allMappings(),
    files: descriptors(),
    'MB external': memory.external / 1e6,
    'MB total size': (shm.getTotalSize() + shm.getTotalCreatedSize()) / 1e6,
  };
}

async function victim() {
  const cycles = Number(option('cycles'));
  const inOneGo = Number(option('in-one-go'));
  const round = async (count) => {
    for (let done = 0; done < count; done++) {
      cycle(done);
      if (done % inOneGo === inOneGo - 1) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  // The allocator and the engine grow to their working size first.
  await round(Math.max(inOneGo, cycles / 10));
  const before = await figures();
  await round(cycles);
  const after = await figures();
  const growth = {};
  for (const name of Object.keys(BOUNDS)) {
    growth[name] = Math.round((after[name] - before[name]) * 10) / 10;
    check(growth[name] <= BOUNDS[name], `${name} grew by ${growth[name]}, ${BOUNDS[name]} is allowed`);
  }
  await tell({ cycles, growth });
}

if (option('role') === 'victim') run(victim).then(() => process.disconnect());
else {
  run(async (counts) => {
    const cycles = amount(100000, 6000);
    const lives = [['plain', 50], ['plain', cycles / 2], ['shared', 50], ['shared', 500]];
    const refusal = cannotRefuse();
    if (refusal) console.log(`# SKIP refused arrays: ${refusal}`);
    else lives.push(['refused', 50], ['refused', 500]);
    for (const [variant, inOneGo] of lives) {
      const child = start(__filename, ['--role=victim', `--variant=${variant}`, `--cycles=${cycles}`, `--in-one-go=${inOneGo}`], {
        env: variant === 'refused' ? refusingEnv() : process.env,
        execArgv: ['--expose-gc'].concat(forkArgv),
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      child.on('message', (found) => {
        const growth = Object.keys(found.growth).map((name) => `${found.growth[name]} ${name}`).join(', ');
        counts[`cycles, ${variant}, ${inOneGo} in one go (growth: ${growth})`] = found.cycles;
      });
      const { code, signal } = await ended(child);
      check(code === 0, 'the process ended with', code, signal);
    }
  });
}
