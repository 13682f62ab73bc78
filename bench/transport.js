'use strict';
// The ways from one process to another that the transport case compares. Run as a program, this is
// the receiver: `node transport.js WAY BYTES PLACE`, where PLACE is a key, a path or a folder.

const { fork, spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

/** Looks at every page of what has arrived. */
function look(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i];
  return sum;
}

/** Two named pipes, used without the event loop: one there, one back. */
class Pipes {
  constructor(folder, [out, back]) {
    const open = (name) => fs.openSync(path.join(folder, name), 'r+');
    this.out = open(out);
    this.back = open(back);
  }

  static make(folder) {
    spawnSync('mkfifo', ['there', 'back'].map((name) => path.join(folder, name)));
    return new Pipes(folder, ['there', 'back']);
  }

  write(bytes) {
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.out, bytes, done, bytes.length - done);
  }

  read(bytes) {
    for (let done = 0; done < bytes.length; ) done += fs.readSync(this.back, bytes, done, bytes.length - done, null);
    return bytes;
  }

  close() {
    fs.closeSync(this.out);
    fs.closeSync(this.back);
  }
}

const bell = Buffer.alloc(1);

/** A way of messages: `send` gives one away, the next message back says that it has arrived. */
const messages = (serialization) => ({
  options: { serialization },
  start: ({ child, data }) => () =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send(data);
    }),
  receive() {
    process.on('message', (message) => {
      look(message.data || message);
      process.send(0);
    });
    process.send('ready');
  },
});

/** Shared memory, and a word in it that tells whose turn it is. */
const shared = (copies) => ({
  start({ bench, data, place }) {
    const { shm } = bench;
    const memory = shm.create(data.length, 'Buffer', bench.track(`${place}-data`));
    const turns = shm.create(2, 'Int32Array', bench.track(`${place}-turns`));
    return () => {
      if (copies) data.copy(memory);
      const turn = Atomics.add(turns, 0, 1) + 1;
      shm.notify(turns, 0);
      while (Atomics.load(turns, 1) !== turn) shm.wait(turns, 1, turn - 1);
    };
  },
  receive(bytes, place) {
    const shm = require('..');
    process.send('ready');
    process.once('message', () => {
      const memory = shm.get(`${place}-data`);
      const turns = shm.get(`${place}-turns`, 'Int32Array');
      for (let turn = 1; ; turn++) {
        while (Atomics.load(turns, 0) !== turn) shm.wait(turns, 0, turn - 1);
        look(memory);
        Atomics.store(turns, 1, turn);
        shm.notify(turns, 1);
      }
    });
  },
});

/**
 * How each way works. `start`, on the sender's side, gives the function that sends the data and
 * waits until the other side has it; `receive` is the other side.
 */
const ways = {
  this: shared(true),
  'this, made in place': shared(false),
  'process.send, JSON': messages('json'),
  'process.send, advanced': messages('advanced'),

  pipe: {
    start({ data, folder, cleanups }) {
      const pipes = Pipes.make(folder);
      cleanups.push(() => pipes.close());
      return () => {
        pipes.write(data);
        pipes.read(bell);
      };
    },
    receive(bytes, place, folder) {
      process.send('ready');
      process.once('message', () => {
        const pipes = new Pipes(folder, ['back', 'there']);
        const data = Buffer.alloc(bytes);
        for (;;) {
          look(pipes.read(data));
          pipes.write(bell);
        }
      });
    },
  },

  'Unix socket': {
    start({ child, data, folder, cleanups }) {
      return new Promise((resolve) => {
        const server = net.createServer((socket) => {
          socket.on('error', () => {}); // the receiver is killed in the end
          cleanups.push(() => socket.destroy());
          resolve(
            () =>
              new Promise((arrived) => {
                socket.once('data', arrived);
                socket.write(data);
              }),
          );
        });
        cleanups.push(() => server.close());
        server.listen(path.join(folder, 'socket'), () => child.send('go'));
      });
    },
    receive(bytes, place, folder) {
      process.send('ready');
      process.once('message', () => {
        const socket = net.connect(path.join(folder, 'socket'));
        let missing = bytes;
        socket.on('data', (chunk) => {
          look(chunk);
          missing -= chunk.length;
          if (missing > 0) return;
          missing = bytes;
          socket.write(bell);
        });
      });
    },
  },

  file: {
    start({ data, folder, cleanups }) {
      const pipes = Pipes.make(folder);
      cleanups.push(() => pipes.close());
      return () => {
        fs.writeFileSync(path.join(folder, 'data'), data);
        pipes.write(bell);
        pipes.read(bell);
      };
    },
    receive(bytes, place, folder) {
      process.send('ready');
      process.once('message', () => {
        const pipes = new Pipes(folder, ['back', 'there']);
        for (;;) {
          pipes.read(bell);
          look(fs.readFileSync(path.join(folder, 'data')));
          pipes.write(bell);
        }
      });
    },
  },

  'worker postMessage': {
    thread: `
      const { parentPort } = require('worker_threads');
      parentPort.on('message', (bytes) => {
        let sum = 0;
        for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i];
        parentPort.postMessage(sum);
      });
    `,
    start: ({ worker, data }) => () =>
      new Promise((resolve) => {
        worker.once('message', resolve);
        worker.postMessage(data);
      }),
  },
};

function removeFolder(folder) {
  for (const file of fs.readdirSync(folder)) fs.unlinkSync(path.join(folder, file));
  fs.rmdirSync(folder);
}

/** The other end of a way, ready to be sent `bytes` bytes at a time. */
class Receiver {
  static async start(bench, name, bytes) {
    const way = ways[name];
    const receiver = new Receiver();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-bench-'));
    const { first: place } = bench.keys('posix', 1);
    receiver.cleanups = [() => removeFolder(folder)];
    const context = { bench, data: Buffer.alloc(bytes, 1), folder, place, cleanups: receiver.cleanups };
    if (way.thread) {
      const { Worker } = require('worker_threads');
      const worker = new Worker(way.thread, { eval: true });
      context.worker = worker;
      receiver.end = () => worker.terminate();
    } else {
      const child = fork(__filename, [name, bytes, place, folder], way.options || {});
      await new Promise((resolve) => child.once('message', resolve));
      context.child = child;
      receiver.end = () =>
        new Promise((resolve) => {
          child.once('exit', resolve);
          child.kill('SIGKILL');
        });
    }
    /** Sends the data; returns or resolves when the other side has it. */
    receiver.move = await way.start(context);
    if (context.child && !way.options && name !== 'Unix socket') context.child.send('go');
    return receiver;
  }

  async stop() {
    await this.end();
    this.cleanups.reverse().forEach((cleanup) => cleanup());
  }
}

module.exports = { Receiver, ways: Object.keys(ways) };

if (require.main === module) {
  const [name, bytes, place, folder] = process.argv.slice(2);
  ways[name].receive(Number(bytes), place, folder);
}
