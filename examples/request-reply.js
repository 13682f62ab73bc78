'use strict';
// Request and reply: one channel for all requests, one for the replies to each client. An id tells which is which.
//   node examples/request-reply.js [requests]

const { fork } = require('child_process');
const { randomInt } = require('crypto');
const shm = require('..');

const [size, freshKey] = [1024, () => randomInt(1, 2 ** 31)];

class Client {
  constructor(key) {
    [this.requests, this.replyTo] = [new shm.Channel(key), freshKey()];
    this.replies = new shm.Channel(this.replyTo, { slots: 16, size });
    this.waiting = new Map();
    this.listening = this.listen();
  }

  async listen() {
    for await (const message of this.replies) {
      const { id, result } = JSON.parse(message.data.toString());
      this.waiting.get(id)(result);
      this.waiting.delete(id);
    }
  }

  async call(name, ...args) {
    const id = randomInt(2 ** 40);
    const reply = new Promise((resolve) => this.waiting.set(id, resolve));
    await this.requests.sendAsync(JSON.stringify({ id, replyTo: this.replyTo, name, args }));
    return reply;
  }
}

async function serve(key, functions) {
  process.on('disconnect', () => process.exit());
  const clients = new Map();
  for await (const message of new shm.Channel(key)) {
    const { id, replyTo, name, args } = JSON.parse(message.data.toString());
    if (!clients.has(replyTo)) clients.set(replyTo, new shm.Channel(replyTo, { size }));
    await clients.get(replyTo).sendAsync(JSON.stringify({ id, result: functions[name](...args) }));
  }
  process.exit();
}

async function main(count) {
  const key = freshKey();
  const requests = new shm.Channel(key, { slots: 16, size });
  fork(__filename, ['server', String(key)]);
  const client = new Client(key);
  const sums = await Promise.all(Array.from(Array(count), (_, i) => client.call('add', i, 1)));
  console.log(`${sums.length} replies, ${sums.every((sum, i) => sum === i + 1) ? 'all right' : 'some wrong'}`);
  client.replies.close();
  await client.listening;
  shm.destroy(client.replyTo);
  requests.close();
  shm.destroy(key);
}

if (process.argv[2] === 'server') serve(Number(process.argv[3]), { add: (a, b) => a + b });
else main(Number(process.argv[2] || 1000));
