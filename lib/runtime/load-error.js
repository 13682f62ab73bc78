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
 * No file could be loaded: `failures` are `{ file, error }` in the order in which they were tried, where the error of
 * a file that does not exist is null; `libc` is that of this process, or null; `isBundled` tells whether a bundler has
 * taken the package apart.
 */
function notLoaded(failures, libc, isBundled) {
  const reasons = failures.map(({ file, error }) => (error === null ? { text: missing(file) } : reasonOf(file, error, libc)));
  const withLibc = process.platform === 'linux' ? ` with ${libc || 'an unknown libc'}` : '';
  const { advice = isBundled ? BUNDLE : INSTALL } = reasons.find((reason) => reason.advice !== undefined) || {};
  const message = [
    `shm-typed-array has no native addon that works here: ${process.platform}-${process.arch}${withLibc}, ${runtime()}. Tried:`,
    ...reasons.map(({ text }, index) => `  ${failures[index].file}: ${text}`),
    advice,
  ].join('\n');
  return withCode(new Error(message), 'ERR_SHM_NOT_LOADED');
}

const INSTALL =
  'Build it here with `npx shm-typed-array build`, which needs Rust (https://rustup.rs). If files are missing or damaged, or came from another system (into a container, say), install the package anew.';
const BUNDLE =
  'A bundler has taken the package apart: put its folder `prebuilds` beside the bundle or the executable, or leave shm-typed-array out of the bundle.';

function runtime() {
  const { bun, deno, electron } = process.versions;
  if (bun || deno) return bun ? `Bun ${bun}` : `Deno ${deno}`;
  return electron ? `Electron ${electron}` : `Node.js ${process.version}`;
}

/** Why a file that exists could not be loaded, and what to do, if that is something else than to install it anew. */
function reasonOf(file, error, libc) {
  const newer = /version `GLIBC_([\d.]+)' not found/.exec(error.message);
  if (newer !== null) return { text: `it needs glibc ${newer[1]} or newer, which this system does not have` };
  if (libc !== null && libcOfAddon(file) === (libc === 'glibc' ? 'musl' : 'glibc')) {
    return { text: `it is for ${libc === 'glibc' ? 'musl' : 'glibc'}, and this is ${libc}` };
  }
  if (error.code === 'ERR_DLOPEN_DISABLED') return disabled();
  if (/--allow-ffi/.test(error.message)) return { text: 'Deno may not load native addons', advice: 'Run Deno with --allow-ffi --allow-read --allow-env --allow-sys, or -A.' };
  if (/failed to map segment/.test(error.message)) return unmappable(file);
  return { text: String(error.message).split('\n')[0] };
}

function disabled() {
  const text = 'this process was started so that it may not load native addons';
  const hasPermissions = /** @type {any} */ (process).permission !== undefined;
  const advice = hasPermissions ? 'Add --allow-addons to the --permission that Node.js was started with.' : 'Start Node.js without --no-addons (see NODE_OPTIONS, too).';
  return { text, advice };
}

/** The kernel refuses to map the file's code. */
function unmappable(file) {
  const mount = mountOf(file);
  if (mount === null || !mount.options.includes('noexec')) return { text: 'the system refuses to run code from it: a security policy (SELinux, fapolicyd) may forbid it' };
  return {
    text: `${mount.folder} is mounted with noexec, so no code is run from there`,
    advice: `Install the package on a file system that is mounted without noexec, or allow it: mount -o remount,exec ${mount.folder}`,
  };
}

/**
 * The mount that a file is on, from /proc; null if that cannot be told.
 *
 * @returns {{ folder: string, options: string[] } | null}
 */
function mountOf(file) {
  try {
    const real = fs.realpathSync(file);
    /** @type {{ folder: string, options: string[] } | null} */
    let found = null;
    for (const line of fs.readFileSync('/proc/self/mounts', 'utf8').trim().split('\n')) {
      const [, escaped, , options] = line.split(' ');
      const folder = escaped.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
      const isAbove = real.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
      // Of several over one another, the last is seen.
      if (isAbove && (found === null || folder.length >= found.folder.length)) found = { folder, options: options.split(',') };
    }
    return found;
  } catch (_) {
    return null;
  }
}

/** Why a file cannot be seen. */
function missing(file) {
  try {
    fs.statSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') return `it cannot be looked at: ${error.message}`;
  }
  return 'not there';
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
