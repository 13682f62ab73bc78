'use strict';
// The prebuilt addons: for which systems there is one, where each lies, and what one must be like.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');

/** The oldest glibc that the prebuilt addons run on. */
const GLIBC = '2.17';

/** The oldest macOS that they run on. */
const MACOS = '11.0';

// The standard library's printer of backtraces alone would be 200 KB: native/sys/unix/unwinder.rs keeps it out.
const BYTES_MAX = 620 * 1000;

// What the two formats of addons begin with.
const ELF = 0x7f454c46;
const MACH_O_64 = 0xfeedfacf;

/** Name of a target → Rust's name for it, and its file. */
const targets = {
  'linux-x64-glibc': { triple: 'x86_64-unknown-linux-gnu', file: 'prebuilds/linux-x64/shm-typed-array.glibc.node' },
  'linux-x64-musl': { triple: 'x86_64-unknown-linux-musl', file: 'prebuilds/linux-x64/shm-typed-array.musl.node' },
  'linux-arm64-glibc': { triple: 'aarch64-unknown-linux-gnu', file: 'prebuilds/linux-arm64/shm-typed-array.glibc.node' },
  'linux-arm64-musl': { triple: 'aarch64-unknown-linux-musl', file: 'prebuilds/linux-arm64/shm-typed-array.musl.node' },
  'darwin-x64': { triple: 'x86_64-apple-darwin', file: 'prebuilds/darwin-x64/shm-typed-array.node' },
  'darwin-arm64': { triple: 'aarch64-apple-darwin', file: 'prebuilds/darwin-arm64/shm-typed-array.node' },
};

/** The one that is checked in, so that a clone works without Rust; the manifest describes it. */
const CHECKED_IN = 'linux-x64-glibc';
const manifestFile = path.join(root, 'prebuilds', 'manifest.json');

function sha256(bytes) {
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

/** What an addon is built from: Cargo.toml, Cargo.lock and every file below native/, sorted. */
function sourceFiles() {
  const below = (folder) =>
    fs.readdirSync(path.join(root, folder), { withFileTypes: true }).reduce((files, entry) => {
      const name = `${folder}/${entry.name}`;
      return files.concat(entry.isDirectory() ? below(name) : name);
    }, []);
  return ['Cargo.lock', 'Cargo.toml'].concat(below('native')).sort();
}

/** One hash for all of them: of the lines `<sha256>  <path>`, as `sha256sum` prints them. */
function sourcesHash() {
  return sha256(sourceFiles().map((file) => `${sha256(fs.readFileSync(path.join(root, file)))}  ${file}\n`).join(''));
}

/**
 * What is wrong with the addon of a target, as sentences; none if it is fit to be published.
 * `folders` are paths of the build machine that must not be found in it.
 */
function flaws(target, bytes, folders) {
  if (!isAddonFor(target, bytes)) return [`it is no addon for ${target}`];
  const found = [];
  if (bytes.length >= BYTES_MAX) found.push(`it has ${bytes.length} bytes, and ${BYTES_MAX} are the limit`);
  folders.filter((folder) => bytes.includes(folder)).forEach((folder) => found.push(`it contains the path ${folder}`));
  if (target.startsWith('darwin')) {
    const oldest = oldestMacOS(bytes);
    if (oldest !== MACOS) found.push(`it is for macOS ${oldest}, and should be for ${MACOS}`);
    return found;
  }
  const needed = neededGlibc(bytes);
  if (target.endsWith('glibc') ? needed === null || newer(needed, GLIBC) : needed !== null) {
    found.push(`it needs glibc ${needed}`);
  }
  return found;
}

/** Whether the header is that of a file for the system and the processor of the target. */
function isAddonFor(target, bytes) {
  const isArm = target.includes('-arm64');
  if (bytes.length < 64) return false;
  if (target.startsWith('darwin')) {
    return bytes.readUInt32LE(0) === MACH_O_64 && bytes.readUInt32LE(4) === (isArm ? 0x0100000c : 0x01000007);
  }
  return bytes.readUInt32BE(0) === ELF && bytes.readUInt16LE(18) === (isArm ? 183 : 62);
}

/** The newest version of a symbol of glibc that an ELF file names; null if it names none. */
function neededGlibc(bytes) {
  const versions = bytes.toString('latin1').match(/\bGLIBC_2\.\d+/g) || [];
  const sorted = versions.map((version) => version.slice('GLIBC_'.length)).sort((a, b) => (newer(a, b) ? 1 : -1));
  return sorted.length === 0 ? null : sorted[sorted.length - 1];
}

function newer(a, b) {
  return Number(a.split('.')[1]) > Number(b.split('.')[1]);
}

/** `minos` of the load command LC_BUILD_VERSION of a 64-bit Mach-O file; null if there is none. */
function oldestMacOS(bytes) {
  const LC_BUILD_VERSION = 0x32;
  let at = 32;
  for (let left = bytes.readUInt32LE(16); left > 0; left--) {
    if (bytes.readUInt32LE(at) === LC_BUILD_VERSION) return `${bytes.readUInt16LE(at + 14)}.${bytes[at + 13]}`;
    at += bytes.readUInt32LE(at + 4);
  }
  return null;
}

module.exports = { CHECKED_IN, GLIBC, MACOS, flaws, manifestFile, neededGlibc, root, sha256, sourceFiles, sourcesHash, targets };
