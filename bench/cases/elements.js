'use strict';
// Reading and writing elements: a shared array is a typed array like any other. Run as a program,
// this measures one work on one kind of memory: `node elements.js WORK KIND PASSES KEY KEY`.

const { spawnSync } = require('child_process');
const { interleave } = require('../statistics');

const ELEMENTS = 32768; // 256 KB: more than the first cache, less than the last
const PASSES = 300;

/** Works on a Float64Array, and a second one of the same kind of memory. */
const works = {
  'read elements': (array) => {
    let sum = 0;
    for (let i = 0; i < array.length; i++) sum += array[i];
    return sum;
  },
  'write elements': (array) => {
    for (let i = 0; i < array.length; i++) array[i] = i;
  },
  '`set`': (array, other) => array.set(other),
  '`copyWithin`': (array) => array.copyWithin(0, array.length / 2),
  '`fill`': (array) => array.fill(1.5),
  '`Buffer.copy`': (array, other) =>
    Buffer.from(other.buffer, other.byteOffset, other.byteLength).copy(
      Buffer.from(array.buffer, array.byteOffset, array.byteLength),
    ),
};

/**
 * The same by a function that also works on ordinary arrays, as most functions do: in turn on one of
 * them and on one of the kind that is measured. A class of its own would make it slower on both.
 */
const inTurn = {
  'read elements, ordinary ones in turn': (ordinary, array) => works['read elements'](ordinary) + works['read elements'](array),
  'write elements, ordinary ones in turn': (ordinary, array) => {
    works['write elements'](ordinary);
    works['write elements'](array);
  },
  '`Buffer` methods, ordinary ones in turn': (ordinary, array) => bufferMethods(ordinary) + bufferMethods(array),
};

/** Node's own functions see buffers of every kind. */
function bufferMethods(bytes) {
  let sum = bytes.indexOf(0xff) + bytes.toString('latin1', 0, 100).length;
  for (let i = 0; i < ELEMENTS; i += 8) sum += bytes.readUInt32LE(i) + bytes.readDoubleLE(i);
  for (let i = 0; i < ELEMENTS; i += 8) bytes.writeUInt32LE(i, i);
  return sum;
}

/** An ordinary array with a property of its own shows what `key` costs in itself. */
const kinds = { ordinary: null, this: 'sysv', 'this, POSIX': 'posix', 'ordinary with a `key`': null };

async function run(bench) {
  const rows = [];
  for (const label of Object.keys(works).concat(Object.keys(inTurn))) {
    const subjects = {};
    for (const kind of Object.keys(kinds)) subjects[kind] = async () => inProcess(bench, label, kind);
    const numbers = await interleave(subjects, bench.rounds(11), bench.round(label));
    // In turn, `key` has its price, which performance.md proves.
    const bars = label in inTurn ? { ordinary: null } : { ordinary: [0.97, 1.03] };
    rows.push({ label, unit: 'µs', scale: 1e3, numbers, bars });
    if (label in inTurn) rows.push({ label: '… over an object', unit: 'µs', scale: 1e3, numbers: { ordinary: numbers.ordinary, 'this, POSIX': numbers['this, POSIX'] }, subject: 'this, POSIX', bars: { ordinary: 1.05 } });
  }
  return rows;
}

/** A process for each kind: code that sees several kinds of arrays is compiled for none of them. */
function inProcess(bench, label, kind) {
  const keys = kinds[kind] === null ? [] : bench.keys(kinds[kind], 2).all.map(bench.track);
  const args = [__filename, label, kind, bench.smoke ? 1 : PASSES].concat(keys).map(String);
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout.split('\n')[0]);
}

function measure(label, kind, passes, keys) {
  const ofBytes = label.startsWith('`Buffer` methods');
  const ordinaryOne = () => (ofBytes ? Buffer.alloc(ELEMENTS) : new Float64Array(ELEMENTS));
  const make = (key) =>
    kinds[kind] === null
      ? ordinaryOne()
      : require('../..').create(ELEMENTS, ofBytes ? 'Buffer' : 'Float64Array', kinds[kind] === 'sysv' ? Number(key) : key);
  const [array, other] = [make(keys[0]).fill(1), make(keys[1]).fill(1)];
  if (kind.includes('key')) for (const one of [array, other]) Object.defineProperty(one, 'key', { value: 1, writable: true, configurable: true });
  const ordinary = ordinaryOne().fill(1);
  const work = works[label] || (() => inTurn[label](ordinary, array));
  for (let i = 0; i < passes; i++) work(array, other);
  const start = process.cpuUsage();
  for (let i = 0; i < passes; i++) work(array, other);
  const { user, system } = process.cpuUsage(start);
  console.log(((user + system) * 1000) / passes);
  keys.forEach((key) => require('../..').destroy(kinds[kind] === 'sysv' ? Number(key) : key));
}

module.exports = {
  name: 'elements',
  title: 'Elements, 256 KB of Float64Array',
  note: 'Compared with an array of the same class over ordinary memory.',
  run,
};

if (require.main === module) {
  const [label, kind, passes, ...keys] = process.argv.slice(2);
  measure(label, kind, Number(passes), keys);
}
