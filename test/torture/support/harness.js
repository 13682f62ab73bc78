'use strict';
// What the torture tests share: the two sizes of a run, a seed, counts, further processes, and what
// the system says about this process and about the memory.

const { execFileSync, fork, spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const support = require('../../support');

const short = process.argv.includes('--short');

/** How often something is done: in full, or in the short run that every change has to pass. */
function amount(full, shortened) {
  return short ? shortened : full;
}

/** The value of an argument `--name=value`. */
function option(name) {
  const found = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return found === undefined ? undefined : found.slice(name.length + 3);
}

/** The seed of this run: `--seed=N` repeats an earlier one. */
const seed = Number(option('seed') || crypto.randomBytes(4).readUInt32LE(0));

/** Whole numbers below `limit`, the same for the same seed (xorshift32). */
function random(from) {
  let state = from >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/**
 * Runs a torture test: `body(counts)` fills in what it has counted. The last line printed holds
 * the counts; the exit code is 0 only if nothing was thrown. `{ skip: reason }` returned by it is told.
 */
async function run(body) {
  const counts = {};
  try {
    const skipped = await body(counts);
    if (skipped) return console.log(`# SKIP ${skipped.skip}`);
    console.log(line(counts));
  } catch (error) {
    console.error(error);
    console.log(`FAILED after ${line(counts)} (seed ${seed})`);
    process.exitCode = 1;
  }
}

function line(counts) {
  return Object.keys(counts).map((name) => `${counts[name]} ${name}`).join(', ');
}

/** Throws if `condition` is false; `what` says what should have been, `found` what was. */
function check(condition, what, ...found) {
  if (!condition) throw new Error(found.length > 0 ? `${what}: ${found.map(show).join(' ')}` : what);
}

function show(value) {
  return value instanceof Error ? value.stack : require('util').inspect(value);
}

/** What `fork` gives the runtime besides: Deno's own adds what Deno needs. */
const forkArgv = support.isDeno ? [] : support.execArgv;

/** How the processes ended that `start` has started. */
const ends = new WeakMap();

/** Starts `file` (a role of a test, as a rule the test itself) as a process with an IPC channel. */
function start(file, args, options) {
  const child = fork(file, args, Object.assign({ execPath: support.execPath, execArgv: forkArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }, options));
  child.setMaxListeners(0); // each message that is waited for leaves one
  child.once('exit', (code, signal) => ends.set(child, { code, signal }));
  return child;
}

/** Options of `start` that have a command, if there is one, start the runtime, which comes after its arguments. */
function startedBy(command) {
  if (command.length === 0) return {};
  const file = path.join(support.temporaryFolder(), `start-${crypto.randomBytes(6).toString('hex')}`);
  const words = command.concat(support.execPath).map((word) => `'${word.replace(/'/g, "'\\''")}'`);
  fs.writeFileSync(file, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o755 });
  return { execPath: file };
}

/** Sends a message to who has started this process; resolves once it is sent: Deno loses what is sent right before the end. */
function tell(message) {
  return new Promise((resolve) => process.send(message, () => resolve()));
}

/** Runs `command` to its end: `{ code, signal, stdout, stderr }`. */
function execute(command, args, options) {
  return support.outcome(spawn(command, args, Object.assign({ stdio: 'pipe' }, options)));
}

/** How a child of `start` ended: `{ code, signal }`. On Deno its `signalCode` is that of a signal that was sent. */
function ended(child) {
  if (ends.has(child)) return Promise.resolve(ends.get(child));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** The segment of that key as the kernel lists it, or undefined. */
function segment(key) {
  const lines = fs.readFileSync('/proc/sysvipc/shm', 'utf8').split('\n').slice(1);
  const fields = lines.map((text) => text.trim().split(/\s+/)).find((words) => Number(words[0]) === (key | 0));
  return fields && { id: Number(fields[1]), size: Number(fields[3]), attaches: Number(fields[6]) };
}

/** The object's size in bytes, or undefined. */
function object(name) {
  try {
    return fs.lstatSync(`/dev/shm${name}`).size;
  } catch (_) {
    return undefined;
  }
}

/** Whether memory of that key exists. */
function exists(key) {
  return typeof key === 'number' ? segment(key) !== undefined : object(key) !== undefined;
}

/** Open files of this process. */
function descriptors() {
  return fs.readdirSync('/proc/self/fd').length;
}

/** Lines of /proc/self/maps. */
function allMappings() {
  return fs.readFileSync('/proc/self/maps', 'utf8').split('\n').length;
}

/** Lets finalizers run: they do at turns of the event loop. */
async function settle() {
  for (let turn = 0; turn < 5; turn++) {
    if (global.gc) global.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Compiles a C source of test/torture, as a library by default; null where there is no compiler. */
function compile(source, flags) {
  const file = path.join(support.temporaryFolder(), path.basename(source, '.c'));
  const options = flags || ['-shared', '-fPIC'];
  try {
    execFileSync('cc', options.concat(['-O1', '-Wall', '-o', file, path.join(__dirname, '..', source), '-ldl']));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
  return file;
}

const isRoot = typeof process.getuid === 'function' && process.getuid() === 0;
const cores = os.cpus().length;

module.exports = Object.assign({}, support, {
  allMappings,
  amount,
  check,
  compile,
  cores,
  descriptors,
  ended,
  execute,
  exists,
  forkArgv,
  isRoot,
  object,
  option,
  random,
  run,
  seed,
  segment,
  settle,
  short,
  start,
  startedBy,
  tell,
});
