'use strict';
// A machine, or a process, that has no room: a /dev/shm of 1 MB and the limits of System V lowered,
// in namespaces of their own; no file descriptors, no address space, no mappings, no file size. Each
// call fails with the documented code, leaves nothing, and works again once there is room.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const { amount, check, compile, descriptors, ended, exists, freshKey, freshName, isDead, isLinux, isRoot, option, run, segment, settle, sharedMappings, shm, short, start, startedBy, tell, thrownBy, track } = require('./support/harness');

const MB = 1024 * 1024;

/** That `action` throws a system error with that code, and that the key stays unused. */
function refused(counts, code, key, action) {
  const size = [shm.getTotalSize(), shm.getTotalCreatedSize()];
  const error = thrownBy(action);
  check(error.code === code && error.message.startsWith(`${code}: `) && error.key === key, `${code} expected`, error);
  check(!exists(key), `${code}: left behind`, key);
  check(shm.getTotalSize() === size[0] && shm.getTotalCreatedSize() === size[1], `${code}: totals`);
  counts[`${code} (${error.syscall})`] = (counts[`${code} (${error.syscall})`] || 0) + 1;
  return error;
}

function freeBytes() {
  const words = execFileSync('df', ['--output=avail', '-B1', '/dev/shm'], { encoding: 'utf8' });
  return Number(words.trim().split('\n').pop());
}

/** /dev/shm of 1 MB: what does not fit is refused, and what was created can be written to its end. */
function fullShm(counts) {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/dev/shm']);
  const big = freshName();
  const error = refused(counts, 'ENOSPC', big, () => shm.create(2 * MB, 'Buffer', big));
  check(/2097160 bytes were asked for, \d+ are free/.test(error.message), 'it says how much', error.message);
  check(freeBytes() === MB, 'all of it is free again', freeBytes());
  for (let round = 0; round < amount(50, 5); round++) {
    const arrays = new Map();
    for (;;) {
      const name = freshName();
      try {
        arrays.set(name, shm.create(60000, 'Buffer', name));
      } catch (_) {
        refused(counts, 'ENOSPC', name, () => shm.create(60000, 'Buffer', name));
        break;
      }
    }
    check(arrays.size >= 15, 'objects that fit', arrays.size);
    for (const array of arrays.values()) {
      array.fill(0xaa);
      counts['bytes written to reserved objects'] += array.length;
    }
    const [first] = arrays.keys();
    check(shm.destroy(first) && shm.create(60000, 'Buffer', first).length === 60000, 'room again, and it works again');
    for (const name of arrays.keys()) check(shm.destroy(name), 'destroyed');
    check(freeBytes() === MB, 'nothing is left', freeBytes());
  }
  execFileSync('umount', ['/dev/shm']);
}

function setLimit(name, value) {
  fs.writeFileSync(`/proc/sys/kernel/${name}`, String(value));
}

function lowLimits(counts) {
  const free = freshKey();
  setLimit('shmmax', 65536);
  const error = refused(counts, 'EINVAL', free, () => shm.create(65537, 'Buffer', free));
  check(error.message.includes('shmmax') && error.message.includes('65536'), 'the limit is told', error.message);
  setLimit('shmmax', 2 ** 40);
  setLimit('shmmni', 4);
  const keys = [freshKey(), freshKey(), freshKey(), freshKey()];
  keys.forEach((key) => shm.create(10, 'Buffer', key));
  const many = refused(counts, 'ENOSPC', free, () => shm.create(10, 'Buffer', free));
  check(many.message.includes('shmmni = 4'), 'the limit is told', many.message);
  check(shm.destroy(keys[0]) && shm.create(10, 'Buffer', free).length === 10, 'room again');
  shm.detachAll();
  setLimit('shmmni', 4096);
  setLimit('shmall', 16);
  const large = refused(counts, 'ENOSPC', free, () => shm.create(17 * 4096, 'Buffer', free));
  check(large.message.includes('shmall = 16'), 'the limit is told', large.message);
  check(shm.create(16 * 4096, 'Buffer', free).fill(1).length === 16 * 4096 && shm.destroy(free), 'what fits');
  check(!fs.readFileSync('/proc/sysvipc/shm', 'utf8').trim().includes('\n'), 'no segment is left');
}

/** Sets a limit of this process, which has been started with a higher one. */
function limit(name, value) {
  execFileSync('prlimit', ['--pid', String(process.pid), `--${name}=${value}:`]);
}

function noDescriptors(counts) {
  limit('nofile', 100);
  const name = freshName();
  const existing = freshName();
  const array = shm.create(10, 'Buffer', existing);
  const other = freshName();
  shm.create(10, 'Buffer', other);
  shm.detach(other);
  const files = [];
  try {
    for (;;) files.push(fs.openSync('/dev/null', 'r'));
  } catch (error) {
    check(error.code === 'EMFILE', 'out of descriptors', error);
  }
  const errors = [thrownBy(() => shm.create(10, 'Buffer', name)), thrownBy(() => shm.get(other))];
  const key = freshKey();
  const segmentWorks = shm.create(10, 'Buffer', key) !== null && shm.destroy(key);
  const detaches = shm.get(existing).length === 10 && shm.destroy(existing) && isDead(array);
  files.forEach((file) => fs.closeSync(file));
  check(errors.every(({ code }) => code === 'EMFILE'), 'EMFILE', ...errors);
  check(!exists(name), 'left behind');
  check(segmentWorks && detaches, 'what needs no descriptor works');
  check(shm.create(10, 'Buffer', name).length === 10 && shm.get(other).length === 10, 'room again');
  shm.destroy(name);
  shm.destroy(other);
  counts['EMFILE (open)'] = errors.length;
}

/**
 * Lets this process grow by `room` bytes more and no further. Other threads of it may grow between
 * the look and the limit, which would then be below what is used already: then it is set anew.
 */
function limitGrowth(name, used, room) {
  let most;
  do {
    most = used() + room;
    limit(name, most);
  } while (used() > most - room / 2);
}

/** Bytes that the kernel counts against a limit, by their name in /proc/self/status. */
const counted = (name) => () => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;

// A thread that allocates for the first time takes an arena of 64 MB or 128 MB of addresses, and the
// engine has threads: the room has to be larger than what these take, and what is refused larger still.
const ROOM = 768 * MB;
const TOO_MUCH = 1024 * MB;

function noAddressSpace(counts) {
  const [key, name, mine] = [freshKey(), freshName(), freshKey()];
  const array = shm.create(32 * MB, 'Buffer', mine);
  array[5] = 5;
  limitGrowth('as', counted('VmSize'), ROOM);
  refused(counts, 'ENOMEM', key, () => shm.create(TOO_MUCH, 'Buffer', key));
  refused(counts, 'ENOMEM', name, () => shm.create(TOO_MUCH, 'Buffer', name, { reserve: false }));
  check(shm.destroy(mine) && isDead(array), 'detach needs no room');
  check(shm.create(10, 'Buffer', key).length === 10 && shm.destroy(key), 'what fits');
  limit('as', 'unlimited');
  check(shm.create(TOO_MUCH, 'Buffer', key).length === TOO_MUCH && shm.destroy(key), 'room again');
  check(segment(key) === undefined && sharedMappings().length === 0, 'nothing is left');
}

/** Private pages count as data, so covering a mapping with them could be refused. */
function noData(counts) {
  const keys = [freshKey(), freshName()];
  const arrays = keys.map((key) => shm.create(TOO_MUCH, 'Buffer', key, { reserve: false }));
  limitGrowth('data', counted('VmData'), ROOM);
  const ends = keys.map((key) => shm.destroy(key));
  limit('data', 'unlimited');
  check(ends.every(Boolean) && arrays.every(isDead), 'detach under ulimit -d', ends);
  check(sharedMappings().length === 0, 'nothing is left');
  counts['detaches under ulimit -d'] = keys.length;
}

function noFileSize(counts) {
  const name = freshName();
  limit('fsize', MB);
  const error = refused(counts, 'EFBIG', name, () => shm.create(2 * MB, 'Buffer', name));
  limit('fsize', 'unlimited');
  check(error.message.includes('ulimit -f'), 'the limit is told', error.message);
  check(shm.create(2 * MB, 'Buffer', name).length === 2 * MB && shm.destroy(name), 'room again');
}

/** Segments of huge pages, which others make and whose mappings are longer than they are. */
async function hugePages(counts) {
  const pool = '/proc/sys/vm/nr_hugepages';
  const before = Number(fs.readFileSync(pool, 'utf8'));
  const program = compile('inject/huge-segment.c', []);
  try {
    fs.writeFileSync(pool, String(before + 2));
    for (const bytes of [1, 4097, 2 * MB - 1, 2 * MB, 2 * MB + 1]) {
      const key = freshKey();
      if (program === null || spawnSync(program, [String(key), String(bytes)]).status !== 0) continue;
      const array = shm.get(key);
      check(array.length === bytes && array.fill(1)[bytes - 1] === 1, 'a segment of huge pages', array.length);
      check(shm.detach(key) === 0 && isDead(array) && segment(key) === undefined, 'detached and destroyed');
      counts['segments of huge pages'] = (counts['segments of huge pages'] || 0) + 1;
    }
    await settle();
    check(sharedMappings().length === 0, 'nothing is left');
  } finally {
    fs.writeFileSync(pool, String(before));
  }
}

/** Attaches objects until the system allows no more mappings, then detaches them all. */
async function noMappings(counts) {
  const names = [];
  const base = freshName();
  const files = descriptors();
  // V8 compiles a function when it is first called, and again when it has not been called for long,
  // and ends the process if it has no memory for that. So what is called at the limit is called
  // once before, and kept.
  require('v8').setFlagsFromString('--no-flush-bytecode');
  shm.create(1, 'Buffer', base);
  check(shm.destroy(base), 'destroyed');
  check(sharedMappings().length === 0, 'nothing is left');
  refused({}, 'ENOMEM', base, () => {
    throw Object.assign(new Error('ENOMEM: rehearsed'), { code: 'ENOMEM', key: base });
  });
  for (;;) {
    const name = track(`${base}-${names.length}`);
    try {
      shm.create(1, 'Buffer', name);
      names.push(name);
    } catch (reached) {
      const error = refused(counts, 'ENOMEM', name, () => {
        throw reached;
      });
      check(error.message.includes('max_map_count'), 'the limit is told', error.message);
      break;
    }
  }
  for (const name of names) check(shm.destroy(name), 'destroyed at the limit', name);
  await settle();
  check(sharedMappings().length === 0 && descriptors() === files, 'nothing is left');
  check(shm.create(1, 'Buffer', base).length === 1 && shm.destroy(base), 'room again');
  counts['mappings at the limit'] = names.length;
}

const parts = { fullShm, lowLimits, noDescriptors, noAddressSpace, noData, noFileSize, hugePages, noMappings };

if (option('part')) {
  const counts = { 'bytes written to reserved objects': 0 };
  run(async () => {
    await parts[option('part')](counts);
    await tell(counts);
  }).then(() => process.disconnect());
} else {
  run(async (counts) => {
    if (!isLinux) return { skip: 'the limits and namespaces are those of Linux' };
    const namespaces = isRoot && spawnSync('unshare', ['--mount', '--ipc', 'true']).status === 0;
    for (const part of Object.keys(parts)) {
      const isolated = ['fullShm', 'lowLimits'].includes(part);
      if (isolated && !namespaces) {
        console.log(`# SKIP ${part}: needs root and unshare(1)`);
        continue;
      }
      if (part === 'hugePages' && !isRoot) {
        console.log(`# SKIP ${part}: needs root`);
        continue;
      }
      if (part === 'noMappings' && short) continue; // 65,530 objects take a while
      const wrapped = isolated ? startedBy(['unshare', '--mount', '--ipc']) : {};
      const child = start(__filename, [`--part=${part}`].concat(short ? ['--short'] : []), Object.assign({ stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }, wrapped));
      child.on('message', (found) => {
        for (const name of Object.keys(found)) if (found[name]) counts[name] = (counts[name] || 0) + found[name];
      });
      const { code, signal } = await ended(child);
      check(code === 0, `${part} ended with`, code, signal);
    }
    return undefined;
  });
}
