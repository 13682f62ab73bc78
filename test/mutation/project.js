'use strict';
// Copies of the project in a temporary folder: one that is broken, and one to see how long a test takes that passes.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { copyProject } = require('../../scripts/copy-project');
const { root } = require('../../scripts/prebuilds');
const { startGroup } = require('../group');
const { openJournal } = require('../journal');

/** A process of a test that has computed for so long goes round in circles: none takes a fifth of it. */
const MAX_PROCESSOR_SECONDS = 15;

/** Compiled crates stay there from run to run; the project's own build is not touched. */
const TARGET = path.join(root, 'target', 'mutations');
const ADDON = path.join('build', 'shm-typed-array.node');
const LIBRARY = `libshm_typed_array.${process.platform === 'darwin' ? 'dylib' : 'so'}`;

/** The journals of the tests that run. */
const running = new Set();

/** A folder with copies. `remove` removes it, and what tests leave that are ended with the run. */
function openCopies() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-mutations-'));
  fs.chmodSync(folder, 0o755); // some tests look at it as another user
  let copies = 0;
  return {
    copy(name) {
      const place = path.join(folder, `${name}-${++copies}`);
      fs.mkdirSync(place);
      copyProject(place);
      fs.mkdirSync(path.join(place, 'build'));
      if (fs.existsSync(path.join(root, ADDON))) fs.copyFileSync(path.join(root, ADDON), path.join(place, ADDON));
      return place;
    },
    remove() {
      running.forEach((journal) => journal.sweep());
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

const cargoEnv = () => Object.assign({}, process.env, { CARGO_TARGET_DIR: TARGET });

/** As in a release: with its assertions Rust ends a process of which a test makes calls fail. */
const buildEnv = () => Object.assign(cargoEnv(), { CARGO_PROFILE_DEV_DEBUG_ASSERTIONS: 'false' });

/** The build that runs: all of them put what they have built into one place. */
let building = Promise.resolve();

/** Compiles the addon of a copy, without optimization; what the compiler says if it refuses, else null. */
function build(copy) {
  const built = building.then(() => buildAlone(copy));
  building = built.catch(() => {});
  return built;
}

async function buildAlone(copy) {
  const { output, code } = await outcome(spawn('cargo', ['build', '--locked'], { cwd: copy, env: buildEnv() }));
  if (code !== 0) return output;
  fs.copyFileSync(path.join(TARGET, 'debug', LIBRARY), path.join(copy, ADDON));
  return null;
}

function outcome(child) {
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ output, code }));
  });
}

/**
 * Runs a test in a copy until the first failure: `{ failure, seconds }`, where failure is null, or what has failed.
 *
 * @param {number} limit milliseconds after which it counts as hung
 * @param {boolean} isNative whether the addon of this copy was built here
 */
async function runTest(copy, name, limit, isNative) {
  const journal = openJournal();
  running.add(journal);
  const started = Date.now();
  const isFile = !name.includes(' ');
  const [command, ...args] = isFile ? [process.execPath, path.join('test', `${name}.test.js`)] : name.split(' ');
  const most = isFile ? MAX_PROCESSOR_SECONDS : 'unlimited';
  const env = Object.assign(journal.envFor('tmp'), command === 'cargo' ? cargoEnv() : {}, isNative ? { SHM_TEST_UNOPTIMIZED: '1' } : {});
  const child = startGroup('/bin/sh', ['-c', `ulimit -t ${most}; exec "$@"`, 'sh', command, ...args], { cwd: copy, env, stdio: 'pipe' }, limit);
  let output = '';
  let hasFailed = false;
  const read = (chunk) => {
    output += chunk;
    // What is left of the file would take its time for nothing.
    if (hasFailed || !/^not ok .*\n/m.test(output)) return;
    hasFailed = true;
    process.kill(child.pid, 'SIGTERM');
  };
  child.stdout.on('data', read);
  child.stderr.on('data', (chunk) => (output += chunk));
  const [code, signal] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
  const milliseconds = Date.now() - started;
  const left = journal.leftBy('tmp');
  running.delete(journal);
  journal.sweep();
  return { failure: failureIn(output, { code, signal }, milliseconds >= limit, left), seconds: milliseconds / 1000, output };
}

function failureIn(output, { code, signal }, isHung, left) {
  const failed = /^not ok \d+ (.*)$/m.exec(output);
  if (failed !== null) {
    const before = output.slice(0, failed.index).match(/^# .+$/gm) || [''];
    return `${before[before.length - 1].slice(2)}: ${failed[1]}`;
  }
  if (isHung) return 'it hung';
  if (signal === 'SIGXCPU' || signal === 'SIGKILL') return 'it went round in circles';
  if (code !== 0) return `it ended with ${code}: ${(/^.*(?:Error|panicked|FAILED|failed|found).*$/m.exec(output) || [''])[0]}`;
  return left.length > 0 ? `it left ${left.join(', ')}` : null;
}

module.exports = { build, openCopies, runTest };
