'use strict';
// Eight processes create, get and destroy one key of each kind. In rounds that begin together,
// exactly one of them wins, and the others find what it has made, whole. Then without any order:
// whatever a call finds at whatever moment is nothing, or whole.

const { amount, check, ended, freshKey, freshName, option, random, run, seed, shm, start } = require('./support/harness');

const PROCESSES = 8;
const [ROUND, TRIED, WINNER, WINS] = [0, 1, 2, 3];

/** Every process makes the memory in a size of its own, so that a mixture would show. */
const sizeOf = (id) => 1000 + id * 4096;
const sizes = Array.from({ length: PROCESSES }, (_, id) => sizeOf(id));

const nothing = new Int32Array(new SharedArrayBuffer(4));
const pause = () => Atomics.wait(nothing, 0, 0, 0.02);

/** One round: everyone tries; who comes last destroys. */
function round(control, id, number, keys) {
  while (Atomics.load(control, ROUND) < number) pause();
  const key = keys[number % keys.length];
  const made = shm.create(sizeOf(id), 'Buffer', key);
  if (made !== null) {
    check(made.length === sizeOf(id) && made[0] === 0 && made[made.length - 1] === 0, 'new memory must be whole and zero');
    Atomics.add(control, WINS, 1);
    Atomics.store(control, WINNER, id);
  } else {
    const found = shm.get(key);
    check(found !== null && sizes.includes(found.length), `round ${number}: found`, found && found.length);
  }
  // The last one sees every winner's mark: it was set before the winner was counted here.
  if (Atomics.add(control, TRIED, 1) + 1 < PROCESSES) {
    while (Atomics.load(control, ROUND) === number) pause();
    shm.detach(key);
    return;
  }
  const wins = Atomics.load(control, WINS);
  check(wins === 1, `round ${number}: ${wins} winners`);
  check(shm.get(key).length === sizeOf(Atomics.load(control, WINNER)), `round ${number}: not the winner's`);
  check(shm.destroy(key) === true, `round ${number}: not destroyed`);
  Atomics.store(control, WINS, 0);
  Atomics.store(control, TRIED, 0);
  Atomics.add(control, ROUND, 1);
}

/** Random calls on the same keys, all at once. */
function freeForAll(id, calls, keys, from) {
  const next = random(from + id);
  for (let call = 0; call < calls; call++) {
    const key = keys[next(keys.length)];
    const choice = next(8);
    if (choice < 2) {
      const made = shm.create(sizeOf(id), 'Buffer', key);
      check(made === null || made.length === sizeOf(id), 'created', made && made.length);
    } else if (choice < 5) {
      const found = shm.get(key);
      check(found === null || sizes.includes(found.length), 'found', found && found.length);
      if (found !== null) found[found.length - 1] = found[0] + 1;
    } else if (choice < 7) shm.detach(key);
    else shm.destroy(key);
  }
}

function racer() {
  const id = Number(option('id'));
  const keys = JSON.parse(option('keys'));
  const control = shm.get(option('control'), 'Int32Array');
  for (let number = 0; number < Number(option('rounds')); number++) round(control, id, number, keys);
  freeForAll(id, Number(option('calls')), keys, Number(option('from')));
  process.disconnect();
}

if (option('role') === 'racer') run(racer);
else {
  run(async (counts) => {
    const rounds = amount(100000, 3000);
    const calls = amount(20000, 1000);
    const control = freshName();
    const keys = [freshKey(), freshName()];
    shm.create(4, 'Int32Array', control);
    const settings = [`--control=${control}`, `--keys=${JSON.stringify(keys)}`, `--rounds=${rounds}`, `--calls=${calls}`, `--from=${seed}`];
    const racers = sizes.map((_, id) => start(__filename, ['--role=racer', `--id=${id}`].concat(settings), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
    const fates = await Promise.all(racers.map(async (child) => {
      const fate = await ended(child);
      // The others would wait for it for ever.
      if (fate.code !== 0) racers.forEach((other) => other.kill('SIGKILL'));
      return fate;
    }));
    check(fates.every(({ code }) => code === 0), 'the processes ended with', fates);
    counts.rounds = shm.get(control, 'Int32Array')[ROUND];
    check(counts.rounds === rounds, 'rounds', counts.rounds);
    counts['winners a round'] = 1;
    counts['torn objects'] = 0;
    counts['calls in no order'] = calls * PROCESSES;
  });
}
