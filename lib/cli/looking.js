'use strict';
// Memory to look at: of an object private pages, of a segment a copy. Permission to read is enough, and the end of a look
// destroys nothing, not even what is transient and was left behind by a process that was killed: whoever has a share in
// that would remove its name with it. So an object is looked at as the file that it is, where objects are files.

const fs = require('fs');
const shm = require('../index');
const { bytesOf, checkOffset, typeOf } = require('../arrays/arguments');
const { doesNotFit } = require('../errors');
const { HEADER, hasHeader, isStructure, openObject } = require('../memory/ours');
const binding = require('../runtime/binding');
const { isLinux } = require('../runtime/places');

/**
 * A look at what a key leads to, `{ array, more, isRaw, end() }`; null if that is nothing. The array is of the type, from an
 * `offset` (bytes) on, of `count` elements or else of all, but at most of `mostBytes`; `more` elements are behind it. An
 * object is `isRaw` that has no header of this package, or whose header is asked for as data (`raw`).
 *
 * @param {string | number} key
 * @param {{ type?: string, offset?: number, count?: number, mostBytes?: number, raw?: boolean }} part
 */
function look(key, part) {
  const type = typeOf(part.type);
  if (part.offset !== undefined) checkOffset(part.offset, type, 'options.offset');
  if (part.count !== undefined) bytesOf(part.count, type, 'options.count');
  const status = shm.stat(key);
  if (status === null) return null;
  return status.kind === 'posix' && isLinux ? lookAtFile(status.key, type, part) : lookByKey(status, type, part);
}

function lookAtFile(name, type, part) {
  const file = openObject(name);
  try {
    const isRaw = Boolean(part.raw) || !hasHeader(file);
    const start = isRaw ? 0 : HEADER;
    const { offset, count, more } = rangeOf(name, fs.fstatSync(file).size - start, type, part);
    if (count === 0) return { array: Buffer.alloc(0), more, isRaw, end() {} };
    const map = (path) => shm.mapFile(path, part.type, { offset: start + offset, count });
    // Where there is /proc, not by its name, which may lead elsewhere by now.
    const array = map(`/proc/self/fd/${file}`) || map(binding.objectsFolder() + name);
    if (array === null) return null;
    return { array, more, isRaw, end: () => void shm.unmapFile(array) };
  } finally {
    fs.closeSync(file);
  }
}

function lookByKey({ key, kind, size }, type, part) {
  const view = { copyOnWrite: true, raw: Boolean(part.raw) };
  try {
    const all = kind === 'sysv' ? { length: size } : shm.get(key, 'Buffer', view);
    if (all === null) return null;
    const { offset, count, more } = rangeOf(key, all.length, type, part);
    const array = count === 0 ? Buffer.alloc(0) : shm.get(key, part.type, Object.assign({ offset, count }, view));
    return array && { array, more, isRaw: view.raw, end: () => void shm.detach(key) };
  } catch (error) {
    if (error.code !== 'ERR_SHM_LAYOUT' || view.raw) throw error;
    return lookByKey({ key, kind, size }, type, Object.assign({}, part, { raw: true }));
  }
}

/** Which elements of memory of `has` bytes are looked at. */
function rangeOf(key, has, type, { offset = 0, count, mostBytes = Infinity }) {
  const left = Math.floor((has - offset) / type.bytes);
  if (left < 0 || (count !== undefined && count > left)) throw doesNotFit({ key, type, offset, count }, has);
  const shown = count === undefined ? Math.min(left, Math.floor(mostBytes / type.bytes), type.countMax) : count;
  return { offset, count: shown, more: left - shown };
}

/** The same at all of it as words, if it begins with the magic number of a structure; null if not, or if it may not be read. */
function lookAtStructure(key) {
  try {
    const status = shm.stat(key);
    return status !== null && isStructure(status) ? look(key, { type: 'Int32Array' }) : null;
  } catch (_) {
    return null; // another program's, or not for this user
  }
}

module.exports = { look, lookAtStructure };
