'use strict';
// The programs in other languages: built once, run as often as wanted.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { pythonTools } = require('../../scripts/cache');

const examples = path.join(__dirname, '..', '..', 'examples');
const target = path.join(__dirname, '..', '..', 'target', 'examples');

const lacks = (command) => spawnSync(command, ['--version']).status !== 0 && `there is no ${command} here`;

/** Compiles examples/c/NAME.c; the path of the program. */
function compileC(name) {
  const program = path.join(target, name);
  fs.mkdirSync(target, { recursive: true });
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, path.join(examples, 'c', `${name}.c`)];
  build('cc', process.platform === 'linux' ? flags.concat('-lrt') : flags);
  return program;
}

/** Builds the crate examples/rust; the path of its program. */
function compileRust() {
  const manifest = path.join(examples, 'rust', 'Cargo.toml');
  build('cargo', ['build', '--locked', '--manifest-path', manifest, '--target-dir', target]);
  return path.join(target, 'debug', 'share-with-node');
}

/** A Python that has what the examples need. */
function pythonWithPackages() {
  return path.join(pythonTools({ numpy: '2.3.5', posix_ipc: '1.3.2', sysv_ipc: '1.2.0' }), 'python');
}

/** The path of examples/python/NAME.py. */
function pythonScript(name) {
  return path.join(examples, 'python', `${name}.py`);
}

function build(command, args) {
  const built = spawnSync(command, args, { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${built.error || built.stderr}`);
}

/** Runs a program to its end; throws with what it said if it did not end well. */
function run(command, ...args) {
  const ended = spawnSync(command, args.map(String), { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${ended.error || ended.signal || ended.stderr}`);
  return ended.stdout;
}

/** Starts a program that waits for a line on its input; resolves with it when it waits. */
function start(command, ...args) {
  const child = spawn(command, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`${command} ended: ${signal || code}`)));
    child.stdout.once('data', () => resolve(child));
  });
}

module.exports = { compileC, compileRust, lacks, pythonScript, pythonWithPackages, run, start };
