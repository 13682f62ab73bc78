'use strict';
// Memory is detached while zlib, crypto, fs and a worker thread's copy are at work on it, and every
// kind of view of it is used afterwards. Nothing of that may harm the process.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const { amount, canEmpty, check, ended, freshKey, freshName, isBun, isDead, option, run, settle, sharedMappings, shm, start, tell, temporaryFolder } = require('./support/harness');

const LENGTH = 64 * 1024;
const IN_FLIGHT = 16;
const classes = Object.keys(shm.BufferType).map((name) => [name, name === 'Buffer' ? 1 : global[name].BYTES_PER_ELEMENT]);

/** What native code does with an array; each promise settles when that has ended, well or badly. */
const works = [
  (bytes) => called((done) => zlib.gzip(bytes, done)),
  (bytes) => called((done) => zlib.deflate(bytes, { level: 9 }, done)),
  (bytes) => (zlib.brotliCompress ? called((done) => zlib.brotliCompress(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }, done)) : Promise.resolve()),
  (bytes) => called((done) => crypto.pbkdf2(bytes, bytes, 20, 32, 'sha256', done)),
  (bytes) => called((done) => crypto.randomFill(bytes, done)),
  (bytes) => called((done) => fs.write(sink, bytes, 0, bytes.length, 0, done)),
  (bytes) => called((done) => fs.read(source, bytes, 0, bytes.length, 0, done)),
  (bytes) => posted(bytes),
];

function called(work) {
  return new Promise((resolve) => {
    try {
      work(resolve);
    } catch (error) {
      resolve(error);
    }
  });
}

let sink = -1;
let source = -1;
let worker = null;

function posted(bytes) {
  if (worker === null) return Promise.resolve();
  return new Promise((resolve) => {
    worker.once('message', resolve);
    worker.postMessage(bytes);
    worker.postMessage(bytes.subarray(5, 500));
  });
}

/** Uses every method that reads or writes; an emptied array may answer with a TypeError. */
function touch(view) {
  const uses = [
    () => (view[0] = view[1]),
    () => view.fill(view[1] === undefined ? 0 : view[1]),
    () => view.set(view.slice(0, 4), 2),
    () => view.subarray(3).fill(view[3]),
    () => view.indexOf(view[4]),
    () => view.copyWithin(8, 0, 8),
    () => view.reverse(),
    () => view.join(''),
    () => new DataView(view.buffer, view.byteOffset).getUint8(0),
    () => view.buffer.slice(view.byteOffset, view.byteOffset + 100),
    () => Buffer.from(view.buffer, view.byteOffset, 8).toString('hex'),
    () => Buffer.isBuffer(view) && view.writeDoubleLE(1.5, 0),
    () => Buffer.isBuffer(view) && Buffer.compare(view, view),
    () => view.BYTES_PER_ELEMENT === 4 && Atomics.add(view, 0, 1),
  ];
  for (const use of uses) {
    try {
      use();
    } catch (error) {
      check(error instanceof TypeError || error instanceof RangeError, 'touching a dead view', error);
    }
  }
  return uses.length;
}

async function batch(round, counts) {
  const pending = [];
  for (let index = 0; index < IN_FLIGHT; index++) {
    const number = round * IN_FLIGHT + index;
    const [type, bytes] = classes[number % classes.length];
    const key = number % 2 ? freshKey() : freshName();
    const view = shm.create(LENGTH / bytes, type, key);
    const whole = Buffer.from(view.buffer, view.byteOffset, LENGTH);
    whole.fill(number);
    const work = works[(number >> 1) % works.length];
    pending.push(work(whole));
    if (number % 3 === 0) pending.push(works[0](whole));
    if (number % 5 === 0) await null;
    shm.detach(key, true);
    // What cannot be emptied while something works on it is private by now, and what works on it may fill it.
    check(isDead(view) || isBun || !canEmpty, `${type}: alive after its detach`, view.length);
    counts.touches += touch(view) + touch(whole);
    counts.detaches++;
  }
  await Promise.all(pending);
}

async function victim() {
  const counts = { detaches: 0, touches: 0, 'mappings left': 0 };
  const file = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(file, crypto.randomBytes(LENGTH));
  sink = fs.openSync(path.join(temporaryFolder(), 'sink'), 'w');
  source = fs.openSync(file, 'r');
  try {
    const { Worker } = require('worker_threads');
    worker = new Worker("const { parentPort } = require('worker_threads'); parentPort.on('message', (bytes) => parentPort.postMessage(bytes.length));", { eval: true });
  } catch (_) {
    // Node 10 without its flag has no threads.
  }
  const total = Number(option('detaches'));
  for (let round = 0; counts.detaches < total; round++) await batch(round, counts);
  if (worker !== null) await worker.terminate();
  await settle();
  counts['mappings left'] = sharedMappings().length;
  check(counts['mappings left'] === 0, 'mappings left');
  await tell(counts);
}

// Node 12 keeps the port of a terminated worker open, and so the process alive.
if (option('role') === 'victim') run(victim).then(() => process.exit());
else {
  run(async (counts) => {
    const child = start(__filename, ['--role=victim', `--detaches=${amount(10000, 600)}`], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (found) => Object.assign(counts, found));
    const { code, signal } = await ended(child);
    check(code === 0, 'the process ended with', code, signal);
    counts.signals = 0;
  });
}
