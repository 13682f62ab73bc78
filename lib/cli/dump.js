'use strict';

const shm = require('../index');
const { dumpMap } = require('./describe-map');
const { UsageError, keyOf } = require('./options');

const DEFAULT_BYTES = 256;
const BYTES_PER_LINE = 16;

const help = `Usage: shm-typed-array dump [--type TYPE] [--offset BYTES] [--count ELEMENTS] [--raw] KEY

Shows what is in a segment (a number, decimal or 0x…) or an object (a /name): the offset in
bytes, the bytes, and the values. Reading is all that the permissions must allow, and nothing
is changed.

  --type TYPE        Buffer (as text, the default), ${Object.keys(shm.BufferType).slice(1, 4).join(', ')} … Float64Array
  --offset BYTES     bytes to skip, a multiple of the element's size
  --count ELEMENTS   elements to show; ${DEFAULT_BYTES} bytes by default
  --raw              show an object's 8-byte header as data, too; an object without one, which
                     other programs make, is shown that way in any case

Of a SharedMap it shows the entries, --count of them, unless another option asks for its bytes.
`;

const options = /** @type {any} */ ({ type: 'text', offset: 'number', count: 'number', raw: 'flag' });

function run({ keys, flags }) {
  if (keys.length !== 1) throw new UsageError('which KEY? One at a time');
  const isWhole = flags.type === undefined && flags.offset === undefined && !flags.raw;
  const map = isWhole ? dumpMap(keyOf(keys[0]), flags.count) : null;
  if (map !== null) {
    process.stdout.write(map.lines.join(''));
    if (map.rest > 0) process.stderr.write(`… and ${map.rest} more entries (--count)\n`);
    return;
  }
  const { type = 'Buffer', offset = 0 } = flags;
  const all = open(keyOf(keys[0]), type, { raw: Boolean(flags.raw), offset, count: flags.count });
  const fewest = Math.min(all.length, DEFAULT_BYTES / all.BYTES_PER_ELEMENT);
  const array = all.subarray(0, flags.count === undefined ? fewest : flags.count);
  process.stdout.write(lines(array, offset, type).join(''));
  const rest = all.length - array.length;
  if (rest > 0) process.stderr.write(`… and ${rest} more elements (--offset, --count)\n`);
}

function open(key, type, view) {
  const array = getReadOnly(key, type, view);
  if (array === null) throw new Error(`there is no ${key}`);
  return array;
}

/** By copy on write: it needs no permission to write, and its end destroys no segment. */
function getReadOnly(key, type, view) {
  try {
    return shm.get(key, type, Object.assign({ copyOnWrite: true }, view));
  } catch (error) {
    if (error.code !== 'ERR_SHM_LAYOUT' || view.raw) throw error;
    process.stderr.write('(no header: shown raw)\n');
    return shm.get(key, type, Object.assign({ copyOnWrite: true }, view, { raw: true }));
  }
}

function lines(array, offset, type) {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  const found = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const part = bytes.slice(at, at + BYTES_PER_LINE);
    const hex = part.toString('hex').replace(/../g, '$& ').padEnd(BYTES_PER_LINE * 3);
    const place = (offset + at).toString(16).padStart(8, '0');
    found.push(`${place}  ${hex} ${type === 'Buffer' ? textOf(part) : valuesOf(array, at)}\n`);
  }
  return found;
}

function textOf(part) {
  return part.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
}

function valuesOf(array, at) {
  const size = array.BYTES_PER_ELEMENT;
  return Array.from(array.subarray(at / size, (at + BYTES_PER_LINE) / size), String).join(' ');
}

module.exports = { help, options, run };
