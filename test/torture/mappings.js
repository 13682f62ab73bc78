'use strict';
// A process that has as many mappings as it may (vm.max_map_count) catches the documented ENOMEM, detaches
// all, and goes on working, with nothing called before that would be called at the limit.

const fs = require('fs');
const { allMappings, amount, check, ended, freshName, isLinux, option, run, short, shm, start, tell } = require('./support/harness');

const base = option('base') || freshName();

/** Attaches to the limit; how many objects that took. */
function fill(shared) {
  let count = 0;
  try {
    for (;; count++) shm.create(1, 'Buffer', `${base}-${count}`, { shared });
  } catch (error) {
    check(error.code === 'ENOMEM' && error.message.includes('max_map_count'), 'the documented error', error);
  }
  return count;
}

function victim() {
  const shared = option('variant') === 'shared';
  const count = fill(shared);
  check(count > 1000, 'objects until the limit', count);
  check(shm.detachAll() === 0 && shm.getTotalSize() === 0, 'detached');
  const array = shm.create(100);
  check(array.fill(7)[99] === 7 && shm.destroy(array.key), 'goes on working');
  return tell({ count, mappings: allMappings() });
}

function sweep() {
  const prefix = `${base.slice(1)}-`;
  fs.readdirSync('/dev/shm').filter((file) => file.startsWith(prefix)).forEach((file) => fs.unlinkSync(`/dev/shm/${file}`));
}

if (option('role') === 'victim') run(victim).then(() => process.disconnect());
else {
  run(async (counts) => {
    if (!isLinux) return { skip: 'the limit is that of Linux' };
    for (const variant of short ? ['plain'] : ['plain', 'shared']) {
      for (let round = 0; round < amount(5, 1); round++) {
        const child = start(__filename, ['--role=victim', `--variant=${variant}`, `--base=${base}`], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
        child.on('message', ({ count }) => (counts[`${variant} at the limit`] = count));
        const { code, signal } = await ended(child);
        sweep();
        check(code === 0, `${variant} ended with`, code, signal);
        counts.rounds = (counts.rounds || 0) + 1;
      }
    }
    return undefined;
  });
}
