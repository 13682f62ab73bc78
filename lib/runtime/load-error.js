'use strict';
// Why there is no native addon: what was tried, and what to do.

const fs = require('fs');
const { withCode } = require('../errors');

/** Node.js has an older Node-API than the addon needs. */
function nodeTooOld(needed) {
  const found = process.versions.napi || 'none';
  return withCode(
    new Error(
      `shm-typed-array needs Node.js 10.20 or newer (Node-API ${needed}); this is ${process.version} (Node-API ${found}).`,
    ),
    'ERR_SHM_NODE_TOO_OLD',
  );
}

/** There are addons for Linux and macOS only. */
function wrongSystem() {
  const reason =
    process.platform === 'win32'
      ? 'Windows has neither System V nor POSIX shared memory. WSL has both: run the program there'
      : `it works on Linux and macOS, and this is ${process.platform}`;
  return withCode(new Error(`shm-typed-array cannot be used here: ${reason}.`), 'ERR_SHM_NOT_LOADED');
}

/**
 * None of the addons works; `failures` are `{ file, error }`, in the order in which they were tried,
 * and `libc` is that of this process, or null.
 */
function notLoaded(failures, libc) {
  const lines = failures.map(({ file, error }) => `  ${file}: ${reasonOf(file, error, libc)}`);
  const withLibc = process.platform === 'linux' ? ` with ${libc || 'an unknown libc'}` : '';
  const message = [
    `shm-typed-array has no native addon that works here: ${process.platform}-${process.arch}${withLibc}, ${runtime()}. Tried:`,
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

function reasonOf(file, error, libc) {
  const newer = /version `GLIBC_([\d.]+)' not found/.exec(error.message);
  if (newer !== null) return `it needs glibc ${newer[1]} or newer, which this system does not have`;
  if (libc !== null && libcOfAddon(file) === (libc === 'glibc' ? 'musl' : 'glibc')) {
    return `it is for ${libc === 'glibc' ? 'musl' : 'glibc'}, and this is ${libc}`;
  }
  return String(error.message).split('\n')[0];
}

/** The libc that an addon is linked against, by the name under which it asks for it; null if unclear. */
function libcOfAddon(file) {
  let bytes;
  try {
    bytes = fs.readFileSync(file);
  } catch (_) {
    return null; // not there, a directory, not for this user: loading it has said so
  }
  if (bytes.includes('\0libc.so.6\0')) return 'glibc';
  return bytes.includes('\0libc.so\0') || bytes.includes('\0libc.musl-') ? 'musl' : null;
}

module.exports = { nodeTooOld, notLoaded, wrongSystem };
