'use strict';
// SharedMap.compute in four processes that want the same values, one of which is killed at a random moment of each round:
// a value is computed once, or a second time after the kill, and all who live get the same one.

const { amount, check, ended, freshName, nextMessage, option, random, run, seed, shm, start, tell } = require('./support/harness');

const PROCESSES = 4;
const COMPUTING = 20;
const NOT_KILLED = 30;

/** A process that computes what it is asked for. */
async function worker() {
  const map = new shm.SharedMap(option('map'));
  const counts = shm.get(option('counts'), 'Int32Array');
  process.on('disconnect', () => process.exit());
  process.on('message', async (round) => {
    const value = await map.compute(`key ${round}`, async () => {
      Atomics.add(counts, 0, 1);
      await new Promise((resolve) => setTimeout(resolve, COMPUTING));
      return { by: process.pid };
    });
    tell(value);
  });
  tell('at work');
}

const answerOf = (child) => Promise.race([nextMessage(child), ended(child).then(() => null)]).catch(() => null);

async function all(counts) {
  const names = { map: freshName(), counts: freshName() };
  const map = new shm.SharedMap(names.map, { bytes: 1e6 });
  const words = shm.create(1, 'Int32Array', names.counts);
  const next = random(seed);
  const children = [];
  const begin = async (place) => {
    children[place] = start(__filename, ['--role=worker', `--map=${names.map}`, `--counts=${names.counts}`]);
    await nextMessage(children[place]);
  };
  await Promise.all(Array.from({ length: PROCESSES }, (_, place) => begin(place)));
  for (let round = 0; round < amount(2000, 25); round++) {
    words[0] = 0;
    const answers = children.map(answerOf);
    children.forEach((child) => child.send(round));
    const victim = next(PROCESSES);
    await new Promise((resolve) => setTimeout(resolve, next(NOT_KILLED)));
    children[victim].kill('SIGKILL');
    const begun = Date.now();
    const values = (await Promise.all(answers)).filter((_, place) => place !== victim);
    counts['ms until the next one has computed'] = Math.max(counts['ms until the next one has computed'], Date.now() - begun);
    check(values.every((value) => value !== null && value.by === values[0].by), 'all get the same value', values);
    check(words[0] === 1 || words[0] === 2, 'it is computed once, or once more after the kill', words[0]);
    counts.kills++;
    if (words[0] === 2) counts['computed again']++;
    await begin(victim);
  }
  check(map.size === counts.kills && Array.from(map).length === map.size, 'no claim is left', map.stats());
  await Promise.all(children.map((child) => (child.kill('SIGKILL'), ended(child))));
  Object.values(names).forEach((name) => shm.destroy(name));
}

if (option('role')) worker();
else {
  run(async (counts) => {
    Object.assign(counts, { kills: 0, 'computed again': 0, 'ms until the next one has computed': 0 });
    await all(counts);
  });
}
