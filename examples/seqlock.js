'use strict';
// A seqlock: one process updates a record, others read it. The writer never waits for readers; a
// reader that came in between reads again, and so never sees half an update.
//
//   node examples/seqlock.js [updates]

const { fork } = require('child_process');
const shm = require('shm-typed-array');

// Words: the sequence, odd while an update is under way, how many have begun to read, and the record.
const SEQUENCE = 0;
const READING = 1;
const RECORD = 2;
const FIELDS = 8;
const READERS = 2;

// How long readers sleep, and how often they read, before they look whether the writer still lives.
const PARENT_CHECK_INTERVAL = 500; // milliseconds
const READS_BETWEEN_CHECKS = 1000;

/** Replaces the record. */
function write(words, record) {
  const sequence = Atomics.load(words, SEQUENCE);
  Atomics.store(words, SEQUENCE, sequence + 1);
  // Atomics here too: plain writes could pass the ones to the sequence.
  record.forEach((field, i) => Atomics.store(words, RECORD + i, field));
  Atomics.store(words, SEQUENCE, sequence + 2);
  shm.notify(words, SEQUENCE); // for those who wait for news
}

/** Ends this process if it has outlived the writer, which has started it: then it has got another parent. */
function exitIfOrphan() {
  if (process.ppid !== Number(process.env.PARENT)) process.exit(1);
}

/** A record that no update has cut in two, and its sequence. */
function read(words) {
  for (let tries = 1; ; tries++) {
    const sequence = Atomics.load(words, SEQUENCE);
    const record = Array.from({ length: FIELDS }, (_, i) => Atomics.load(words, RECORD + i));
    if (sequence % 2 === 0 && Atomics.load(words, SEQUENCE) === sequence) return { sequence, record };
    // A writer that dies in the middle of an update leaves the sequence odd for ever.
    if (tries % READS_BETWEEN_CHECKS === 0) exitIfOrphan();
  }
}

/** Reads until the last update, and counts records that do not belong together. */
function reader(key, updates) {
  const words = shm.get(key, 'Int32Array');
  let reads = 0;
  let torn = 0;
  for (;;) {
    const { sequence, record } = read(words);
    if (++reads === 1) {
      Atomics.add(words, READING, 1);
      shm.notify(words, READING);
    }
    if (record.some((field) => field !== record[0])) torn++;
    if (record[0] === updates) break;
    // Sleeps now and then until there is something new.
    if (reads % 100 === 0 && shm.wait(words, SEQUENCE, sequence, PARENT_CHECK_INTERVAL) === 'timed-out') exitIfOrphan();
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
  const env = Object.assign({}, process.env, { PARENT: process.pid });
  const start = () => fork(__filename, ['reader', String(words.key), String(updates)], { env });
  const readers = Array.from({ length: READERS }, start);
  const results = Promise.all(readers.map(resultOf));
  // They read from the first update on.
  for (let reading; (reading = Atomics.load(words, READING)) < READERS; ) {
    await Promise.race([results, shm.waitAsync(words, READING, reading, { ref: true })]);
  }
  for (let i = 1; i <= updates; i++) write(words, Array(FIELDS).fill(i));
  for (const { reads, torn } of await results) console.log(`${reads} reads, ${torn} torn records`);
  shm.destroy(words.key);
}

const [role, key, updates] = process.argv.slice(2);
if (role === 'reader') reader(Number(key), Number(updates));
else main(Number(role || 100000));
