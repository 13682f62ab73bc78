'use strict';
// The same calls with few and with many attachments: nothing may be linear in their number.

const { PUBLISHED, root, startPlayer } = require('../contestants');
const { interleave } = require('../statistics');
const { keySource, once } = require('../works');

const MANY = [10, 1000, 50000];

/** 0.1.1 would need minutes to attach more. */
const MOST_OF_PUBLISHED = 1000;

const works = [
  { work: 'sysv-create-detach', label: 'System V `create` + `detach`', keys: 'new' },
  { work: 'posix-create-destroy', label: 'POSIX `create` + `destroy`', keys: 'new' },
  { work: 'sysv-get', label: 'System V `get`, attached already', keys: 'attached' },
  { work: 'posix-get-detach', label: "POSIX `get` + `detach`, another process's", keys: 'existing' },
];

const words = (count) => `${count.toLocaleString('en')} attached`;

async function run(bench) {
  const numbers = bench.smoke ? [1, 2, 3] : MANY;
  const most = numbers[numbers.length - 1];
  const objects = bench.keys('posix', most);
  objects.create(1);
  const players = [];
  for (const count of numbers) players.push(await attached(words(count), root, objects, count));
  if (bench.published.folder) {
    for (const count of numbers.filter((count) => count <= MOST_OF_PUBLISHED)) {
      players.push(await attached(`${PUBLISHED}, ${count}`, bench.published.folder, objects, count));
    }
  }
  try {
    return await rows(bench, players, words(most), words(numbers[0]));
  } finally {
    players.forEach((player) => player.close());
    objects.destroy();
  }
}

/** A player that has `count` of the objects attached. */
async function attached(name, folder, objects, count) {
  const player = startPlayer(name, folder);
  await player.run('posix-get', count, 1, objects.first);
  return player;
}

async function rows(bench, players, subject, base) {
  const rows = [];
  for (const { work, label, keys } of works) {
    const source = keySource(bench, work, keys, bench.smoke ? 1 : 500);
    const subjects = {};
    for (const player of players) {
      // The warm-up round and this one more are all that 0.1.1 can bear: it maps memory that it
      // has already, and keeps what it has detached, at every call.
      const passes = bench.smoke || player.name.startsWith(PUBLISHED) ? 1 : 20;
      subjects[player.name] = () => once(player, work, source, passes);
    }
    const numbers = await interleave(subjects, bench.rounds(9), bench.round(`${work}, many attached`));
    rows.push({ label, unit: 'µs', scale: 1e3, numbers, subject, bars: { [base]: 1.2 } });
  }
  return rows;
}

module.exports = {
  name: 'flat',
  title: 'With many attachments',
  note: 'The attachments are POSIX objects: a system has no more than 4,096 segments (kernel.shmmni), as a rule.',
  run,
};
