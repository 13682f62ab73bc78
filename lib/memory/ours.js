'use strict';
// Tells this package's memory from that of other programs, which keep files in /dev/shm and segments, too.

const fs = require('fs');
const { endianness } = require('os');
const binding = require('../runtime/binding');

/** The header of an object: the bytes of its data. */
const HEADER = 8;

/** What the structures begin with: CHAN, TOPI, SMAP, LOCK. */
const MAGIC = new Set([0x4e414843, 0x49504f54, 0x50414d53, 0x4b434f4c]);

/** An object that its creator was killed in the middle of, where files without a name are not allowed. */
const UNFINISHED = /\.\d+\.\d+\.unfinished$/;

/**
 * Whether memory carries a mark of this package: an object its header, or the mark of a transient one; a segment the
 * magic number of a structure. A plain segment has no mark. A segment without a key that was never attached is what a
 * creator leaves if it is killed at that moment: it is empty, and cannot be found by a key.
 *
 * @param {any} status of `stat` or `list`
 */
function isOurs(status) {
  if (status.kind === 'posix') return status.transient || UNFINISHED.test(status.key) || hasHeader(status.key);
  if (status.attachedAt === null && status.key >= 2 ** 32) return true;
  return status.size >= HEADER && MAGIC.has(binding.segmentStart(status.id));
}

/** Whether the first bytes of an object are the number of those that follow. What this user may not read is not ours. */
function hasHeader(name) {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  let file = -1;
  try {
    file = fs.openSync(binding.objectsFolder() + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const header = new DataView(new ArrayBuffer(HEADER));
    const isWhole = fs.readSync(file, new Uint8Array(header.buffer), 0, HEADER, 0) === HEADER;
    return isWhole && bytesIn(header) === fs.fstatSync(file).size - HEADER;
  } catch (_) {
    return false;
  } finally {
    if (file !== -1) fs.closeSync(file);
  }
}

function bytesIn(header) {
  const isLittle = endianness() === 'LE';
  const [first, second] = [header.getUint32(0, isLittle), header.getUint32(4, isLittle)];
  return isLittle ? first + second * 2 ** 32 : second + first * 2 ** 32;
}

module.exports = { isOurs };
