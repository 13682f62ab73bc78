'use strict';
// Finds and loads the native addon, or says what was tried and what to do.

const fs = require('fs');
const path = require('path');
const { withCode } = require('./errors');

const NODE_API = 5;
const root = path.join(__dirname, '..');
const platform = `${process.platform}-${process.arch}`;

/** The native functions. Throws an error with a `code` if there is no addon for this system. */
function load() {
  refuseOldNode();
  const failures = [];
  for (const file of candidates()) {
    try {
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

/** A local build first, then the prebuilt addons that can fit, in prebuildify's naming. */
function candidates() {
  const local = path.join(root, 'build', 'shm-typed-array.node');
  const prebuilt = (libc) => path.join(root, 'prebuilds', platform, `shm-typed-array${libc}.node`);
  if (process.platform !== 'linux') return [local, prebuilt('')];
  const libc = libcOfProcess();
  return [local].concat((libc === null ? ['glibc', 'musl'] : [libc]).map((tag) => prebuilt(`.${tag}`)));
}

/**
 * `'glibc'` or `'musl'`: whose dynamic loader the running executable asks for; null if it names none.
 * This is exact where looking for files of a distribution is a guess, and takes one short read.
 */
function libcOfProcess() {
  const head = Buffer.alloc(4096);
  try {
    const file = fs.openSync(process.execPath, 'r');
    try {
      fs.readSync(file, head, 0, head.length, 0);
    } finally {
      fs.closeSync(file);
    }
  } catch (_) {
    return null;
  }
  if (head.includes('/ld-musl-')) return 'musl';
  return head.includes('/ld-linux-') ? 'glibc' : null;
}

function notLoaded(failures) {
  const lines = failures.map(({ file, error }) => {
    const missing = error.code === 'MODULE_NOT_FOUND' && !fs.existsSync(file);
    return `  ${file}: ${missing ? 'not there' : String(error.message).split('\n')[0]}`;
  });
  const libc = process.platform === 'linux' ? `, ${libcOfProcess() || 'unknown libc'}` : '';
  const message = [
    `shm-typed-array has no native addon that works on ${platform}${libc}, Node.js ${process.version}. Tried:`,
    ...lines,
    adviceFor(process.platform),
  ].join('\n');
  return withCode(new Error(message), 'ERR_SHM_NOT_LOADED');
}

function adviceFor(system) {
  if (system === 'win32') {
    return 'Windows has neither System V nor POSIX shared memory. WSL has both: run the program there.';
  }
  if (system !== 'linux' && system !== 'darwin') return 'Only Linux and macOS are supported.';
  return 'Build it here with `npx shm-typed-array build`, which needs Rust (https://rustup.rs), or install the package anew if files are missing or damaged.';
}

module.exports = { load };
