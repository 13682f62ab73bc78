'use strict';
// Processes that change a SharedMap as fast as they can, and are killed at random. Each has keys that are there
// all the time, and changes others that come and go between them.

const { check, freshName, nextMessage, option, random, seed, shm } = require('./harness');

const PROCESSES = 4;
const STABLE = 20;
// Words of the memory that counts: what the processes have found wrong, whether they shall wait, and how far each of
// them is.
const [LOST, TORN, PAUSED, DONE] = [0, 1, 2, 16];

/** Text that tells whether it is whole. */
function textOf(length, mark) {
  const text = String.fromCharCode(97 + (mark % 26)).repeat(length);
  return `${text}:${length}:${mark}`;
}

function isWhole(value) {
  if (typeof value === 'number') return Number.isInteger(value);
  const [, length, mark] = String(value).split(':').map(Number);
  return value === textOf(length, mark);
}

const stableKey = (place, index) => `stable ${place} ${index}`;

/** Looks at a key that has to be there. */
function look(map, counts, key) {
  const value = map.get(key);
  if (value === undefined) Atomics.add(counts, LOST, 1);
  else if (!isWhole(value)) Atomics.add(counts, TORN, 1);
}

/** What each of the processes does until it is killed. */
function hammer() {
  const map = new shm.SharedMap(option('map'));
  const counts = shm.get(option('counts'), 'Int32Array');
  const place = Number(option('place'));
  const next = random(Number(option('from')));
  const passing = () => `passing ${next(200)}`;
  process.once('disconnect', () => process.exit());
  const turn = () => {
    // It looks up now and then, or it would outlive whoever has started it.
    if (counts[PAUSED] === 1) shm.wait(counts, PAUSED, 1, 1000);
    else work();
    setImmediate(turn);
  };
  const work = () => {
    for (let round = 0; round < 1000; round++) {
      const key = stableKey(place, next(STABLE));
      switch (next(9)) {
        case 0: map.set(key, textOf(next(400), next(26))); break;
        case 1: map.set(key, next(1000)); break;
        case 2: map.update(key, (old) => (typeof old === 'number' ? old + 1 : textOf(next(400), next(26)))); break;
        case 3: map.touch(key, 1e9); break;
        case 4: map.set(passing(), textOf(next(100), next(26)), { ttl: 1 + next(5) }); break;
        case 5: map.increment(`sum ${next(20)}`); break;
        case 6: map.delete(passing()); break;
        case 7: map.add(passing(), next(1000)); break;
        default: if (next(2000) === 0) map.prune();
      }
      for (let reads = 0; reads < 3; reads++) look(map, counts, stableKey(next(PROCESSES), next(STABLE)));
      Atomics.add(counts, DONE + place, 1);
    }
  };
  process.send('at work', turn);
}

/** Kills so many of the processes that `startOne(args)` starts, one to three at once: somebody has to go on. */
async function killAll(counts, kills, startOne) {
  const names = { map: freshName(), counts: freshName() };
  const map = new shm.SharedMap(names.map, { bytes: 400000, entries: 1000, maxEntry: 1000 });
  const words = shm.create(64, 'Int32Array', names.counts);
  for (let place = 0; place < PROCESSES; place++) {
    for (let index = 0; index < STABLE; index++) map.set(stableKey(place, index), textOf(index, place));
  }
  const next = random(seed);
  const children = [];
  const begin = async (place) => {
    const child = startOne([`--map=${names.map}`, `--counts=${names.counts}`, `--place=${place}`, `--from=${1 + next(2 ** 31 - 2)}`]);
    children[place] = child;
    await nextMessage(child);
  };
  await Promise.all(Array.from({ length: PROCESSES }, (_, place) => begin(place)));
  while (counts.kills < kills) {
    await new Promise((resolve) => setTimeout(resolve, next(10)));
    const places = Array.from(children.keys());
    const victims = Array.from({ length: Math.min(1 + next(PROCESSES - 1), kills - counts.kills) }, () => places.splice(next(places.length), 1)[0]);
    await Promise.all(victims.map((victim) => kill(children[victim])));
    const before = Array.from(words);
    for (let place = 0; place < PROCESSES; place++) for (let index = 0; index < STABLE; index++) look(map, words, stableKey(place, index));
    map.set('written here', counts.kills);
    await moved(words, before, places);
    // Those who go on would take the processors from those who start, which is most of the time that a kill takes.
    words[PAUSED] = 1;
    await Promise.all(victims.map(begin));
    words[PAUSED] = 0;
    shm.notify(words, PAUSED);
    await moved(words, before, Array.from(children.keys()));
    counts.kills += victims.length;
  }
  await Promise.all(children.map(kill));
  map.set('written at last', 1);
  await new Promise((resolve) => setTimeout(resolve, 20)); // by then what shall expire has
  map.prune();
  const { size, repairs } = map.stats();
  const entries = Array.from(map);
  check(entries.length === size && entries.every(([, value]) => isWhole(value)), 'all entries are whole and counted', size, entries.length);
  check(entries.every(([key, value]) => map.get(key) === value), 'and are found');
  counts.operations += words.subarray(DONE, DONE + PROCESSES).reduce((sum, done) => sum + done, 0);
  counts.repairs += repairs;
  counts['keys lost'] += words[LOST];
  counts['values torn'] += words[TORN];
  check(words[LOST] === 0 && words[TORN] === 0, 'no key is lost and no value torn', words[LOST], words[TORN]);
  shm.destroy(names.map);
  shm.destroy(names.counts);
}

/** Resolves when it has ended, and whatever was between it and this process. */
function kill(child) {
  child.kill('SIGKILL');
  return new Promise((resolve) => child.once('disconnect', resolve));
}

/** Resolves when the processes of these places have gone on. */
async function moved(words, before, places) {
  const deadline = Date.now() + 20000;
  while (places.some((place) => words[DONE + place] === before[DONE + place])) {
    check(Date.now() < deadline, 'nobody is stuck', before, words);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

module.exports = { hammer, killAll };
