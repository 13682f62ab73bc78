'use strict';
// Counts the instructions that the native side of create, get and detach executes, which is the same
// on a busy machine and on an idle one, and fails if there are over 10 % more than
// instructions.json says. `--update` writes what is found there.
//
// Only the addon's own instructions are counted, not those of Node.js and of the C library.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const folder = path.join(root, 'target', 'instructions');
const expected = path.join(__dirname, 'instructions.json');
const TOLERANCE = 1.1;

const functions = ['create', 'get', 'detach'];

/** How often each function is called for each kind of memory. */
const TIMES = 500;

const program = `
  const shm = require(process.argv[1]);
  const keys = Array.from({ length: ${TIMES} }, (_, i) => [process.pid * 1000 + i, '/instructions-' + process.pid + '-' + i]);
  for (const pair of keys) {
    for (const key of pair) {
      shm.create(4096, 'Buffer', key);
      shm.get(key);
      shm.destroy(key);
    }
  }
`;

/** A copy of the package with an addon whose functions have names. */
function namedBuild() {
  const env = Object.assign({}, process.env, { CARGO_PROFILE_RELEASE_STRIP: 'none' });
  const built = spawnSync('cargo', ['build', '--release', '--locked'], { cwd: root, env, encoding: 'utf8' });
  if (built.error || built.status !== 0) throw new Error(`cargo: ${built.error || built.stderr}`);
  fs.mkdirSync(path.join(folder, 'build'), { recursive: true });
  fs.copyFileSync(path.join(root, 'target', 'release', 'libshm_typed_array.so'), path.join(folder, 'build', 'shm-typed-array.node'));
  const lib = path.join(folder, 'lib');
  if (!fs.existsSync(lib)) fs.symlinkSync(path.join(root, 'lib'), lib);
  return lib;
}

/** Instructions of the addon in one call of a function, what it calls in the addon included. */
function count(lib, name) {
  const out = path.join(folder, `${name}.callgrind`);
  const args = [
    '--tool=callgrind',
    `--callgrind-out-file=${out}`,
    '--collect-atstart=no',
    `--toggle-collect=shm_typed_array::api::${name}`,
    process.execPath,
    '--preserve-symlinks',
    '-e',
    program,
    lib,
  ];
  const run = spawnSync('valgrind', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return Math.round(ownInstructions(fs.readFileSync(out, 'utf8')) / (2 * TIMES));
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
  const lib = namedBuild();
  const found = {};
  let failed = 0;
  for (const name of functions) {
    found[name] = count(lib, name);
    const ok = found[name] > 0 && found[name] <= known[name] * TOLERANCE;
    if (!ok) failed++;
    console.log(`${ok ? 'ok' : 'not ok'} ${name}: ${found[name]} instructions a call, ${known[name]} expected`);
  }
  if (update) {
    fs.writeFileSync(expected, `${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  console.log(`${functions.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main(process.argv.includes('--update'));
