'use strict';
// Messages from process to process, by channels and topics and by the ways that Node.js has.

const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { performance } = require('perf_hooks');
const { interleave } = require('../statistics');
const { Contestant, compileCpp, installed } = require('../contestants');
const { SLOTS, frames, look, open, other } = require('../messages');

const KB = 1024;
const advanced = { serialization: 'advanced' };

async function timed(count, work) {
  const start = performance.now();
  await work();
  return ((performance.now() - start) * 1000) / count;
}

/** Sends `count` messages to one other process; microseconds a message until all have arrived. */
const oneToOne = {
  async this({ place, bytes, count, cleanups }) {
    const channel = open(place, bytes);
    const receiver = await other('copied', place, bytes);
    cleanups.push(receiver.end);
    const data = Buffer.alloc(bytes, 1);
    return () =>
      timed(count, async () => {
        receiver.child.send({ count });
        await receiver.done();
        const done = receiver.done();
        for (let i = 0; i < count; i++) channel.sendSync(data);
        await done;
      });
  },
  async 'this, in place'({ place, bytes, count, cleanups }) {
    const channel = open(`${place}-p`, bytes);
    const receiver = await other('inPlace', `${place}-p`, bytes);
    cleanups.push(receiver.end);
    return () =>
      timed(count, async () => {
        receiver.child.send({ count });
        await receiver.done();
        const done = receiver.done();
        for (let i = 0; i < count; i++) channel.loanSync().sendSync();
        await done;
      });
  },
  'process.send, JSON': (options) => bySend(options, {}),
  'process.send, advanced': (options) => bySend(options, advanced),
  async 'Unix socket'({ bytes, count, folder, cleanups }) {
    const file = path.join(folder, 's');
    let socket = null;
    const server = net.createServer((connection) => (socket = connection.on('error', () => {}))).listen(file);
    const receiver = await other('socket', file, bytes);
    cleanups.push(receiver.end, () => server.close(), () => socket.destroy());
    while (socket === null) await new Promise((resolve) => setTimeout(resolve, 5));
    const message = Buffer.alloc(4 + bytes, 1);
    message.writeUInt32LE(bytes, 0);
    return () =>
      timed(count, async () => {
        receiver.child.send({ count });
        await new Promise((resolve) => setTimeout(resolve, 20)); // it is told by another way
        const done = receiver.done();
        for (let i = 0; i < count; i++) if (!socket.write(message)) await new Promise((resolve) => socket.once('drain', resolve));
        await done;
      });
  },
};

/** What others have for this, if it can be had here; `{ reason }` if not. */
const ofOthers = {
  async 'worker postMessage'({ count, bytes, cleanups }) {
    const { Worker } = require('worker_threads');
    const worker = new Worker(`(${answer})(${look})`, { eval: true });
    cleanups.push(() => worker.terminate());
    const data = Buffer.alloc(bytes, 1);
    return () =>
      timed(count, async () => {
        const done = new Promise((resolve) => worker.once('message', resolve));
        worker.postMessage(count);
        for (let i = 0; i < count; i++) worker.postMessage(data);
        await done;
      });
  },
  async 'ZeroMQ, ipc'({ bytes, count, folder, cleanups }) {
    const { folder: from, reason } = installed('zeromq', '6.8.0');
    if (reason) return { reason };
    const { Push } = require(from);
    const file = path.join(folder, 'z');
    const socket = new Push({ sendHighWaterMark: SLOTS, linger: 0 });
    await socket.bind(`ipc://${file}`);
    const receiver = await other('zeromq', file, bytes);
    cleanups.push(() => fs.existsSync(file) && fs.unlinkSync(file), () => socket.close(), receiver.end);
    const data = Buffer.alloc(bytes, 1);
    return () =>
      timed(count, async () => {
        receiver.child.send({ count });
        await receiver.done();
        const done = receiver.done();
        for (let i = 0; i < count; i++) await socket.send(data);
        await done;
      });
  },
  async 'Boost message_queue, C++'({ place, bytes, count, cleanups }) {
    const { program, reason } = compileCpp('message-queue.cpp');
    if (reason) return { reason };
    const boost = new Contestant('Boost', program, [`${place.slice(1)}-b`, String(bytes)]);
    cleanups.push(() => boost.close());
    return async () => (await boost.run('send', count, 1, '-')) / 1000 / count;
  },
};

/** What the worker does. */
function answer(look) {
  const { parentPort } = require('worker_threads');
  let left = 0;
  parentPort.on('message', (message) => {
    if (typeof message === 'number') left = message;
    else {
      look(message);
      if (--left === 0) parentPort.postMessage('done');
    }
  });
}

async function bySend({ bytes, count, cleanups }, options) {
  const receiver = await other('messages', '-', bytes, options);
  cleanups.push(receiver.end);
  const data = options.serialization ? Buffer.alloc(bytes, 1) : 'x'.repeat(bytes);
  return () =>
    timed(count, async () => {
      receiver.child.send({ count });
      const done = receiver.done();
      for (let i = 0; i < count; i++) if (!receiver.child.send({ data })) await new Promise((resolve) => setImmediate(resolve));
      await done;
    });
}

/** One message there and back, with promises only. */
const roundTrip = {
  async this({ place, bytes, count, cleanups }) {
    const [there, back] = [open(`${place}-r`, bytes), open(`${place}-r-back`, bytes)];
    const echo = await other('echo', `${place}-r`, bytes);
    cleanups.push(echo.end);
    const data = Buffer.alloc(bytes, 1);
    return () =>
      timed(count, async () => {
        for (let i = 0; i < count; i++) {
          await there.send(data);
          (await back.receive()).release();
        }
      });
  },
  async 'process.send, JSON'({ bytes, count, cleanups }) {
    const echo = await other('reply', '-', bytes);
    cleanups.push(echo.end);
    const data = 'x'.repeat(bytes);
    return () =>
      timed(count, async () => {
        for (let i = 0; i < count; i++) {
          const reply = echo.done();
          echo.child.send(data);
          await reply;
        }
      });
  },
};

/** A frame until three readers have looked at every page of it. */
const threeReaders = {
  async this({ place, bytes, count, cleanups }) {
    const [topic, back] = [frames(`${place}-f`, bytes), open(`${place}-f-back`, 8)];
    for (let i = 0; i < 3; i++) cleanups.push((await other('frames', `${place}-f`, bytes)).end);
    return () =>
      timed(count, async () => {
        for (let i = 0; i < count; i++) {
          topic.loanSync().publish();
          for (let seen = 0; seen < 3; seen++) (await back.receive()).release();
        }
      });
  },
  async 'process.send, advanced'({ bytes, count, cleanups }) {
    const readers = [];
    for (let i = 0; i < 3; i++) readers.push(await other('messages', '-', bytes, advanced));
    cleanups.push(...readers.map(({ end }) => end));
    const data = Buffer.alloc(bytes, 1);
    return () =>
      timed(count, async () => {
        for (let i = 0; i < count; i++) {
          const seen = readers.map((reader) => reader.done());
          readers.forEach(({ child }) => child.send({ count: 1 }) && child.send({ data }));
          await Promise.all(seen);
        }
      });
  },
};

/** Three producers compared with one, to one consumer. */
const producers = (many) => async ({ place, bytes, count, cleanups }) => {
  const name = `${place}-${many}`;
  const channel = open(name, bytes);
  const others = [];
  for (let i = 0; i < many; i++) others.push(await other('produce', name, bytes));
  cleanups.push(...others.map(({ end }) => end));
  const buffer = Buffer.alloc(bytes);
  return () =>
    timed(count, async () => {
      others.forEach(({ child }) => child.send({ count: count / many }));
      for (let i = 0; i < count; i++) channel.receiveIntoSync(buffer);
      await Promise.all(others.map((one) => one.done()));
      await Promise.all(others.map((one) => one.done()));
    });
};

const shown = { 'worker postMessage': null, 'ZeroMQ, ipc': null, 'Boost message_queue, C++': null };

const games = [
  { label: '64 B, one to one', bytes: 64, count: 60000, ways: { ...oneToOne, ...ofOthers }, most: { 'process.send, JSON': 0.14 }, bars: { 'process.send, JSON': 0.14, 'Unix socket': 1 / 2, 'process.send, advanced': null, ...shown } },
  { label: '64 KB, one to one', bytes: 64 * KB, count: 1000, ways: { ...oneToOne, ...ofOthers }, subject: 'this, in place', bars: { 'process.send, advanced': 0.05, ...shown } },
  { label: '6 MB to three readers', bytes: 6e6, count: 10, ways: threeReaders, bars: { 'process.send, advanced': 0.02 } },
  { label: '64 B and back, promises', bytes: 64, count: 3000, ways: roundTrip, bars: { 'process.send, JSON': 0.7 } },
  { label: '64 B, three producers', bytes: 64, count: 60000, ways: { this: producers(3), 'one producer': producers(1) }, bars: { 'one producer': 1.5 } },
];

async function run(bench) {
  const rows = [];
  for (const { label, bytes, count, ways, subject, bars, most } of games) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-bench-'));
    const cleanups = [() => fs.rmdirSync(folder)];
    const { first: place } = bench.keys('posix', 1);
    ['', '-b', '-p', '-r', '-r-back', '-f', '-f-back', '-1', '-3'].forEach((name) => bench.track(`${place}${name}`));
    const options = { place, bytes, folder, cleanups, count: bench.smoke ? 6 : count };
    try {
      const subjects = {};
      for (const way of Object.keys(ways)) {
        const subject = await ways[way](options);
        if (subject.reason) console.log(`${way} is left out: ${subject.reason}`);
        else subjects[way] = subject;
      }
      const numbers = await interleave(subjects, bench.rounds(9), bench.round(label));
      rows.push({ label, bytes, unit: 'µs', numbers, subject, bars, most });
    } finally {
      for (const cleanup of cleanups.reverse()) await cleanup();
    }
  }
  return rows;
}

module.exports = {
  name: 'messages',
  title: 'Messages between processes',
  note: 'Microseconds a message. “this” is a Channel with a copy in and out, blocking; “in place” makes and reads messages where they are; the frame goes through a Topic. A worker is a thread of the same process.',
  run,
};
