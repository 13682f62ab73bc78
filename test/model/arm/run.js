'use strict';
// Decides the litmus tests of this folder: a part of npm run test:model. `--write` puts their table into
// docs/memory-model.md.

const fs = require('fs');
const path = require('path');
const { writeBetween } = require('../../../scripts/between');
const { decide, files, programsOf, testsOf } = require('./decide');
const { page, table } = require('./table');

function main() {
  const started = Date.now();
  const tests = [].concat(...files.map(testsOf));
  const faults = [].concat(...tests.map(decide));
  if (process.argv.includes('--write')) writeBetween(path.join(__dirname, '..', '..', '..', page), 'node test/model/arm/run.js --write', table());
  else if (!fs.readFileSync(path.join(__dirname, '..', '..', '..', page), 'utf8').includes(table())) faults.push(`the table in ${page} is not that of the tests: node test/model/arm/run.js --write`);
  faults.forEach((fault) => console.log(`FAILED ${fault}`));
  const changes = tests.reduce((count, { instead }) => count + instead.length, 0);
  const programs = tests.reduce((count, test) => count + programsOf(test), 0);
  console.log(`ARMv8: ${tests.length} litmus tests, ${changes} broken ones, ${programs} programs; ${faults.length} faults (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

main();
