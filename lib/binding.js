'use strict';
// Finds and loads the native addon, or says what was tried and what to do.

const fs = require('fs');
const path = require('path');
const { readElf } = require('./elf');
const { withCode } = require('./errors');

const NODE_API = 5;
const root = path.join(__dirname, '..');

/** The native functions. Throws an error with a `code` if there is no addon for this system. */
function load() {
  refuseOldNode();
  refuseSystem();
  const failures = [];
  for (const file of candidates()) {
    try {
      refuseUnfit(file);
      return require(file);
    } catch (error) {
      failures.push({ file, error });
    }
  }
  throw notLoaded(failures);
}

/** Neon aborts the process where Node-API is too old, so this is asked before it is loaded. */
function refuseOldNode() {
  const found = Number(process.versions.napi || 0);
  if (found >= NODE_API) return;
  throw withCode(
    new Error(
      `shm-typed-array needs Node.js 10.20 or newer (Node-API ${NODE_API}); this is ${process.version} (Node-API ${found || 'none'}).`,
    ),
    'ERR_SHM_NODE_TOO_OLD',
  );
}

function refuseSystem() {
  if (process.platform === 'linux' || process.platform === 'darwin') return;
  const reason =
    process.platform === 'win32'
      ? 'Windows has neither System V nor POSIX shared memory. WSL has both: run the program there'
      : `it works on Linux and macOS, and this is ${process.platform}`;
  throw withCode(new Error(`shm-typed-array cannot be used here: ${reason}.`), 'ERR_SHM_NOT_LOADED');
}

/** A local build first, then the prebuilt addons that can fit, in prebuildify's naming. */
function* candidates() {
  yield path.join(root, 'build', 'shm-typed-array.node');
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  const prebuilt = (libc) => path.join(folder, `shm-typed-array${libc}.node`);
  if (process.platform !== 'linux') {
    yield prebuilt('');
    return;
  }
  const libc = libcOfProcess();
  for (const tag of libc === null ? ['glibc', 'musl'] : [libc]) yield prebuilt(`.${tag}`);
}

/**
 * `'glibc'` or `'musl'`: whose dynamic loader the running executable asks for; null if it names none.
 * This is exact where looking for files of a distribution is a guess, and takes a few short reads.
 */
function libcOfProcess() {
  try {
    const elf = readElf(process.execPath);
    if (elf === null) return null;
    if (elf.interpreter.includes('ld-musl-')) return 'musl';
    return elf.interpreter.includes('ld-linux') ? 'glibc' : null;
  } catch (_) {
    return null; // without /proc nobody knows where the executable is
  }
}

/** What the dynamic loader would answer with a riddle, or, to a file cut short, with a SIGBUS. */
function refuseUnfit(file) {
  if (process.platform !== 'linux' || !fs.existsSync(file)) return;
  const elf = readElf(file);
  if (elf === null) throw new Error('it is damaged, or made for another system');
  if (elf.machine !== process.arch) throw new Error(`it is for ${elf.machine}, and this is ${process.arch}`);
  if (elf.size < elf.neededSize) {
    throw new Error(`it is cut short: it has ${elf.size} bytes, and ${elf.neededSize} are needed`);
  }
}

function notLoaded(failures) {
  const lines = failures.map(({ file, error }) => `  ${file}: ${reasonOf(file, error)}`);
  const libc = process.platform === 'linux' ? ` with ${libcOfProcess() || 'an unknown libc'}` : '';
  const message = [
    `shm-typed-array has no native addon that works here: ${process.platform}-${process.arch}${libc}, ${runtime()}. Tried:`,
    ...lines,
    'Build it here with `npx shm-typed-array build`, which needs Rust (https://rustup.rs). If files are missing or damaged, or came from another system (into a container, say), install the package anew.',
  ].join('\n');
  return withCode(new Error(message), 'ERR_SHM_NOT_LOADED');
}

function runtime() {
  const { bun, deno, electron } = process.versions;
  if (bun || deno) return bun ? `Bun ${bun}` : `Deno ${deno}`;
  return electron ? `Electron ${electron}` : `Node.js ${process.version}`;
}

function reasonOf(file, error) {
  if (!fs.existsSync(file)) return 'not there';
  const newer = /version `GLIBC_([\d.]+)' not found/.exec(error.message);
  if (newer !== null) return `it needs glibc ${newer[1]} or newer, which this system does not have`;
  const libc = libcOfProcess();
  if (libc !== null && libcOfAddon(file) === (libc === 'glibc' ? 'musl' : 'glibc')) {
    return `it is for ${libc === 'glibc' ? 'musl' : 'glibc'}, and this is ${libc}`;
  }
  return String(error.message).split('\n')[0];
}

/** The libc that an addon is linked against, by the name under which it asks for it; null if unclear. */
function libcOfAddon(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.includes('\0libc.so.6\0')) return 'glibc';
  return bytes.includes('\0libc.so\0') || bytes.includes('\0libc.musl-') ? 'musl' : null;
}

module.exports = { load };
