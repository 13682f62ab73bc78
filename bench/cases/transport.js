'use strict';
// Moving bytes from one process to another, by every way that Node.js has: how long until the
// receiver has them, for 1 KB to 1 GB.

const { digits } = require('../table');
const { interleave } = require('../statistics');
const { Receiver, ways } = require('../transport');

const KB = 1024;
const SIZES = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576].map((kilobytes) => kilobytes * KB);

/** A Buffer in JSON is four times as long and takes seconds; a message ends at some hundred MB. */
const MOST = { 'process.send, JSON': 1024 * KB, 'process.send, advanced': 262144 * KB };

async function run(bench) {
  const sizes = bench.smoke ? [KB] : SIZES;
  const rows = [];
  for (const bytes of sizes) {
    const numbers = await measure(bench, bytes);
    rows.push({ label: sizeInWords(bytes), bytes, unit: 'µs', numbers });
  }
  return rows;
}

/** Microseconds that moving `bytes` takes, by way. */
async function measure(bench, bytes) {
  const receivers = [];
  const subjects = {};
  try {
    for (const way of ways) {
      if (bytes > (MOST[way] || Infinity)) continue;
      const receiver = await Receiver.start(bench, way, bytes);
      receivers.push(receiver);
      subjects[way] = () => timed(receiver, bench.smoke ? 1 : Math.max(1, Math.min(200, Math.round((4 << 20) / bytes))));
    }
    return await interleave(subjects, bench.rounds(bytes > 1 << 20 ? 5 : 21), bench.round(sizeInWords(bytes)));
  } finally {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
  }
}

async function timed(receiver, times) {
  const start = process.hrtime();
  for (let i = 0; i < times; i++) await receiver.move();
  const [seconds, ns] = process.hrtime(start);
  return (seconds * 1e6 + ns / 1e3) / times;
}

function sizeInWords(bytes) {
  const units = ['KB', 'MB', 'GB'];
  let size = bytes / KB;
  while (size >= KB) {
    size /= KB;
    units.shift();
  }
  return `${digits(size).replace(/\.0+$/, '')} ${units[0]}`;
}

module.exports = {
  name: 'transport',
  title: 'From one process to another',
  judged: false,
  note:
    'Time until the receiver has the bytes, has looked at every page and has said so. “this” copies an ordinary buffer into shared memory; “this, made in place” has the data there from the start. postMessage is between threads, and copies.',
  run,
};
