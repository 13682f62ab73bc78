'use strict';
// A SharedMap whose processes are killed: before each of their stores, and at random. No key may be lost, no value
// torn, and nobody stuck.

const { hammer, killAll } = require('./support/hammer');
const { amount, check, cores, ended, freshName, option, run, shm, start } = require('./support/harness');

const oneShard = { bytes: 18000, entries: 40, maxEntry: 1024 };
const scene = (map) => {
  for (let index = 0; index < 30; index++) map.set(`key ${index}`, 'x'.repeat(index * 12));
};

/** Changes the map in many ways, and kills itself before a store of a certain number. */
function victim() {
  const map = new shm.SharedMap(option('map'));
  const { store } = Atomics;
  let left = Number(option('step'));
  Atomics.store = (...args) => (--left === 0 ? process.kill(process.pid, 'SIGKILL') : store(...args));
  for (let index = 0; index < 30; index++) {
    map.set(`key ${index}`, 'y'.repeat(index * 12));
    if (index % 3 === 0) map.delete(`key ${index + 1}`);
    map.set('large', 'z'.repeat(900));
  }
}

/** A death before one step. */
async function killAtStep(step) {
  const name = freshName();
  const map = new shm.SharedMap(name, oneShard);
  scene(map);
  const { signal } = await ended(start(__filename, ['--role=victim', `--map=${name}`, `--step=${step}`]));
  check(signal === 'SIGKILL', 'it died at that step', step, signal);
  const alive = () => Array.from({ length: 30 }, (_, index) => map.get(`key ${index}`));
  const before = alive();
  before.forEach((value, index) => {
    const isEither = value === 'x'.repeat(index * 12) || value === 'y'.repeat(index * 12);
    check(isEither || (value === undefined && index % 3 === 1), `key ${index} after step ${step}`, value);
  });
  map.set('after', 1);
  check(map.stats().repairs === 1 && map.stats().size === Array.from(map).length, 'repaired', map.stats());
  check(String(alive()) === String(before), 'the repair changes nothing');
  shm.destroy(name);
}

/** One death before each step; a few of them at once, since most of the time goes for starting a process. */
async function killAtSteps(counts) {
  const steps = Array.from({ length: amount(400, 24) }, (_, index) => amount(1, 17) * (index + 1));
  const some = async () => {
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
      await killAtStep(step);
      counts['kills at steps']++;
    }
  };
  await Promise.all(Array.from({ length: cores }, some));
}

const roles = { victim, hammer };
if (option('role')) roles[option('role')]();
else {
  run(async (counts) => {
    Object.assign(counts, { 'kills at steps': 0, kills: 0, operations: 0, repairs: 0, 'keys lost': 0, 'values torn': 0 });
    await killAtSteps(counts);
    await killAll(counts, amount(2000, 20), (args) => start(__filename, args.concat('--role=hammer')));
  });
}
