'use strict';
// Who is measured: this package, the floor, and the published 0.1.1, each in a process of its own
// that does works on command.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const root = path.join(__dirname, '..');
const cache = path.join(root, 'target', 'bench');
const PUBLISHED = '0.1.1';

/** A process that answers each line `WORK COUNT PASSES KEY` with the nanoseconds that it took. */
class Contestant {
  constructor(name, command, args) {
    this.name = name;
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = null;
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => this.settle('resolve', line));
    // A contestant that has died is told of by its exit.
    this.child.stdin.on('error', () => {});
    this.child.on('error', (error) => this.settle('reject', error));
    this.child.on('exit', (code, signal) => this.settle('reject', new Error(`${name} ended: ${signal || code}`)));
  }

  settle(how, value) {
    const waiting = this.waiting;
    this.waiting = null;
    if (waiting !== null) waiting[how](value);
  }

  /** Does a work with `count` keys, `passes` times; resolves with the nanoseconds of all of it. */
  async run(work, count, passes, key) {
    const answer = new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
    this.child.stdin.write(`${work} ${count} ${passes} ${key}\n`);
    return Number(await answer);
  }

  close() {
    this.child.stdin.end();
  }
}

/** Compiles a program, or with flags a library, of bench/floor; the path of the result. */
function compile(source, ...flags) {
  const from = path.join(__dirname, 'floor', source);
  const to = path.join(cache, path.basename(source, '.c'));
  fs.mkdirSync(cache, { recursive: true });
  const cc = spawnSync('cc', ['-O2', '-Wall', '-Wextra', ...flags, '-o', to, from], { encoding: 'utf8' });
  if (cc.error) throw new Error(`The floor is a C program, and there is no C compiler: ${cc.error.message}`);
  if (cc.status !== 0) throw new Error(cc.stderr);
  return to;
}

/** Compiles a program in C++; its path, or `{ reason }` why there is none. */
function compileCpp(source) {
  const to = path.join(cache, path.basename(source, '.cpp'));
  fs.mkdirSync(cache, { recursive: true });
  const flags = ['-std=c++17', '-O2', '-o', to, path.join(__dirname, 'floor', source), '-lpthread'];
  const built = spawnSync('c++', process.platform === 'darwin' ? flags : flags.concat('-lrt'), { encoding: 'utf8' });
  if (built.status === 0) return { program: to };
  return { reason: (built.error ? String(built.error) : built.stderr).split('\n').find((line) => /error/i.test(line)) };
}

/** The addon that does nothing, built with cargo; its path. */
function emptyAddon() {
  const manifest = path.join(__dirname, 'floor', 'empty-addon', 'Cargo.toml');
  const built = spawnSync('cargo', ['build', '--release', '--locked', '--manifest-path', manifest, '--target-dir', cache], {
    encoding: 'utf8',
  });
  if (built.error || built.status !== 0) throw new Error(`cargo: ${built.error || built.stderr}`);
  const library = process.platform === 'darwin' ? 'libempty_addon.dylib' : 'libempty_addon.so';
  const addon = path.join(cache, 'empty-addon.node');
  fs.copyFileSync(path.join(cache, 'release', library), addon);
  return addon;
}

/** Installs the published version; its folder, or `{ reason }` why there is none. */
function published() {
  const folder = path.join(cache, `published-${process.version}`);
  const installed = path.join(folder, 'node_modules', 'shm-typed-array');
  if (loads(installed)) return { folder: installed };
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  // Its addon is compiled by its install script, and only that one package may run one here.
  const args = ['install', '--ignore-scripts=false', '--no-audit', '--no-fund', `shm-typed-array@${PUBLISHED}`];
  const npm = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  if (loads(installed)) return { folder: installed };
  const output = npm.error ? String(npm.error) : `${npm.stdout}\n${npm.stderr}`;
  const reason = output.split('\n').find((line) => /error/i.test(line)) || `npm ended with ${npm.status}`;
  return { reason: `${PUBLISHED} could not be built for ${process.version}: ${reason.trim()}` };
}

/** Where a package of others is installed, by `installed`. */
const folderOf = (name) => path.join(cache, `${name}-${process.version}`, 'node_modules', name);

/** Installs a package that brings its binaries, and so runs no script; `{ folder }`, or `{ reason }` why there is none. */
function installed(name, version) {
  const folder = folderOf(name);
  if (loads(folder)) return { folder };
  const project = path.join(cache, `${name}-${process.version}`);
  fs.mkdirSync(project, { recursive: true });
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  const npm = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`], { cwd: project, encoding: 'utf8' });
  return loads(folder) ? { folder } : { reason: `${name}@${version} does not load after npm ended with ${npm.status}` };
}

function loads(folder) {
  return spawnSync(process.execPath, ['-e', `require(${JSON.stringify(folder)})`]).status === 0;
}

/** The least that an addon can do: what is left between the floor and it is Node's. */
function startNodeApi() {
  const flags = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
  const addon = path.join(cache, 'least.node');
  fs.copyFileSync(compile('addon.c', '-shared', '-fPIC', ...flags), addon);
  process.env.SHM_BENCH_ADDON = addon;
  return startPlayer('Node-API', path.join(__dirname, 'floor', 'node-api.js'));
}

const startFloor = () => new Contestant('floor', compile('floor.c'), []);
const startPlayer = (name, folder) => new Contestant(name, process.execPath, [path.join(__dirname, 'player.js'), folder]);

module.exports = { Contestant, PUBLISHED, cache, compile, compileCpp, emptyAddon, folderOf, installed, published, root, startFloor, startNodeApi, startPlayer };
