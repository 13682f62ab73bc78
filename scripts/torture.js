'use strict';
// npm run test:torture: runs the programs of test/torture and shows what they have counted.
// `-- --short` runs the short tier, names run those only (`-- model kill --seed=5`), `-- --jobs=2` two at a time. What a
// full run of a program has counted, on this runtime, is written into docs/testing.md if it has passed; the other rows
// there stay.

const fs = require('fs');
const path = require('path');
const { writeRow } = require('./rows');
const { endTogether, startGroup } = require('../test/group');
const { openJournal } = require('../test/journal');

const folder = path.join(__dirname, '..', 'test', 'torture');
const given = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const isJobs = (argument) => argument.startsWith('--jobs=');
const jobs = Number((given.find(isJobs) || '--jobs=1').slice('--jobs='.length));
/** For the programs. */
const options = given.filter((argument) => !isJobs(argument));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const all = fs.readdirSync(folder).filter((file) => file.endsWith('.js')).map((file) => path.basename(file, '.js')).sort();

/** Milliseconds after which a test has failed. */
const TIMEOUT = options.includes('--short') ? 240000 : 45 * 60000;

/** Runs one program; its output is shown, as it comes if it is the only one, and its last line is kept: the counts. */
function runOne(name, env) {
  const heading = `== ${name}\n`;
  if (jobs === 1) process.stdout.write(heading);
  const args = ['--expose-gc', path.join(folder, `${name}.js`)].concat(options);
  const child = startGroup(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] }, TIMEOUT);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (jobs === 1) process.stdout.write(chunk);
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      if (jobs > 1) process.stdout.write(heading + output);
      const lines = output.trim().split('\n').filter((line) => !line.startsWith('shm segments destroyed'));
      resolve({ ok: code === 0, counts: lines.pop() || '', end: signal || `exit code ${code}` });
    });
  });
}

async function main() {
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  const results = [];
  const journal = openJournal();
  endTogether(journal.sweep);
  const waiting = names.length > 0 ? names.slice() : all.slice();
  const runWaiting = async () => {
    while (waiting.length > 0) {
      const name = waiting.shift();
      const at = Date.now();
      const result = Object.assign(await runOne(name, journal.envFor(name)), { name, seconds: ((Date.now() - at) / 1000).toFixed(1) });
      results.push(result);
      if (result.ok && options.length === 0) write(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, runWaiting));
  journal.sweep();
  console.log(`\n${table(results)}`);
  const passed = results.filter(({ ok }) => ok).length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  process.exitCode = passed === results.length ? 0 : 1;
}

/** This runtime and its version. */
function runtime() {
  const { bun, deno, node } = process.versions;
  if (bun || deno) return bun ? `Bun ${bun}` : `Deno ${deno}`;
  return `Node.js ${node}`;
}

/** A program has one row for each runtime, and for each major version of Node.js. */
const keyOf = ([name, version]) => `${name} ${/^(?:Node.js \d+|\w+)/.exec(version)[0]}`;

function write({ name, seconds, counts }) {
  writeRow('npm run test:torture', {
    head: ['test', 'runtime', 'seconds:', 'counts'],
    row: [name, runtime(), seconds, counts],
    keyOf,
    keys: [],
  });
}

function table(results) {
  const rows = results.map(({ name, ok, end, seconds, counts }) => `| ${name} | ${ok ? 'passed' : `FAILED (${end})`} | ${seconds} | ${counts} |`);
  return ['| test | result | seconds | counts |', '| --- | --- | ---: | --- |'].concat(rows).join('\n');
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
