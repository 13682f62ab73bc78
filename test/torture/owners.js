'use strict';
// The file of the mutexes' owners is in a folder where everybody may write: it is missing, forbidden, something else
// than a file, or another one than the owner has, because somebody has deleted it or because the memory is shared and
// the folder is not. A mutex is an error then, or works, but nobody takes the lock from a living owner.

const { execFileSync, spawn, spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const { amount, check, ended, freshKey, nextMessage, option, shm } = require('./support/harness');
const { runApart, startIn } = require('./support/containers');

const OWNERS = '/dev/shm/.shm-typed-array-owners';
const NOBODY = 65534;

/** Makes the calls that it is told to make of the mutex in word 0, and tells the result or the error's code. */
function lock() {
  const key = Number(option('key'));
  let mutex = null;
  process.on('message', ([call, argument]) => {
    try {
      if (mutex === null) mutex = new shm.Mutex(shm.get(key, 'Int32Array'), 0);
      process.send({ result: mutex[call](argument) });
    } catch (error) {
      process.send({ result: error.code, message: error.message });
    }
  });
  return new Promise(() => {});
}

function locker(key, options, kind) {
  const child = startIn(kind || 'host', __filename, ['--role=lock', `--key=${key}`], options);
  child.ask = (...command) => {
    child.send(command);
    const late = setTimeout(() => child.kill('SIGKILL'), 20000);
    return nextMessage(child).finally(() => clearTimeout(late));
  };
  child.end = () => {
    child.kill('SIGKILL');
    return ended(child);
  };
  return child;
}

/** That a thread which comes later leaves the lock to its living owner, and gets it from a dead one. */
async function respected(key, owner, later) {
  check((await owner.ask('tryLock')).result === 'ok', 'locked');
  const tried = await later.ask('tryLock');
  check(tried.result === null, 'tryLock leaves it to the owner', tried);
  const waited = (await later.ask('lockSync', { timeout: 150 })).result;
  check(waited === 'ERR_SHM_TIMED_OUT', 'lock leaves it to the owner', waited);
  await owner.end();
  check((await later.ask('lockSync')).result === 'owner-died', 'the dead owner is noticed');
  await later.ask('unlock');
}

async function deleted(counts) {
  const key = freshKey();
  shm.create(10, 'Int32Array', key);
  for (let round = 0; round < amount(20, 2); round++) {
    const early = [locker(key), locker(key)];
    for (const child of early) check((await child.ask('unlock')).result === 'ERR_SHM_NOT_OWNER', 'has a number');
    fs.unlinkSync(OWNERS);
    const between = [locker(key), locker(key)];
    for (const child of between) check((await child.ask('unlock')).result === 'ERR_SHM_NOT_OWNER', 'has a number');
    fs.unlinkSync(OWNERS);
    const late = locker(key);
    await respected(key, early[0], between[0]);
    await respected(key, between[0], early[1]);
    await respected(key, early[1], late);
    await respected(key, between[1], late);
    await late.end();
    counts['owners of a deleted file'] += 4;
  }
  shm.destroy(key);
}

/** A container that shares the segments, but not /dev/shm. */
async function apart(counts) {
  const key = freshKey();
  shm.create(10, 'Int32Array', key);
  for (let round = 0; round < amount(20, 2); round++) {
    const here = locker(key);
    const there = locker(key, {}, 'elsewhere');
    await respected(key, here, there);
    const next = locker(key);
    await respected(key, there, next);
    await next.end();
    counts['owners in another /dev/shm'] += 2;
  }
  shm.destroy(key);
}

/** Whatever has the file's name: `[what, how to make it, what the mutex answers]`. */
const files = [
  ['nothing', () => {}, 'ok'],
  ['an empty file', () => make(() => {}, 0o666), 'ok'],
  ['a file of another user', () => make(() => fs.chownSync(OWNERS, 1, 1), 0o666), 'ok'],
  ['a file that may not be read', () => make(() => {}, 0o600), 'ok'], // there is another place
  ['a link', () => fs.symlinkSync('/dev/shm/elsewhere', OWNERS), 'ELOOP'],
  ['a link to itself', () => fs.symlinkSync(OWNERS, OWNERS), 'ELOOP'],
  ['a folder', () => fs.mkdirSync(OWNERS, 0o777), 'EISDIR'],
  ['a FIFO', () => execFileSync('mkfifo', ['-m', '666', OWNERS]), 'ok'],
  ['a socket', listen, 'ENXIO'],
  ['a file that somebody has locked', lockWhole, 'EAGAIN'],
];

function make(change, mode) {
  fs.writeFileSync(OWNERS, '');
  change();
  fs.chmodSync(OWNERS, mode);
}

function listen() {
  const server = net.createServer().unref();
  return new Promise((resolve) => server.listen({ path: OWNERS, writableAll: true }, resolve));
}

async function lockWhole() {
  make(() => {}, 0o666);
  const program = 'import fcntl, sys, time; f = open(sys.argv[1], "r+"); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); time.sleep(20)';
  const child = spawn('python3', ['-c', program, OWNERS], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  await new Promise((resolve, reject) => child.once('error', reject).stdout.once('data', resolve));
}

async function inItsPlace(counts) {
  const { error, status } = spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY });
  if (error || status !== 0) {
    console.log(`# SKIP other things in its place: another user may not start ${process.execPath}`);
    return;
  }
  const key = freshKey();
  const array = shm.create(10, 'Int32Array', key, '666');
  for (const [what, put, expected] of files) {
    if (put === lockWhole && spawnSync('python3', ['--version']).status !== 0) {
      console.log(`# SKIP ${what}: needs python3`);
      continue;
    }
    fs.rmSync(OWNERS, { recursive: true, force: true });
    await put();
    array[0] = 0;
    const nobody = locker(key, { uid: NOBODY, gid: NOBODY });
    const { result, message } = await nobody.ask('tryLock');
    check(result === expected, `${what} in its place`, result, message);
    if (result !== 'ok') check(message.includes(OWNERS), 'the message names the file', message);
    await nobody.end();
    counts['things in its place']++;
  }
  fs.rmSync(OWNERS, { recursive: true, force: true });
  shm.destroy(key);
}

async function all(counts) {
  Object.assign(counts, { 'owners of a deleted file': 0, 'owners in another /dev/shm': 0, 'things in its place': 0 });
  await deleted(counts);
  await apart(counts);
  await inItsPlace(counts);
}

runApart(__filename, all, { lock });
