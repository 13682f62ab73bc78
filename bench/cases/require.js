'use strict';
// What loading the package costs a program, in a process that does nothing else.

const { spawnSync } = require('child_process');
const { PUBLISHED, emptyAddon, root } = require('../contestants');
const { interleave } = require('../statistics');

/** Prints the nanoseconds of processor time that loading `what` takes. */
const program = (what) => `
  const start = process.cpuUsage();
  require(${JSON.stringify(what)});
  const { user, system } = process.cpuUsage(start);
  process.stdout.write(String((user + system) * 1000));
`;

function load(what) {
  const child = spawnSync(process.execPath, ['-e', program(what)], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout);
}

async function run(bench) {
  const addon = emptyAddon();
  const subjects = { 'empty addon': async () => load(addon), this: async () => load(root) };
  if (bench.published.folder) subjects[PUBLISHED] = async () => load(bench.published.folder);
  const numbers = await interleave(subjects, bench.rounds(41), bench.round('require'));
  return [{ label: '`require`', unit: 'ms', scale: 1e6, numbers, bars: { 'empty addon': 2 } }];
}

module.exports = {
  name: 'require',
  title: 'Loading',
  note: 'The floor is a Neon addon that exports nothing, loaded without any JavaScript around it.',
  run,
};
