'use strict';

const shm = require('../index');
const { look, lookAtStructure } = require('./looking');
const { UsageError, keyOf } = require('./options');
const { structureIn } = require('./structures');
const { counted, printable } = require('./text');

const DEFAULT_BYTES = 256;
const BYTES_PER_LINE = 16;
const DEFAULT_ENTRIES = 100;
const ENTRIES = ['more entry', 'more entries'];

/** So many characters are written together. */
const WRITE_AT_ONCE = 65536;

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

async function run({ keys, flags }) {
  if (keys.length !== 1) throw new UsageError('dump takes one KEY');
  const key = keyOf(keys[0]);
  const isWhole = flags.type === undefined && flags.offset === undefined && !flags.raw;
  const map = isWhole ? lookAtMap(key) : null;
  const rest = map === null ? await dumpBytes(key, flags) : await dumpEntries(map, flags.count);
  for (const [number, what, hint] of rest) if (number > 0) process.stderr.write(`… and ${counted(number, ...what)}${hint}\n`);
}

/** A look at a map; null if it is none, or may not be read: then the bytes are shown, or the reason why not. */
function lookAtMap(key) {
  const seen = lookAtStructure(key);
  if (seen === null || structureIn(seen.array) === 'map') return seen;
  seen.end();
  return null;
}

async function dumpEntries({ array, end }, most = DEFAULT_ENTRIES) {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  const { more, damaged } = await write(require('../map/describe').entriesIn(bytes, most), ({ key, value }) => `${textOf(key)}: ${valueText(value)}\n`);
  end();
  return [[more, ENTRIES, ' (--count)'], [damaged, ['damaged entry', 'damaged entries'], '']];
}

async function dumpBytes(key, { type = 'Buffer', offset = 0, count, raw }) {
  const seen = look(key, { type, offset, count, mostBytes: DEFAULT_BYTES, raw });
  if (seen === null) throw new Error(`there is no ${key}`);
  if (seen.isRaw && !raw) process.stderr.write('(no header of this package: all of it is shown)\n');
  await write(lines(seen.array, offset, type), (line) => line);
  seen.end();
  return [[seen.more, ['more element'], ' (--offset, --count)']];
}

/** Writes what a generator yields as it is read on the other side, and returns what the generator returns. */
async function write(parts, asText) {
  let text = '';
  for (;;) {
    const { value, done } = parts.next();
    if (!done) text += asText(value);
    if (text.length > WRITE_AT_ONCE || done) {
      if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
      text = '';
    }
    if (done) return value;
  }
}

function* lines(array, offset, type) {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const part = bytes.slice(at, at + BYTES_PER_LINE);
    const hex = part.toString('hex').replace(/../g, '$& ').padEnd(BYTES_PER_LINE * 3);
    const place = (offset + at).toString(16).padStart(8, '0');
    yield `${place}  ${hex} ${type === 'Buffer' ? asciiOf(part) : valuesOf(array, at)}\n`;
  }
}

function asciiOf(part) {
  return part.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
}

function valuesOf(array, at) {
  const size = array.BYTES_PER_ELEMENT;
  return Array.from(array.subarray(at / size, (at + BYTES_PER_LINE) / size), String).join(' ');
}

/** A key, or a value that is text: in quotes, or as the JSON that it is, and its end left out if it is long. */
function textOf({ bytes, length, isJson }) {
  const isWhole = bytes.length === length;
  // The last character may be cut in two.
  const text = isWhole ? bytes.toString() : bytes.toString().replace(/\ufffd$/, '');
  return `${printable(isJson ? text : JSON.stringify(text))}${isWhole ? '' : '…'}`;
}

function valueText(value) {
  if (typeof value === 'number') return String(value);
  if (!value.isBytes) return textOf(value);
  return `<${value.bytes.toString('hex')}${value.bytes.length === value.length ? '' : '…'}>`;
}

module.exports = { help, options, run };
