'use strict';
// Counts the instructions that the native side of create, destroy and get executes, which is the same
// on a busy machine and on an idle one, and fails if there are over 10 % more than
// instructions.json says. `--update` writes what is found there.
//
// Only the addon's own instructions are counted, not those of Node.js and of the C library.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { build } = require('../lib/cli/compile');

const root = path.join(__dirname, '..');
const expected = path.join(__dirname, 'instructions.json');
const TOLERANCE = 1.1;

/** How often a work is done for each kind of memory; what is left of twice as often less once is the work's. */
const TIMES = 500;

const works = {
  'create + destroy': 'shm.create(4096, "Buffer", other); shm.destroy(other);',
  get: 'shm.get(key);',
};

const program = (work, times) => `
  const shm = require(${JSON.stringify(root)});
  const name = '/instructions-' + process.pid;
  for (const [key, other] of [[process.pid, 0x40000000 + process.pid], [name, name + '-other']]) {
    shm.create(4096, 'Buffer', key);
    for (let i = 0; i < ${times}; i++) { ${work} }
    shm.destroy(key);
  }
`;

/** Instructions of the addon in one work. */
function count(work) {
  const [once, twice] = [TIMES, 2 * TIMES].map((times) => addonInstructions(program(work, times)));
  return Math.round((twice - once) / TIMES / 2);
}

function addonInstructions(code) {
  const out = path.join(os.tmpdir(), `instructions-${process.pid}.callgrind`);
  const args = ['--tool=callgrind', `--callgrind-out-file=${out}`, process.execPath, '-e', code];
  const run = spawnSync('valgrind', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  const sum = ownInstructions(fs.readFileSync(out, 'utf8'));
  fs.unlinkSync(out);
  return sum;
}

/**
 * The sum of the addon's own lines in callgrind's output, where `ob=` tells whose the lines after it
 * are, names are written once and are numbers from then on, and the line after `calls=` is not the
 * caller's.
 */
function ownInstructions(output) {
  let addon = null;
  let inAddon = false;
  let calls = false;
  let sum = 0;
  for (const line of output.split('\n')) {
    const object = /^ob=(\(\d+\))(?: (.*))?$/.exec(line) || /^cob=(\(\d+\)) (.*)$/.exec(line);
    if (object !== null) {
      if (object[2] && object[2].endsWith('shm-typed-array.node')) addon = object[1];
      if (line.startsWith('ob=')) inAddon = object[1] === addon;
    } else if (line.startsWith('calls=')) {
      calls = true;
    } else if (/^[+*\d-]/.test(line)) {
      if (inAddon && !calls) sum += Number(line.split(' ')[1]);
      calls = false;
    }
  }
  return sum;
}

function main(update) {
  if (process.platform !== 'linux' || spawnSync('valgrind', ['--version']).status !== 0) {
    console.log('# SKIP instruction counts: valgrind is not installed');
    return;
  }
  const known = fs.existsSync(expected) ? JSON.parse(fs.readFileSync(expected, 'utf8')) : {};
  const found = {};
  let failed = 0;
  build();
  for (const name of Object.keys(works)) {
    found[name] = count(works[name]);
    const ok = found[name] > 0 && found[name] <= known[name] * TOLERANCE;
    if (!ok) failed++;
    console.log(`${ok ? 'ok' : 'not ok'} ${name}: ${found[name]} instructions, ${known[name]} expected`);
  }
  if (update) {
    fs.writeFileSync(expected, `${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  console.log(`${Object.keys(works).length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main(process.argv.includes('--update'));
