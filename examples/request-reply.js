'use strict';
// Request and reply: all clients send to one channel, and each has one for its replies, which tell an id.
//   node examples/request-reply.js [requests]

const { fork } = require('child_process');
const shm = require('..');

const size = 1024;

class Client {
  constructor(key) {
    this.requests = new shm.Channel(key);
    this.replyTo = `${key}-${process.pid}`;
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
    const id = (this.last = (this.last || 0) + 1);
    const reply = new Promise((resolve) => this.waiting.set(id, resolve));
    await this.requests.sendAsync(JSON.stringify({ id, replyTo: this.replyTo, name, args }));
    return reply;
  }

  async close() {
    this.replies.close();
    await this.listening;
    shm.destroy(this.replyTo);
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
  const key = `/example-requests-${process.pid}`;
  const requests = new shm.Channel(key, { slots: 16, size });
  process.on('exit', () => shm.destroy(key));
  fork(__filename, ['server', key]);
  const client = new Client(key);
  const sums = await Promise.all(Array.from({ length: count }, (_, i) => client.call('add', i, 1)));
  console.log(`${sums.length} replies, ${sums.every((sum, i) => sum === i + 1) ? 'all right' : 'some wrong'}`);
  await client.close();
  requests.close();
}

if (process.argv[2] === 'server') serve(process.argv[3], { add: (a, b) => a + b });
else main(Number(process.argv[2] || 1000));
