'use strict';
// Tells this package's memory from that of other programs, which keep files in /dev/shm and segments, too.

const fs = require('fs');
const { endianness } = require('os');
const binding = require('../runtime/binding');

const isLittle = endianness() === 'LE';

/** The header of an object: the bytes of its data. */
const HEADER = 8;

/** What the structures begin with: CHAN, TOPI, SMAP, LOCK. */
const MAGIC = new Set([0x4e414843, 0x49504f54, 0x50414d53, 0x4b434f4c]);

/** An object that its creator was killed in the middle of, where files without a name are not allowed. */
const UNFINISHED = /\.\d+\.\d+\.unfinished$/;

/** How often an object may be claimed when it is opened: whoever looks whether it has users claims it for a moment. */
const MAX_CLAIMS = 1000;

/**
 * Whether memory carries a mark of this package: an object its header, or the mark of a transient one; a segment the
 * magic number of a structure. A plain segment has no mark. A segment without a key that was never attached is what a
 * creator leaves if it is killed at that moment: it is empty, and cannot be found by a key.
 *
 * @param {any} status of `stat` or `list`
 */
function isOurs(status) {
  if (status.kind === 'posix') return status.transient || UNFINISHED.test(status.key) || inObject(status.key, hasHeader) === true;
  return (status.attachedAt === null && status.key >= 2 ** 32) || isStructure(status);
}

/** Whether memory begins with the magic number of a structure. @param {any} status of `stat` or `list` */
function isStructure(status) {
  if (status.size < HEADER) return false;
  return MAGIC.has(status.kind === 'sysv' ? binding.segmentStart(status.id) : inObject(status.key, magicIn));
}

/** What `read(file)` tells of an object; undefined if this user may not read it. */
function inObject(name, read) {
  let file = -1;
  try {
    file = openObject(name);
    return read(file);
  } catch (_) {
    return undefined;
  } finally {
    if (file !== -1) fs.closeSync(file);
  }
}

/** The descriptor of an object, to be read. */
function openObject(name) {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  for (let claims = 0; ; claims++) {
    try {
      return fs.openSync(binding.objectsFolder() + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (error.code !== 'EAGAIN' || claims === MAX_CLAIMS) throw error;
    }
  }
}

/** Whether the first bytes of an open object are the number of those that follow. */
function hasHeader(file) {
  const header = viewOf(file, 0, HEADER);
  return header !== null && bytesIn(header) === fs.fstatSync(file).size - HEADER;
}

/** The first word of an open object's data. */
function magicIn(file) {
  const word = hasHeader(file) ? viewOf(file, HEADER, 4) : null;
  return word === null ? 0 : word.getUint32(0, isLittle);
}

/** So many bytes of a file; null if there are fewer. */
function viewOf(file, start, length) {
  const view = new DataView(new ArrayBuffer(length));
  return fs.readSync(file, new Uint8Array(view.buffer), 0, length, start) === length ? view : null;
}

function bytesIn(header) {
  const [first, second] = [header.getUint32(0, isLittle), header.getUint32(4, isLittle)];
  return isLittle ? first + second * 2 ** 32 : second + first * 2 ** 32;
}

module.exports = { HEADER, hasHeader, isOurs, isStructure, openObject };
