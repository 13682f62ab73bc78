'use strict';
// Compiles the native addon where no prebuilt one fits.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const output = path.join('build', 'shm-typed-array.node');

/** The oldest Rust that compiles this: `rust-version` of Cargo.toml. */
function neededRust() {
  const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
  return firstMatch(/^rust-version = "(.*)"$/m, manifest);
}

function firstMatch(pattern, text) {
  const match = pattern.exec(text);
  return match === null ? '' : match[1];
}

function checkCargo() {
  const needed = neededRust();
  const found = spawnSync('cargo', ['--version'], { cwd: root, encoding: 'utf8' });
  if (found.error || found.status !== 0) {
    const reason = found.error ? 'cargo is not on the PATH' : `cargo says: ${found.stderr.trim()}`;
    throw new Error(`Rust ${needed} or newer is needed, and ${reason}. Get it from https://rustup.rs`);
  }
  const version = firstMatch(/(\d+\.\d+\.\d+)/, found.stdout);
  if (isOlder(version, needed)) {
    throw new Error(`Rust ${needed} or newer is needed, and this is ${version}. Update it: rustup update`);
  }
}

function isOlder(version, needed) {
  const [major, minor] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = needed.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

function checkWritable() {
  try {
    fs.rmdirSync(fs.mkdtempSync(path.join(root, 'build-')));
  } catch (error) {
    throw new Error(
      `${root} cannot be written to (${error.code}): build in a copy of the project that can, and bring its node_modules here`,
      { cause: error },
    );
  }
}

/** A cdylib for musl must not link libc statically, which is Rust's default there. */
function flagsForLibc() {
  const host = spawnSync('rustc', ['-vV'], { cwd: root, encoding: 'utf8' });
  if (!/^host: .*-musl$/m.test(String(host.stdout))) return {};
  return { RUSTFLAGS: `${process.env.RUSTFLAGS || ''} -C target-feature=-crt-static`.trim() };
}

/** Builds `build/shm-typed-array.node` with cargo. Throws an error that says what is missing. */
function build() {
  checkWritable();
  checkCargo();
  const copyArtifact = require.resolve('cargo-cp-artifact/bin/cargo-cp-artifact.js');
  const cargo = ['cargo', 'build', '--release', '--locked', '--message-format=json-render-diagnostics'];
  const built = spawnSync(
    process.execPath,
    [copyArtifact, '--artifact', 'cdylib', 'shm_typed_array', output, '--', ...cargo],
    { cwd: root, stdio: 'inherit', env: Object.assign({}, process.env, flagsForLibc()) },
  );
  if (built.error) throw built.error;
  if (built.status !== 0) throw new Error('cargo failed; its messages are above');
  console.log(`built ${path.join(root, output)}`);
}

module.exports = { build };
