'use strict';
// What a path for one producer and one consumer could save: round trips of 64 B between two processes that poll all the
// time, by a bare word, by a bare ring and by Channel. By itself: `node ring.js`; a few seconds.

const { fork } = require('child_process');
const shm = require('../..');

const SIZE = 64;
const SLOTS = 64;
const ROUNDS = 50;
const TRIPS = 500;
const LINE = 16; // words between two that different processes write

/** The least that passes a message on: who it is for has seen another number. */
class Word {
  constructor(key) {
    this.words = shm.getOrCreate(1, 'Int32Array', key);
    this.seen = 0;
  }

  send() {
    Atomics.add(this.words, 0, 1);
  }

  receive() {
    const found = Atomics.load(this.words, 0);
    if (found === this.seen) return null;
    this.seen = found;
    return found;
  }
}

/** A ring for one producer and one consumer, with no owners, no closing and nobody to wake. */
class Ring {
  constructor(key) {
    this.words = shm.getOrCreate((2 + SLOTS) * LINE, 'Int32Array', key);
    this.bytes = shm.getOrCreate(SLOTS * SIZE, 'Uint8Array', `${key}-bytes`);
    this.tail = 0;
    this.head = 0;
  }

  send(data) {
    const { words, tail } = this;
    if (tail - Atomics.load(words, LINE) >= SLOTS || data.length > SIZE) throw new Error('no room');
    const slot = tail & (SLOTS - 1);
    this.bytes.set(data, slot * SIZE);
    words[(2 + slot) * LINE] = data.length;
    this.tail = (tail + 1) | 0;
    Atomics.store(words, 0, this.tail);
  }

  receive(buffer) {
    const { bytes, head, words } = this;
    if (Atomics.load(words, 0) === head) return null;
    const slot = head & (SLOTS - 1);
    const length = words[(2 + slot) * LINE];
    buffer.set(new Uint8Array(bytes.buffer, bytes.byteOffset + slot * SIZE, length));
    this.head = (head + 1) | 0;
    Atomics.store(words, LINE, this.head);
    return length;
  }
}

class ByChannel {
  constructor(key) {
    this.channel = new shm.Channel(key, { size: SIZE, slots: SLOTS });
  }

  send(data) {
    this.channel.sendSync(data);
  }

  receive(buffer) {
    return this.channel.tryReceiveInto(buffer);
  }
}

const ways = { word: Word, ring: Ring, Channel: ByChannel };
const [, , way, key] = process.argv;
const buffer = Buffer.alloc(SIZE, 1);

/** Plays against another process; nanoseconds of a round trip, in the best round. */
async function play(name) {
  const place = `/shm-bench-ring-${process.pid}-${name}`;
  const [there, back] = [place, `${place}-back`].map((one) => new ways[name](one));
  const child = fork(__filename, [name, place]);
  await new Promise((resolve) => child.once('message', resolve));
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime();
    for (let trip = 0; trip < TRIPS; trip++) {
      there.send(buffer);
      while (back.receive(buffer) === null);
    }
    const [seconds, nanoseconds] = process.hrtime(start);
    best = Math.min(best, (seconds * 1e9 + nanoseconds) / TRIPS);
  }
  child.kill('SIGKILL');
  for (const one of [place, `${place}-back`]) for (const ending of ['', '-bytes']) shm.destroy(one + ending);
  return best;
}

async function main() {
  for (const name of Object.keys(ways)) console.log(`${name}: ${(await play(name)).toFixed(0)} ns a round trip`);
}

if (way === undefined) main();
else {
  const [there, back] = [key, `${key}-back`].map((one) => new ways[way](one));
  process.send('ready', () => {
    for (;;) {
      while (there.receive(buffer) === null);
      back.send(buffer);
    }
  });
}
