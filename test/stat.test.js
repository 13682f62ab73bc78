'use strict';
// stat and list: what there is, without attaching it.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { forkCode, freshKey, freshKeys, freshName, isDeno, isLinux, nextMessage, outcome, runCode, shm, temporaryFolder, thrownBy } = require('./support');

const linuxOnly = { skip: !isLinux && 'reads /dev/shm and /proc' };

test('stat tells of a segment', (t) => {
  const key = freshKey();
  const before = Math.floor(Date.now() / 1000) * 1000;
  t.equal(shm.stat(key), null);
  shm.create(3333, 'Float64Array', key, '640');
  const status = shm.stat(key);
  t.equal(status.key, key);
  t.equal(status.kind, 'sysv');
  t.equal(status.size, 3333 * 8);
  t.equal(status.perm, '640');
  t.deepEqual([status.uid, status.gid], [process.getuid(), process.getgid()]);
  t.equal(status.attaches, 1);
  t.deepEqual([status.creatorPid, status.lastPid], [process.pid, process.pid]);
  t.equal(status.destroyed, false);
  t.ok(status.detachedAt === null || status.detachedAt.getTime() >= before);
  for (const time of [status.attachedAt, status.changedAt]) {
    t.ok(time.getTime() >= before && time.getTime() <= Date.now() + 1000, String(time));
  }
  t.ok(Number.isInteger(status.id));
  shm.destroy(key);
  t.equal(shm.stat(key), null);
  t.end();
});

test('stat tells of an object', (t) => {
  const name = freshName();
  t.equal(shm.stat(name), null);
  const umask = process.umask(0);
  const before = Date.now() - 1000; // the clock of files is coarser
  shm.create(100, 'Int16Array', name, '604');
  process.umask(umask);
  const status = shm.stat(name.slice(1));
  t.equal(status.key, name);
  t.equal(status.kind, 'posix');
  if (isLinux) t.equal(status.size, 208, 'with its header');
  t.equal(status.perm, '604');
  t.deepEqual([status.uid, status.gid], [process.getuid(), process.getgid()]);
  t.ok(status.modifiedAt.getTime() >= before && status.modifiedAt.getTime() <= Date.now() + 1000);
  t.notOk('attaches' in status);
  shm.destroy(name);
  t.equal(shm.stat(name), null);
  t.end();
});

test('stat attaches nothing and checks its argument', (t) => {
  for (const key of freshKeys()) {
    shm.create(10, 'Buffer', key);
    const size = shm.getTotalSize();
    shm.stat(key);
    t.equal(shm.getTotalSize(), size);
    shm.destroy(key);
  }
  for (const key of [undefined, null, {}, true]) {
    t.equal(thrownBy(() => shm.stat(key)).code, 'ERR_INVALID_ARG_TYPE');
  }
  for (const key of [0, -1, 1.5, '', 'a/b']) {
    t.equal(thrownBy(() => shm.stat(key)).code, 'ERR_OUT_OF_RANGE');
  }
  t.end();
});

test('stat tells of what may not be read, too', { skip: (!isLinux || process.getuid() !== 0) && 'only root on Linux can become somebody else here' }, (t) => {
  const keys = freshKeys();
  keys.forEach((key) => shm.create(10, 'Buffer', key, '600'));
  const code = `
    shm.stat(1); // what it loads, the other user might not be able to read
    process.setuid(65534);
    for (const key of ${JSON.stringify(keys)}) {
      const { size, perm, uid } = shm.stat(key);
      console.log([size, perm, uid].join(' '));
    }`;
  return runCode(code).then(({ stdout, stderr }) => {
    t.equal(stdout, '10 600 0\n18 600 0\n', stderr);
    keys.forEach((key) => shm.destroy(key));
  });
});

test('list is stat of all there is', linuxOnly, (t) => {
  const keys = [].concat(...Array.from({ length: 20 }, freshKeys));
  keys.forEach((key) => shm.create(77, 'Buffer', key));
  const listed = shm.list();
  for (const key of keys) {
    t.deepEqual(listed.find((status) => status.key === key), shm.stat(key));
  }
  keys.forEach((key) => shm.destroy(key));
  const left = shm.list().map((status) => status.key);
  t.notOk(keys.some((key) => left.includes(key)));
  t.end();
});

test('list shows a destroyed segment that is still attached, under the key that it still has', linuxOnly, (t) => {
  const key = freshKey();
  shm.create(77, 'Buffer', key);
  const { id } = shm.stat(key);
  const code = `
    global.kept = shm.get(${key}); // what no array is over is given back once its key leads elsewhere
    process.send('attached');
    process.once('message', () => process.exit());`;
  const child = forkCode(code);
  return nextMessage(child).then(() => {
    shm.destroy(key);
    const status = shm.list().find((segment) => segment.id === id);
    t.deepEqual([status.destroyed, status.attaches], [true, 1]);
    t.equal(status.key >= 2 ** 32, true, 'that of a transient segment, which it is by now');
    t.deepEqual(shm.stat(status.key), status);
    child.send('go');
    return new Promise((resolve) => child.on('exit', resolve));
  });
});

/** Starts a program in C that makes a private segment with 42 in it, says its id, and removes it when it is told to. */
function privateSegment() {
  const source = path.join(temporaryFolder(), 'private.c');
  fs.writeFileSync(source, `
    #include <stdio.h>
    #include <sys/ipc.h>
    #include <sys/shm.h>
    int main(void) {
      int id = shmget(IPC_PRIVATE, 64, 0600);
      char *data = shmat(id, NULL, 0);
      data[0] = 42;
      printf("%d\\n", id);
      fflush(stdout);
      getchar();
      shmctl(id, IPC_RMID, NULL);
    }`);
  const program = path.join(temporaryFolder(), 'private');
  if (spawnSync('cc', ['-o', program, source]).status !== 0) return null;
  return spawn(program);
}

test('a segment without a key is opened and destroyed by the key that list gives it', linuxOnly, async (t) => {
  for (const destroys of [false, true]) {
    const child = privateSegment();
    if (child === null) return t.comment('# SKIP needs a C compiler (cc)');
    const ended = outcome(child);
    const id = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
    const status = shm.list().find((segment) => segment.id === id);
    t.ok(status.key >= 2 ** 32 && !status.destroyed, `${status.key}`);
    t.deepEqual(shm.stat(status.key), status);
    const array = shm.get(status.key);
    t.deepEqual([array.length, array[0], array.key], [64, 42, status.key]);
    t.equal(shm.get(status.key + 2 ** 32), null, 'a key of a second later is that of a later segment');
    if (destroys) t.equal(shm.destroy(status.key), true);
    else t.equal(shm.detach(status.key), 1, 'its creator still has it');
    t.equal(shm.list().find((segment) => segment.id === id).destroyed, destroys);
    child.stdin.end('\n');
    await ended;
    t.equal(shm.get(status.key), null);
  }
});

test('list leaves out what is no object', linuxOnly, (t) => {
  const name = freshName();
  fs.mkdirSync(`/dev/shm${name}`);
  const link = freshName();
  fs.symlinkSync('/etc/passwd', `/dev/shm${link}`);
  const keys = shm.list().map((status) => status.key);
  t.notOk(keys.includes(name) || keys.includes(link));
  t.deepEqual([shm.stat(name), shm.stat(link)], [null, null]);
  fs.rmdirSync(`/dev/shm${name}`);
  fs.unlinkSync(`/dev/shm${link}`);
  t.end();
});

const noBytes = !isLinux ? 'reads /dev/shm' : isDeno && 'Deno makes no file whose name is bytes';

test('a name that is no UTF-8 does not keep list from telling of the others', { skip: noBytes }, (t) => {
  const name = freshName();
  shm.create(1, 'Buffer', name);
  const foreign = Buffer.concat([Buffer.from(`/dev/shm${name}`), Buffer.alloc(200, 0xff)]);
  fs.writeFileSync(foreign, '');
  try {
    t.ok(shm.list().some((status) => status.key === name));
  } finally {
    fs.unlinkSync(foreign);
  }
  shm.destroy(name);
  t.end();
});

test('list leaves out the file that mutexes need, so that nobody takes it for an orphan', linuxOnly, (t) => {
  const key = freshKey();
  new shm.Mutex(shm.create(1, 'Int32Array', key), 0);
  t.ok(fs.existsSync('/dev/shm/.shm-typed-array-owners'));
  t.notOk(shm.list().some((status) => status.key === '/.shm-typed-array-owners'));
  shm.destroy(key);
  t.end();
});

test('where objects cannot be listed, list says so', { skip: isLinux && 'Linux can' }, (t) => {
  const error = thrownBy(() => shm.list());
  t.equal(error.code, 'ERR_SHM_UNAVAILABLE');
  t.match(error.message, /stat\(key\)/);
  t.end();
});
