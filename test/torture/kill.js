'use strict';
// Processes are killed (SIGKILL) at random moments of create, get, detach and destroy. Every name is
// absent or whole afterwards, and usable. What a killed creator leaves is what `ipcs` shows with
// nattch 0 under its keys, and no more.

const fs = require('fs');
const { amount, check, cores, ended, exists, freshKey, freshName, nextMessage, object, option, random, run, seed, segment, shm, start } = require('./support/harness');

const SIZE = 3333;
const OBJECT_SIZE = SIZE + 8;

/** Endless calls on the keys, until it is killed. */
function victim() {
  const keys = JSON.parse(option('keys'));
  const next = random(Number(option('from')));
  process.send('ready', () => {
    for (;;) {
      const key = keys[next(keys.length)];
      const choice = next(5);
      if (choice < 2) shm.create(SIZE, 'Buffer', key);
      else if (choice === 2) shm.get(key);
      else if (choice === 3) shm.detach(key);
      else shm.destroy(key);
    }
  });
}

/** Kills one process, and looks at what is left of its keys. */
async function killOne(number, counts) {
  const keys = [freshKey(), freshName(), freshKey(), freshName()];
  const child = start(__filename, ['--role=victim', `--keys=${JSON.stringify(keys)}`, `--from=${seed + number}`]);
  await nextMessage(child);
  await new Promise((resolve) => setTimeout(resolve, random(seed ^ number)(8)));
  child.kill('SIGKILL');
  const { signal } = await ended(child);
  check(signal === 'SIGKILL', 'it must have been running until then', signal);
  for (const key of keys) look(key, counts);
  const temporary = fs.readdirSync('/dev/shm').filter((name) => name.startsWith(`.shm-typed-array.${child.pid}.`));
  check(temporary.length === 0, 'temporary files left', temporary);
  counts.kills++;
}

function look(key, counts) {
  if (typeof key === 'number') {
    const left = segment(key);
    if (left !== undefined) {
      check(left.attaches === 0 && left.size === SIZE, 'a segment left behind', left);
      counts['segments left with nattch 0']++;
    }
  } else if (object(key) !== undefined) {
    check(object(key) === OBJECT_SIZE, 'an object half-made', object(key));
    counts['objects left, whole']++;
  }
  const found = shm.get(key);
  check((found !== null) === exists(key) && (found === null || found.length === SIZE), 'get after a kill', found && found.length);
  const made = found === null ? shm.create(SIZE, 'Buffer', key) : found;
  check(made !== null && made.length === SIZE, 'create after a kill');
  check(shm.destroy(key) === true && !exists(key), 'destroy after a kill');
}

if (option('role') === 'victim') victim();
else {
  run(async (counts) => {
    const kills = amount(2000, 60);
    Object.assign(counts, { kills: 0, 'segments left with nattch 0': 0, 'objects left, whole': 0 });
    let number = 0;
    const lane = async () => {
      while (number < kills) await killOne(number++, counts);
    };
    await Promise.all(Array.from({ length: Math.min(cores, 4) }, lane));
  });
}
