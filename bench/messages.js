'use strict';
// The ways of messages that the messages case compares. Run as a program, this is one of the others:
// `node messages.js ROLE PLACE BYTES`, which does what it is told by process.send.

const { fork } = require('child_process');
const net = require('net');
const shm = require('..');
const { folderOf } = require('./contestants');

/** Looks at every page of what has arrived. */
function look(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i];
  return sum;
}

/** How many messages can be on their way, where that can be chosen. */
const SLOTS = 64;

const open = (place, bytes) => new shm.Channel(place, { slots: SLOTS, size: bytes });
const frames = (place, bytes) => new shm.Topic(place, { size: bytes, readers: 4 });

/** What others do with `count` messages; each tells when it has done so. */
const roles = {
  copied(place, bytes) {
    const channel = open(place, bytes);
    const buffer = Buffer.alloc(bytes);
    return (count) => {
      for (let i = 0; i < count; i++) look(buffer.subarray(0, channel.receiveIntoSync(buffer)));
    };
  },
  inPlace(place, bytes) {
    const channel = open(place, bytes);
    return (count) => {
      for (let i = 0; i < count; i++) {
        const message = channel.receiveSync();
        look(message.data);
        message.release();
      }
    };
  },
  produce(place, bytes) {
    const channel = open(place, bytes);
    const data = Buffer.alloc(bytes, 1);
    return (count) => {
      for (let i = 0; i < count; i++) channel.sendSync(data);
    };
  },
  async echo(place, bytes) {
    const [there, back] = [open(place, bytes), open(`${place}-back`, bytes)];
    for await (const message of there) await back.send(message.data);
  },
  frames(place, bytes) {
    const [topic, back] = [frames(place, bytes), open(`${place}-back`, 8)];
    (async () => {
      for await (const frame of topic) {
        look(frame.data);
        back.send('seen');
      }
    })();
  },
  messages() {
    let left = 0;
    process.removeAllListeners('message');
    process.on('message', (message) => {
      if (message.count !== undefined) left = message.count;
      else {
        look(message.data || message);
        if (--left === 0) process.send('done');
      }
    });
  },
  reply() {
    process.removeAllListeners('message');
    process.on('message', (message) => process.send(message));
  },
  zeromq(place) {
    const { Pull } = require(folderOf('zeromq'));
    const socket = new Pull({ receiveHighWaterMark: SLOTS });
    socket.connect(`ipc://${place}`);
    let left = 0;
    process.on('message', ({ count }) => (left = count) && process.send('begun'));
    (async () => {
      for await (const [message] of socket) {
        look(message);
        if (--left === 0) process.send('done');
      }
    })();
  },
  socket(place, bytes) {
    let left = 0;
    let has = 0;
    process.on('message', ({ count }) => (left = count * (bytes + 4)));
    const socket = net.connect(place);
    // Frames of a length and data: each is looked at when it is whole.
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      has += chunk.length;
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
        const end = 4 + rest.readUInt32LE(0);
        look(rest.subarray(4, end));
        rest = rest.subarray(end);
      }
      if (has === left) {
        has = 0;
        process.send('done');
      }
    });
  },
};

/** Starts one of the others; `ask(count)` resolves when it has done its work. */
async function other(role, place, bytes, options) {
  const child = fork(__filename, [role, place, String(bytes)], options);
  await new Promise((resolve) => child.once('message', resolve));
  return {
    child,
    done: () => new Promise((resolve) => child.once('message', resolve)),
    end: () => new Promise((resolve) => child.once('exit', resolve) && child.kill('SIGKILL')),
  };
}

module.exports = { SLOTS, frames, look, open, other };

if (require.main === module) {
  const [role, place, bytes] = process.argv.slice(2);
  Promise.resolve()
    .then(() => (role === 'echo' ? void roles.echo(place, Number(bytes)) : roles[role](place, Number(bytes))))
    .then((work) => {
      if (work !== undefined) process.on('message', ({ count }) => process.send('begun', () => process.send(String(work(count)))));
      process.send('ready');
    });
  process.on('disconnect', () => process.exit());
}
