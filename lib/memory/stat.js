'use strict';
// What there is of shared memory: of one key, and all that this user can see. Nothing is attached.

const fs = require('fs');
const { COOKIE, checkedKey } = require('./keys');
const binding = require('../runtime/binding');
const places = require('../runtime/places');
const { withCode } = require('../errors');

/** Bits of a segment's mode beside the permissions: it goes with its last attach. */
const SHM_DEST = 0o1000;

/** The sticky bit, which marks an object that goes with its last user. */
const TRANSIENT = 0o1000;

/** What there is of that key; null if there is nothing. */
function stat(key) {
  key = checkedKey(key);
  const found = typeof key === 'number' ? statSegment(key) : binding.stat(key);
  if (found === null) return null;
  return typeof key === 'number' ? segmentInfo(key, found) : objectInfo(key, found);
}

/** Of a segment that this user may not read the kernel tells only in the list of all segments. */
function statSegment(key) {
  try {
    return binding.stat(key);
  } catch (error) {
    if (error.code !== 'EACCES' || !fs.existsSync(places.SEGMENTS)) throw error;
    return segments().find((segment) => segment.key === key) || null;
  }
}

/**
 * All segments and objects that this user can see: of each its `status`, its `name` (null for a segment)
 * and the number `id` that tells it from later memory of its key, which is an object's inode on its `device`.
 */
function everything() {
  if (!places.isLinux) {
    throw unavailable('This system does not list objects. `stat(key)` tells of one; `ipcs -m` lists segments');
  }
  return segments()
    .map((found) => ({ name: null, id: found.id, status: segmentInfo(found.key, found) }))
    .concat(objects());
}

function unavailable(message) {
  return withCode(new Error(message), 'ERR_SHM_UNAVAILABLE');
}

function readSegments() {
  try {
    return fs.readFileSync(places.SEGMENTS, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw unavailable(`The list of segments, ${places.SEGMENTS}, is not there: mount /proc (\`mount -t proc proc /proc\`). \`stat(key)\` works without it`);
  }
}

/** The lines of /proc/sysvipc/shm, by the names in its first line. */
function segments() {
  const [head, ...lines] = readSegments().trim().split('\n');
  const names = head.trim().split(/\s+/);
  const column = (name) => names.indexOf(name);
  const [key, id, perms, size, cpid, lpid, nattch] = ['key', 'shmid', 'perms', 'size', 'cpid', 'lpid', 'nattch'].map(column);
  const [uid, gid, atime, dtime, ctime] = ['uid', 'gid', 'atime', 'dtime', 'ctime'].map(column);
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/);
    const number = (index) => Number(fields[index]);
    const mode = parseInt(fields[perms], 8);
    return {
      key: number(key) === 0 || (mode & SHM_DEST) !== 0 ? keyWithoutKey(number(id), number(ctime)) : number(key) >>> 0,
      size: number(size),
      mode,
      uid: number(uid),
      gid: number(gid),
      id: number(id),
      attaches: number(nattch),
      creatorPid: number(cpid),
      lastPid: number(lpid),
      attached: number(atime),
      detached: number(dtime),
      changed: number(ctime),
    };
  });
}

/** What `get` finds a segment by that has no key, or is marked for destruction; native/memory/sysv.rs tells the same. */
function keyWithoutKey(id, changed) {
  return (1 + (changed % (2 ** 21 - 1))) * COOKIE + id;
}

/** The regular files in the folder of objects whose names are UTF-8. */
function objects() {
  const found = [];
  for (const name of namesIn(binding.objectsFolder())) {
    // A name that is no UTF-8 comes with a longer character for each byte that is none, and can be
    // longer then than names are.
    if (name === places.OWNERS_NAME || Buffer.byteLength(name) > places.NAME_MAX) continue;
    const status = binding.stat(`/${name}`);
    if (status !== null) found.push({ name: `/${name}`, id: status.inode, device: status.device, status: objectInfo(`/${name}`, status) });
  }
  return found;
}

/** Without a folder for them there are no objects. */
function namesIn(folder) {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function segmentInfo(key, found) {
  return {
    key,
    kind: 'sysv',
    size: found.size,
    perm: permOf(found.mode),
    uid: found.uid,
    gid: found.gid,
    id: found.id,
    attaches: found.attaches,
    destroyed: (found.mode & SHM_DEST) !== 0,
    creatorPid: found.creatorPid,
    lastPid: found.lastPid,
    attachedAt: dateOf(found.attached),
    detachedAt: dateOf(found.detached),
    changedAt: dateOf(found.changed),
  };
}

function objectInfo(key, found) {
  return {
    key,
    kind: 'posix',
    size: found.size,
    perm: permOf(found.mode),
    transient: (found.mode & TRANSIENT) !== 0,
    uid: found.uid,
    gid: found.gid,
    modifiedAt: dateOf(found.modified),
    changedAt: dateOf(found.changed),
  };
}

/** Permissions as `create` takes them: three octal digits. */
function permOf(mode) {
  return `00${(mode & 0o777).toString(8)}`.slice(-3);
}

/** A time in seconds; 0 stands for never. */
function dateOf(seconds) {
  return seconds === 0 ? null : new Date(Math.round(seconds * 1000));
}

module.exports = { everything, stat };
