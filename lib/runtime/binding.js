'use strict';
// The native functions for this copy of lib/: finds the addon for this system and loads it, or has
// load-error.js say why there is none. Programs wait for this file, so it does no more than that takes.

const fs = require('fs');
const path = require('path');

const NODE_API = 5;
const root = path.join(__dirname, '..', '..');

/** The addon. Throws an error with a `code` if there is no addon for this system. */
function load() {
  // Neon aborts the process where Node-API is too old, so this is asked before it is loaded.
  if (!(Number(process.versions.napi) >= NODE_API)) throw require('./load-error').nodeTooOld(NODE_API);
  const isLinux = process.platform === 'linux';
  if (!isLinux && process.platform !== 'darwin') throw require('./load-error').wrongSystem();
  const libc = isLinux ? libcOfProcess() : null;
  const prebuilt = prebuiltNames(isLinux, libc);
  /** @type {{ file: string, error: any }[]} */
  const failures = [];
  // A local build comes first.
  const files = [path.join('build', 'shm-typed-array.node')].concat(prebuilt).map((name) => path.join(root, name));
  let addon = firstOf(files, failures, require);
  if (addon !== null) return addon;
  const isBundled = !fs.existsSync(path.join(root, 'lib', 'runtime', 'binding.js'));
  if (isBundled) addon = besideBundle(prebuilt, failures);
  if (addon === null) throw require('./load-error').notLoaded(failures, libc, isBundled);
  return addon;
}

/** The first of these files that `load` can load; null if there is none, and `failures` tells why. */
function firstOf(files, failures, load) {
  for (const file of files) {
    if (!fs.existsSync(file)) {
      failures.push({ file, error: null });
      continue;
    }
    try {
      if (process.platform === 'linux') refuseUnfit(file);
      return load(file);
    } catch (error) {
      failures.push({ file, error });
    }
  }
  return null;
}

/** The prebuilt addons that can fit, in prebuildify's naming. */
function prebuiltNames(isLinux, libc) {
  const tags = !isLinux ? [''] : libc === null ? ['.glibc', '.musl'] : [`.${libc}`];
  return tags.map((tag) => path.join('prebuilds', `${process.platform}-${process.arch}`, `shm-typed-array${tag}.node`));
}

/** The addon as it is put beside a bundle or an executable, whose `require` may not load files. */
function besideBundle(prebuilt, failures) {
  const Module = /** @type {any} */ (require('module'));
  const createRequire = Module.createRequire || Module.createRequireFromPath; // Node 10
  const folders = Array.from(new Set([__dirname, path.join(__dirname, '..'), path.dirname(process.execPath)]));
  const names = prebuilt.concat(prebuilt.map((name) => path.basename(name)));
  const files = [].concat(...folders.map((folder) => names.map((name) => path.join(folder, name))));
  return firstOf(files, failures, (file) => createRequire(file)(file));
}

/**
 * `'glibc'` or `'musl'`: whose dynamic loader the running executable asks for; null if it names none.
 * This is exact where looking for files of a distribution is a guess.
 */
function libcOfProcess() {
  try {
    const { interpreter } = readElf(process.execPath);
    if (interpreter.includes('ld-musl-')) return 'musl';
    return interpreter.includes('ld-linux') ? 'glibc' : null;
  } catch (_) {
    return null; // without /proc the path of the executable is unknown
  }
}

/** Refuses a file that the dynamic loader would refuse without a reason, or, cut short, end the process over (SIGBUS). */
function refuseUnfit(file) {
  const { machine, missing } = readElf(file);
  if (machine !== null && machine !== process.arch) throw new Error(`it is for ${machine}, and this is ${process.arch}`);
  if (missing > 0) throw new Error(`it is cut short: its last ${missing} bytes are not there`);
}

// What is not listed here the dynamic loader has to judge.
const MACHINES = { 3: 'ia32', 21: 'ppc64', 22: 's390x', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64', 258: 'loong64' };
const ELF = 0x464c457f;
const PT_LOAD = 1;
const PT_INTERP = 3;

/** Where an ELF file of 32 bits, and one of 64, has what is read here, and how many bytes an address in it has. */
const LAYOUTS = {
  1: { address: 4, table: 28, entrySize: 42, count: 44, position: 4, length: 16 },
  2: { address: 8, table: 32, entrySize: 54, count: 56, position: 8, length: 32 },
};

/** Bytes that are read at first: they hold the headers of most ELF files. */
const FIRST_READ = 4096;

/**
 * What the headers of an ELF file tell, `{ machine, interpreter, missing }`: the processor as
 * `process.arch` calls it (null if it is a rare one), the path of the dynamic loader ('' for a
 * library), and how many of the bytes that loading it takes the file does not have.
 *
 * It is read by DataView: what Buffer has for that is slow at first use.
 */
function readElf(file) {
  const descriptor = fs.openSync(file, 'r');
  const read = (position, length) => {
    const bytes = new Uint8Array(length);
    return new DataView(bytes.buffer, 0, fs.readSync(descriptor, bytes, 0, length, position));
  };
  try {
    const start = read(0, FIRST_READ);
    const part = (position, length) =>
      position + length <= start.byteLength ? new DataView(start.buffer, position, length) : read(position, length);
    const layout = start.byteLength >= 64 && start.getUint32(0, true) === ELF ? LAYOUTS[start.getUint8(4)] : undefined;
    if (layout === undefined) throw new Error('it is damaged, or made for another system');
    const isLittle = start.getUint8(5) === 1;
    const address = (view, at) => (layout.address === 8 ? offset(view, at, isLittle) : view.getUint32(at, isLittle));
    let interpreter = '';
    let needed = 0;
    const entrySize = start.getUint16(layout.entrySize, isLittle);
    const table = part(address(start, layout.table), entrySize * start.getUint16(layout.count, isLittle));
    for (let at = 0; at + entrySize <= table.byteLength; at += entrySize) {
      const type = table.getUint32(at, isLittle);
      const position = address(table, at + layout.position);
      const length = address(table, at + layout.length);
      if (type === PT_LOAD) needed = Math.max(needed, position + length);
      if (type === PT_INTERP) interpreter = textOf(part(position, Math.min(length, FIRST_READ)));
    }
    const isWhole = needed > 0 && read(needed - 1, 1).byteLength === 1;
    const missing = isWhole ? 0 : needed - fs.fstatSync(descriptor).size;
    return { machine: MACHINES[start.getUint16(18, isLittle)] || null, interpreter, missing };
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A 64-bit number, exact as far as files go. */
function offset(view, at, isLittle) {
  const [first, second] = [view.getUint32(at, isLittle), view.getUint32(at + 4, isLittle)];
  return isLittle ? first + second * 2 ** 32 : second + first * 2 ** 32;
}

function textOf({ buffer, byteOffset, byteLength }) {
  return String.fromCharCode(...new Uint8Array(buffer, byteOffset, byteLength));
}

const addon = load();

// Few environments choose where objects are, and reading how takes time.
if (process.env.SHM_TYPED_ARRAY_DIR || process.env.SHM_TYPED_ARRAY_OWNERS) require('./places').choosePlaces(addon);

// Attachments and waits belong to this copy of lib/; the rest is the same for all in this thread.
// Node before 22 makes no buffer of more bytes over memory that is not its own.
const major = parseInt(process.versions.node, 10);
const mayCollect = major < 13 || major > 17; // see native/node/instance.rs
const functions = addon.open(require('buffer').kMaxLength, mayCollect, process.versions.deno !== undefined);
module.exports = Object.assign(functions, addon);
