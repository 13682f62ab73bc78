'use strict';
// A seqlock: one process updates a record, others read it. The writer never waits for readers; a
// reader that came in between reads again, and so never sees half an update.
//
//   node examples/seqlock.js [updates]

const { fork } = require('child_process');
const shm = require('..');

// Words: the sequence, odd while an update is under way, and the record.
const SEQUENCE = 0;
const RECORD = 1;
const FIELDS = 8;

/** Replaces the record. */
function write(words, record) {
  const sequence = words[SEQUENCE];
  Atomics.store(words, SEQUENCE, sequence + 1);
  // Atomics here too: plain writes could pass the ones to the sequence.
  record.forEach((field, i) => Atomics.store(words, RECORD + i, field));
  Atomics.store(words, SEQUENCE, sequence + 2);
  shm.notify(words, SEQUENCE); // for those who wait for news
}

/** A record that no update has cut in two, and its sequence. */
function read(words) {
  for (;;) {
    const sequence = Atomics.load(words, SEQUENCE);
    const record = Array.from({ length: FIELDS }, (_, i) => Atomics.load(words, RECORD + i));
    if (sequence % 2 === 0 && Atomics.load(words, SEQUENCE) === sequence) return { sequence, record };
  }
}

/** Reads until the last update, and counts records that do not belong together. */
function reader(key, updates) {
  const words = shm.get(key, 'Int32Array');
  let reads = 0;
  let torn = 0;
  for (;;) {
    const { sequence, record } = read(words);
    reads++;
    if (record.some((field) => field !== record[0])) torn++;
    if (record[0] === updates) break;
    if (reads % 100 === 0) shm.wait(words, SEQUENCE, sequence); // sleeps until there is something new
  }
  process.send({ reads, torn }, () => process.disconnect());
}

function resultOf(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code, signal) => reject(new Error(`a reader has ended with ${signal || code}`)));
  });
}

async function main(updates) {
  const words = shm.create(RECORD + FIELDS, 'Int32Array');
  const readers = [1, 2].map(() => fork(__filename, ['reader', String(words.key), String(updates)]));
  const results = Promise.all(readers.map(resultOf));
  await Promise.all(readers.map((child) => new Promise((resolve) => child.once('spawn', resolve))));
  for (let i = 1; i <= updates; i++) write(words, Array(FIELDS).fill(i));
  for (const { reads, torn } of await results) console.log(`${reads > 0 ? 'read' : 'nothing read'}, ${torn} torn records`);
  shm.destroy(words.key);
}

const [role, key, updates] = process.argv.slice(2);
if (role === 'reader') reader(Number(key), Number(updates));
else main(Number(role || 100000));
