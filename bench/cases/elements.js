'use strict';
// Reading and writing elements: a shared array is a typed array like any other.

const { interleave } = require('../statistics');

const ELEMENTS = 32768; // 256 KB: more than the first cache, less than the last
const PASSES = 40;

/** Work on a Float64Array, and a second one of the same kind of memory. */
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
  '`Buffer.copy`': (array, other) => bytes(other).copy(bytes(array)),
};

const buffers = new WeakMap();

function bytes(array) {
  if (!buffers.has(array)) buffers.set(array, Buffer.from(array.buffer, array.byteOffset, array.byteLength));
  return buffers.get(array);
}

async function run(bench) {
  const { shm } = bench;
  const shared = (kind) => bench.keys(kind, 2).all.map((key) => shm.create(ELEMENTS, 'Float64Array', bench.track(key)));
  const memory = {
    ordinary: [ordinary(), ordinary()],
    this: shared('sysv'),
    'this, POSIX': shared('posix'),
  };
  for (const pair of Object.values(memory)) pair.forEach((array) => array.fill(1));
  const rows = [];
  for (const [label, work] of Object.entries(works)) {
    const subjects = {};
    for (const name of Object.keys(memory)) {
      subjects[name] = async () => timed(work, memory[name], bench.smoke ? 1 : PASSES) / 1000;
    }
    const numbers = await interleave(subjects, bench.rounds(41), bench.round(label));
    rows.push({ label, unit: 'µs', numbers, bars: { ordinary: [0.97, 1.03] } });
  }
  return rows;
}

/** Memory that begins at a page, as shared memory does: copies are faster or slower elsewhere. */
function ordinary() {
  return new Float64Array(ELEMENTS);
}

function timed(work, [array, other], passes) {
  const start = process.hrtime();
  for (let i = 0; i < passes; i++) work(array, other);
  const [seconds, ns] = process.hrtime(start);
  return (seconds * 1e9 + ns) / passes;
}

module.exports = {
  name: 'elements',
  title: 'Elements, 256 KB of Float64Array',
  note: 'Compared with an array of the same class over ordinary memory.',
  run,
};
