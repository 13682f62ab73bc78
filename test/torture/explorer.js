'use strict';
// The explorer of test/explorer, for longer than `npm test` has time: as many schedules of each class as come in a few
// minutes, or in a few seconds (`--short`). Each run takes others: `--seed=N` repeats one.

const { spawnSync } = require('child_process');
const path = require('path');
const classes = require('../explorer/classes');

const isShort = process.argv.includes('--short');
const given = process.argv.map((argument) => /^--seed=(\d+)$/.exec(argument)).find((match) => match !== null);
const seed = given === undefined ? Date.now() % 100000 : Number(given[1]);

const counts = [];
for (const name of classes) {
  const options = [`--seed=${seed}`, `--budget=${isShort ? 600 : 50000}`, `--seconds=${isShort ? 20 : 500}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(__dirname, '..', 'explorer', 'run.js'), name].concat(options), { encoding: 'utf8' });
  process.stdout.write(stdout + stderr);
  if (status !== 0) process.exitCode = 1;
  counts.push((/^.* schedules/m.exec(stdout) || [''])[0]);
}
console.log(`explorer: seed ${seed}, ${counts.join(', ')}`);
