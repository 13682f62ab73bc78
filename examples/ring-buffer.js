'use strict';
// A ring buffer between two processes: one writes messages, the other reads them, neither takes a
// lock, and who has nothing to do sleeps.
//
//   node examples/ring-buffer.js [messages]

const { fork } = require('child_process');
const shm = require('shm-typed-array');

// Words of the Int32Array. Positions only grow (and wrap at 2³²); each is written by one side.
const WRITTEN = 0;
const READ = 16; // in a cache line of its own: the sides do not disturb each other
const HEADER = 32;

// How long the writer sleeps before it looks whether there is still somebody who reads (milliseconds).
const LOOK_UP = 500;

/** A ring of `size` bytes, a power of two, behind HEADER words. One writer, one reader. */
class RingBuffer {
  constructor(words) {
    this.words = words;
    this.bytes = new Uint8Array(words.buffer, words.byteOffset + HEADER * 4, (words.length - HEADER) * 4);
    this.mask = this.bytes.length - 1;
  }

  /** Writes one message, as soon as there is room for it and its length. */
  write(message) {
    const written = Atomics.load(this.words, WRITTEN);
    const needed = message.length + 4;
    for (;;) {
      const read = Atomics.load(this.words, READ);
      if (((written - read) >>> 0) + needed <= this.bytes.length) break;
      if (shm.wait(this.words, READ, read, LOOK_UP) === 'timed-out' && isOrphan()) throw new Error('the reader has died');
    }
    this.put(written, new Uint8Array(Uint32Array.of(message.length).buffer));
    this.put(written + 4, message);
    // The message is there before the position says so: Atomics keeps that order.
    Atomics.store(this.words, WRITTEN, (written + needed) | 0);
    shm.notify(this.words, WRITTEN, 1);
  }

  /** The next message; waits for it without blocking the event loop. */
  async read() {
    const read = Atomics.load(this.words, READ);
    while (Atomics.load(this.words, WRITTEN) === read) {
      await shm.waitAsync(this.words, WRITTEN, read, { ref: true });
    }
    const length = new Uint32Array(this.take(read, 4).buffer)[0];
    const message = this.take(read + 4, length);
    Atomics.store(this.words, READ, (read + 4 + length) | 0);
    shm.notify(this.words, READ, 1);
    return message;
  }

  put(position, data) {
    const start = position & this.mask;
    const first = Math.min(data.length, this.bytes.length - start);
    this.bytes.set(data.subarray(0, first), start);
    this.bytes.set(data.subarray(first), 0);
  }

  take(position, length) {
    const start = position & this.mask;
    const data = new Uint8Array(length);
    const first = this.bytes.subarray(start, start + length);
    data.set(first);
    data.set(this.bytes.subarray(0, length - first.length), first.length);
    return data;
  }
}

/** Whether this process has outlived the one that started it: then it has got another parent. */
function isOrphan() {
  return process.ppid !== Number(process.env.PARENT);
}

function writer(key, count) {
  const ring = new RingBuffer(shm.get(key, 'Int32Array'));
  for (let i = 0; i < count; i++) ring.write(Buffer.from(`message ${i} `.repeat(i % 20)));
  process.exit();
}

async function main(count) {
  const words = shm.create(HEADER + 1024, 'Int32Array');
  const ring = new RingBuffer(words);
  const env = Object.assign({}, process.env, { PARENT: process.pid });
  const child = fork(__filename, ['writer', String(words.key), String(count)], { env });
  child.once('exit', (code) => {
    if (code !== 0) process.exit(1); // nothing would come any more
  });
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const message = Buffer.from(await ring.read()).toString();
    if (message !== `message ${i} `.repeat(i % 20)) throw new Error(`message ${i} is wrong: ${message}`);
    bytes += message.length;
  }
  console.log(`${count} messages, ${bytes} bytes, all in order`);
  shm.destroy(words.key);
}

const [role, key, count] = process.argv.slice(2);
if (role === 'writer') writer(Number(key), Number(count));
else main(Number(role || 10000));
