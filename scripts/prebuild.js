'use strict';
// npm run prebuild [-- TARGET…]: builds the portable addons that the package ships, by default the
// one that is checked in. Two builds of the same sources by the same tools are the same bytes,
// wherever they are made.
//
// Rust comes from rustup, or from $RUSTC, which then must know the target. cargo-zigbuild, with zig
// as the linker for every target, comes from PyPI.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { pythonTools } = require('./cache');
const { CHECKED_IN, GLIBC, MACOS, flaws, manifestFile, neededGlibc, root, sha256, sourcesHash, targets } = require('./prebuilds');

const TOOLS = { ziglang: '0.17.1', 'cargo-zigbuild': '0.24.0' };

function rustc(...args) {
  return execFileSync(process.env.RUSTC || 'rustc', args, { cwd: root, encoding: 'utf8' }).trim();
}

/** The versions that the bytes of a build depend on. */
function toolchain() {
  return Object.assign({ rustc: rustc('--version') }, TOOLS);
}

/** Where this machine keeps what a compiler may write into its output, and what to write instead. */
function remappings() {
  const sysroot = rustc('--print', 'sysroot');
  const commit = /^commit-hash: (.*)$/m.exec(rustc('-vV'));
  return [
    [root, '/shm-typed-array'],
    [process.env.CARGO_HOME || path.join(os.homedir(), '.cargo'), '/cargo'],
    [sysroot, '/rust'],
    [path.join(sysroot, 'lib', 'rustlib', 'src', 'rust'), `/rustc/${commit === null ? '' : commit[1]}`],
  ];
}

function environment(target) {
  const flags = remappings().map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  // Rust links musl statically unless told otherwise, and an addon must use its host's.
  if (target.endsWith('musl')) flags.push('-Ctarget-feature=-crt-static');
  // What a Mach-O file calls itself is by default the path that it was linked to.
  if (target.startsWith('darwin')) flags.push('-Clink-arg=-Wl,-install_name,@rpath/shm-typed-array.node');
  const env = Object.assign({}, process.env, { CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') });
  delete env.RUSTFLAGS;
  if (target.startsWith('darwin')) env.MACOSX_DEPLOYMENT_TARGET = MACOS;
  // zig leaves the stripping of Mach-O to rust-objcopy, which lies beside rustc.
  const host = /^host: (.*)$/m.exec(rustc('-vV'))[1];
  const objcopy = path.join(rustc('--print', 'sysroot'), 'lib', 'rustlib', host, 'bin');
  env.PATH = [pythonTools(TOOLS), process.env.PATH, objcopy].join(path.delimiter);
  return env;
}

/** Builds the addon of a target and returns its bytes. Throws if it is not fit to be published. */
function buildAddon(target) {
  const { triple } = targets[target];
  if (!process.env.RUSTC) execFileSync('rustup', ['target', 'add', triple], { cwd: root, stdio: ['ignore', 2, 2] });
  const floor = target.endsWith('glibc') ? `.${GLIBC}` : '';
  const folder = path.join(root, 'target', 'prebuild');
  const build = ['zigbuild', '--release', '--locked', '--features', 'no-backtraces', '--target', triple + floor, '--target-dir', folder];
  execFileSync('cargo', build, {
    cwd: root,
    env: environment(target),
    stdio: ['ignore', 2, 2],
  });
  const library = target.startsWith('darwin') ? 'libshm_typed_array.dylib' : 'libshm_typed_array.so';
  const bytes = fs.readFileSync(path.join(folder, triple, 'release', library));
  const found = flaws(target, bytes, [root, os.homedir()]);
  if (found.length > 0) throw new Error(`the addon for ${target} cannot be published: ${found.join('; ')}`);
  return bytes;
}

function writeManifest(bytes) {
  const manifest = {
    file: targets[CHECKED_IN].file,
    sha256: sha256(bytes),
    bytes: bytes.length,
    sources: sourcesHash(),
    toolchain: toolchain(),
    glibc: { floor: GLIBC, needed: neededGlibc(bytes) },
  };
  fs.writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}

function prebuild(target) {
  const bytes = buildAddon(target);
  const output = path.join(root, targets[target].file);
  fs.mkdirSync(path.dirname(output), { recursive: true });
  fs.writeFileSync(output, bytes, { mode: 0o755 });
  if (target === CHECKED_IN) writeManifest(bytes);
  console.log(`${targets[target].file}: ${bytes.length} bytes, sha256 ${sha256(bytes)}`);
}

function main(names) {
  const unknown = names.filter((name) => targets[name] === undefined);
  if (unknown.length > 0) {
    console.error(`prebuild: unknown target ${unknown.join(', ')}. There are: ${Object.keys(targets).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  (names.length === 0 ? [CHECKED_IN] : names).forEach(prebuild);
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { buildAddon, prebuild, toolchain };
