'use strict';
// What the tests share: unique keys that never survive a test, and processes of the same runtime.

const { fork, spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const refusing = require('./fixtures/refuse-external');
const { destroyQuietly, note, removeFolder } = require('./journal');
const shm = require('../lib');

const isDeno = process.versions.deno !== undefined;
const isBun = process.versions.bun !== undefined;
const isLinux = process.platform === 'linux';
const nodeMajor = isDeno || isBun ? Infinity : Number(process.versions.node.split('.')[0]);

/** The class of worker threads; null where the runtime has none. */
const Worker = workerClass();

function workerClass() {
  try {
    return require('worker_threads').Worker;
  } catch (_) {
    return null;
  }
}

/** The package, loaded anew: with the addon, or on the same one, as test runners do for every file. */
function copyOfPackage({ addon }) {
  const saved = Object.assign({}, require.cache);
  const lib = path.join(__dirname, '..', 'lib');
  const own = Object.keys(saved).filter((file) => file.startsWith(lib) || (addon && file.endsWith('.node')));
  own.forEach((file) => delete require.cache[file]);
  const copy = require('../lib');
  Object.assign(require.cache, saved);
  return copy;
}

/** The executable for further processes of this runtime; under emulation it is a wrapper. */
const execPath = process.env.SHM_TEST_EXEC || process.execPath;

/** What the runtime wants to be told before the script. */
const execArgv = isDeno ? ['run', '-A'] : nodeMajor === 10 ? ['--experimental-worker'] : [];

const handedOut = [];

/** Notes a key whose memory must be gone when the test ends, pass or fail. */
function track(key) {
  handedOut.push(key);
  note(key);
  return key;
}

let folder = null;

// One listener for all, added before tape adds its own: that one ends the process, and later ones are not called.
process.on('exit', () => {
  shm.detachAll();
  handedOut.forEach((key) => destroyQuietly(shm, key));
  if (folder !== null) removeFolder(folder);
});

/** A name for a POSIX object that no other test and no other run uses. */
function freshName() {
  return track(`/shm-test-${crypto.randomBytes(8).toString('hex')}`);
}

/** A random key for a System V segment; that somebody uses it is as likely as a hit in 2³². */
function freshKey() {
  return track(1 + (crypto.randomBytes(4).readUInt32LE(0) % (2 ** 32 - 2)));
}

/** A fresh key of each kind, for promises that hold for both. */
function freshKeys() {
  return [freshKey(), freshName()];
}

/** Starts a program of test/fixtures with an IPC channel: `child.send`, `child.on('message')`. */
function forkFixture(name, args) {
  return forkFile(path.join(__dirname, 'fixtures', name), args || []);
}

/** Starts JavaScript with `shm` in scope as a process of its own with an IPC channel. */
function forkCode(code) {
  return forkFile(fileOf(code), []);
}

function forkFile(file, args) {
  const child = fork(file, args, {
    execPath,
    execArgv: isDeno ? [] : execArgv,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (isDeno) endAfterDisconnect(child);
  return child;
}

/** A child of Deno that was blocked can miss the end of its channel: on a busy machine one in thirty lived on, and its parent with it. */
function endAfterDisconnect(child) {
  const { disconnect } = child;
  child.disconnect = () => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    timer.unref();
    child.once('exit', () => clearTimeout(timer));
    disconnect.call(child);
  };
}

/** Runs a script to its end: `{ code, signal, stdout, stderr }`. */
function runScript(file, args, options) {
  const child = spawn(execPath, execArgv.concat([file], args || []), Object.assign({ stdio: 'pipe' }, options));
  return outcome(child);
}

/** Runs JavaScript with `shm` in scope as a process of its own. */
function runCode(code, options) {
  return runScript(fileOf(code), [], options);
}

function fileOf(code) {
  const file = path.join(temporaryFolder(), `code-${crypto.randomBytes(6).toString('hex')}.js`);
  const entry = JSON.stringify(path.join(__dirname, '..'));
  fs.writeFileSync(file, `'use strict';\nconst shm = require(${entry});\n${code}\n`);
  return file;
}

/** How a process ended and what it printed. */
function outcome(child) {
  const result = { code: null, signal: null, stdout: '', stderr: '' };
  if (child.stdout) child.stdout.on('data', (chunk) => (result.stdout += chunk));
  if (child.stderr) child.stderr.on('data', (chunk) => (result.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(Object.assign(result, { code, signal })));
  });
}

/** The next message of a child, or a rejection when it ends first. */
function nextMessage(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the child ended: ${code} ${signal}`)));
  });
}

/** A folder of this test process, gone when it ends. It holds a package.json for CommonJS. */
function temporaryFolder() {
  if (folder === null) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-test-'));
    fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"commonjs"}');
  }
  return folder;
}

let project = null;

/** A folder in which programs have the package by its name, as where it is installed. */
function projectFolder() {
  if (project === null) {
    project = path.join(temporaryFolder(), 'project');
    const modules = path.join(project, 'node_modules');
    fs.mkdirSync(path.join(modules, '.bin'), { recursive: true });
    fs.writeFileSync(path.join(project, 'package.json'), '{"type":"commonjs"}');
    fs.symlinkSync(path.join(__dirname, '..'), path.join(modules, 'shm-typed-array'));
    fs.symlinkSync('../shm-typed-array/lib/cli/cli.js', path.join(modules, '.bin', 'shm-typed-array'));
  }
  return project;
}

/**
 * Simulates Electron's refusal of external buffers in this process: `{ refuse(), allow() }`.
 * Ask `cannotRefuse()` first. `refusingEnv()` does it to a process that is started.
 */
function simulateRefusal() {
  return require(refusingAddon());
}

/** An environment for `runCode`, `runScript` … in which external buffers are refused from the start. */
function refusingEnv() {
  return refusing.refusingEnvironment(refusingAddon());
}

let addon = null;

function refusingAddon() {
  if (addon === null) addon = refusing.compile(temporaryFolder());
  return addon;
}

/** Lines of /proc/self/maps that are shared memory of either kind. */
function sharedMappings() {
  return fs
    .readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => /\/SYSV|\/dev\/shm\//.test(line));
}

/** Resolves as soon as `condition()` is true; rejects with `what` after 20 seconds. */
function until(condition, what) {
  const deadline = Date.now() + 20000;
  return new Promise((resolve, reject) => {
    (function check() {
      if (condition()) resolve();
      else if (Date.now() > deadline) reject(new Error(`waited in vain for ${what}`));
      else setTimeout(check, 5);
    })();
  });
}

/**
 * Whether this runtime empties the views of a detached array: by napi_detach_arraybuffer, or, where the
 * memory is lent to the engine, by `ArrayBuffer.prototype.transfer`. Deno is not asked to: see
 * native/node/instance.rs.
 */
const canEmpty = process.env.SHM_TEST_REFUSE_EXTERNAL
  ? nodeMajor >= 22
  : !isDeno && Number(process.versions.napi) >= 7;

/** Whether a view shows nothing any more: it is empty, or reads zeros where the runtime cannot empty it. */
function isDead(view) {
  if (canEmpty) return view.length === 0;
  return view.every((element) => Number(element) === 0);
}

/** Runs `action` and returns the error that it throws; an error of its own if it throws none. */
function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

module.exports = {
  Worker,
  canEmpty,
  cannotRefuse: refusing.cannotRefuse,
  copyOfPackage,
  execArgv,
  execPath,
  forkCode,
  forkFixture,
  freshKey,
  freshKeys,
  freshName,
  isBun,
  isDead,
  isDeno,
  isLinux,
  nextMessage,
  nodeMajor,
  outcome,
  projectFolder,
  refusingEnv,
  removeFolder,
  runCode,
  runScript,
  sharedMappings,
  shm,
  simulateRefusal,
  temporaryFolder,
  thrownBy,
  track,
  until,
};
