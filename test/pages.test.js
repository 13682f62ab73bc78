'use strict';
// The options about pages: when the memory is taken, and in what sizes.

const fs = require('fs');
const test = require('tape');
const { freshKey, freshKeys, freshName, isDead, isLinux, shm, thrownBy } = require('./support');

const linuxOnly = { skip: !isLinux && 'reads /dev/shm and /proc' };

/** What /proc/self/smaps tells of the one mapping of that key, as numbers of KB. */
function pagesOf(key) {
  const isMapping =
    typeof key === 'string'
      ? // A new object is mapped before it has its name: its inode is what tells it.
        new RegExp(` ${fs.statSync(`/dev/shm${key}`).ino} +/dev/shm/`)
      : new RegExp(` /SYSV${`0000000${key.toString(16)}`.slice(-8)} `);
  const lines = fs.readFileSync('/proc/self/smaps', 'utf8').split('\n');
  const fields = {};
  for (const line of lines.slice(lines.findIndex((text) => isMapping.test(text)) + 1)) {
    const match = /^(\w+): +(\d+) kB$/.exec(line);
    const flags = /^VmFlags: (.*)$/.exec(line);
    if (match !== null) fields[match[1]] = Number(match[2]);
    if (flags !== null) return Object.assign(fields, { flags: flags[1].trim().split(' ') });
  }
  return fields;
}

test('reserve: false takes no memory before it is touched', linuxOnly, (t) => {
  const bytes = 2 ** 24;
  for (const raw of [false, true]) {
    const [reserved, sparse] = [freshName(), freshName()];
    shm.create(bytes, 'Buffer', reserved, { raw, reserve: true });
    t.ok(fs.statSync(`/dev/shm${reserved}`).blocks * 512 >= bytes);
    const array = shm.create(bytes, 'Buffer', sparse, { raw, reserve: false });
    t.ok(fs.statSync(`/dev/shm${sparse}`).blocks * 512 <= 4096);
    t.equal(shm.get(sparse, 'Buffer', { raw }).length, bytes);
    array[bytes - 1] = 7;
    t.equal(array[bytes - 1], 7);
    shm.destroy(reserved);
    shm.destroy(sparse);
  }
  const key = freshKey();
  t.equal(shm.create(bytes, 'Buffer', key, { reserve: false })[bytes - 1], 0, 'a segment');
  shm.destroy(key);
  t.end();
});

/** MADV_POPULATE_READ came with Linux 5.14. */
function kernelPopulates() {
  const [major, minor] = require('os').release().split('.').map(Number);
  return isLinux && (major > 5 || (major === 5 && minor >= 14));
}

const cannotPopulate = (!kernelPopulates() && 'needs Linux 5.14') || (process.env.SHM_TEST_EMULATED !== undefined && 'qemu keeps the advice to itself');

test('populate faults every page in', { skip: cannotPopulate }, (t) => {
  const bytes = 2 ** 22;
  for (const key of freshKeys()) {
    shm.create(bytes, 'Buffer', key);
    t.ok(pagesOf(key).Rss < 1024, 'without it, pages come when they are touched');
    shm.destroy(key);
    shm.create(bytes, 'Buffer', key, { populate: true });
    t.ok(pagesOf(key).Rss >= bytes / 1024, 'create');
    if (typeof key === 'string') {
      shm.detach(key);
      shm.get(key, 'Buffer', { populate: true });
      t.ok(pagesOf(key).Rss >= bytes / 1024, 'get');
    }
    shm.destroy(key);
  }
  t.end();
});

test('hugePages: huge pages, or an error that says how to turn them on', linuxOnly, (t) => {
  const bytes = 2 ** 23;
  for (const key of freshKeys()) {
    let array;
    try {
      array = shm.create(bytes, 'Buffer', key, { hugePages: true });
    } catch (error) {
      t.equal(error.code, 'ENOTSUP');
      t.match(error.message, /Huge pages are switched off.*(shmem_enabled|huge=advise|without transparent)/);
      t.equal(shm.get(key), null, 'nothing is left');
      t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], [0, 0]);
      continue;
    }
    array.fill(7);
    t.ok(pagesOf(key).ShmemPmdMapped > 0, `${key}: huge pages are mapped`);
    shm.detach(key, true);
    t.ok(isDead(array));
  }
  t.end();
});

test("hugePages: 'auto' takes huge pages where there are some, and others elsewhere", (t) => {
  const bytes = 2 ** 23;
  for (const key of freshKeys()) {
    const small = shm.create(100, 'Buffer', key, { hugePages: 'auto' });
    t.deepEqual([small.length, small[0]], [100, 0]);
    shm.destroy(key);
    const array = shm.create(bytes, 'Buffer', key, { hugePages: 'auto' }).fill(7);
    t.equal(array[bytes - 1], 7);
    if (hasHugePages(typeof key === 'string' ? 'posix' : 'sysv')) t.ok(pagesOf(key).ShmemPmdMapped > 0, `${key}: huge pages are mapped`);
    shm.detach(key, typeof key === 'number');
    if (typeof key === 'string') t.equal(shm.get(key, 'Buffer', { hugePages: 'auto' })[0], 7);
    shm.destroy(key);
    t.equal(shm.create(bytes, 'Buffer', key, { hugePages: 'auto', reserve: false }).fill(7)[bytes - 1], 7);
    shm.destroy(key);
    t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], [0, 0]);
  }
  t.equal(thrownBy(() => shm.create(1, 'Buffer', null, { hugePages: 'yes' })).code, 'ERR_INVALID_ARG_TYPE');
  t.match(thrownBy(() => shm.get(1, 'Buffer', { hugePages: 'auto', copyOnWrite: true })).message, /contradict/);
  t.end();
});

/** Whether memory of a kind can be had in huge pages here. */
function hasHugePages(kind) {
  const [key] = kind === 'posix' ? [freshName()] : [null];
  try {
    const array = shm.create(2 ** 22, 'Buffer', key, { hugePages: true });
    shm.destroy(array);
    return true;
  } catch (_) {
    return false;
  }
}

test("advise(array, 'dontdump') keeps any memory out of core dumps", linuxOnly, (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(20000, 'Int32Array', key);
    t.equal(pagesOf(key).flags.includes('dd'), false);
    shm.advise(array.subarray(100), 'dontdump', 400);
    t.equal(shm.advise(array, 'dontdump'), undefined);
    t.equal(pagesOf(key).flags.includes('dd'), true, 'the kernel calls that dd');
    shm.detach(key);
    if (isDead(array)) t.equal(thrownBy(() => shm.advise(array, 'dontdump')).code, 'ERR_SHM_DETACHED');
  }
  const error = thrownBy(() => shm.advise(new Int32Array(5), 'dontdump'));
  t.equal(error.code, 'ERR_INVALID_ARG_VALUE');
  t.match(error.message, /must be over memory that this thread has attached/);
  t.equal(thrownBy(() => shm.advise(shm.create(5, 'Int32Array', freshKey()), 'random')).code, 'ERR_INVALID_ARG_VALUE', 'how it is read is for files');
  t.end();
});
