'use strict';
// 400 MB created, filled and destroyed: the kernel's work, unless it is asked in a better way.

const { PUBLISHED, root, startFloor, startPlayer } = require('../contestants');
const { interleave } = require('../statistics');

/** The ways to create that are measured beside the ordinary one: option → work of the player. */
const options = { populate: 'posix-create-fill-populate', hugePages: 'posix-create-fill-huge' };

async function run(bench) {
  const contestants = { floor: startFloor(), this: startPlayer('this', root) };
  if (bench.published.folder) contestants[PUBLISHED] = startPlayer(PUBLISHED, bench.published.folder);
  const once = (name, work) => () => contestants[name].run(work, 1, 1, bench.keys(work.split('-')[0], 1).first);
  const row = (label, numbers, more) => Object.assign({ label, unit: 'ms', scale: 1e6, numbers }, more);
  try {
    const rows = [];
    for (const [kind, label] of [['sysv', 'System V'], ['posix', 'POSIX']]) {
      const work = `${kind}-create-fill`;
      const subjects = {};
      for (const name of Object.keys(contestants)) subjects[name] = once(name, work);
      const numbers = await interleave(subjects, bench.rounds(7), bench.round(work));
      rows.push(row(label, numbers, { bars: { [PUBLISHED]: 1 } }));
    }
    for (const [option, work] of Object.entries(options)) {
      if (!isPossible(bench, option)) continue;
      const subjects = { this: once('this', work) };
      if (bench.published.folder) subjects[PUBLISHED] = once(PUBLISHED, 'posix-create-fill');
      const numbers = await interleave(subjects, bench.rounds(7), bench.round(work));
      rows.push(row(`POSIX, \`${option}\``, numbers));
    }
    return rows;
  } finally {
    Object.values(contestants).forEach((contestant) => contestant.close());
  }
}

function isPossible(bench, option) {
  const [key] = bench.keys('posix', 1).all;
  try {
    bench.shm.create(1, 'Buffer', bench.track(key), { [option]: true });
    return true;
  } catch (error) {
    console.log(`${option} is not measured: ${error.message}\n`);
    return false;
  }
}

module.exports = {
  name: 'fill',
  title: '400 MB, created, filled and destroyed',
  note: 'With `hugePages` the pages are populated, too.',
  run,
};
