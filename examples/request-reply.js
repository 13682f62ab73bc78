'use strict';
// Request and reply: one channel for all requests, one for the replies to each client; an id tells which is which.
//   node examples/request-reply.js [requests]

const { fork } = require('child_process');
const { randomInt } = require('crypto');
const shm = require('shm-typed-array');

const sizes = { slots: 16, size: 1024 };
const functions = { add: (a, b) => a + b };

/** Answers requests, until the channel of requests is closed. */
async function serve(requests) {
  const clients = new Map();
  for await (const message of requests) {
    const { id, client, name, args } = message.json();
    if (!clients.has(client)) clients.set(client, new shm.Channel(client, sizes));
    await clients.get(client).send({ id, result: functions[name](...args) });
  }
}

/** What asks: `call(name, ...args)` is a promise of the result. */
function connect(requests, client) {
  const waiting = new Map();
  const replies = new shm.Channel(client, sizes);
  const listen = async () => {
    for await (const message of replies) {
      const { id, result } = message.json();
      waiting.get(id)(result);
      waiting.delete(id);
    }
  };
  listen();
  let last = 0;
  return async function call(name, ...args) {
    const id = ++last;
    const reply = new Promise((resolve) => waiting.set(id, resolve));
    await requests.send({ id, client, name, args });
    return reply;
  };
}

async function main(count) {
  const [key, client] = [randomInt(1, 2 ** 31), randomInt(1, 2 ** 31)];
  const requests = new shm.Channel(key, sizes);
  const server = fork(__filename, ['server', String(key)]);
  const call = connect(requests, client);
  const sums = await Promise.all(Array.from(Array(count), (_, i) => call('add', i, 1)));
  console.log(`${sums.length} replies, ${sums.every((sum, i) => sum === i + 1) ? 'all right' : 'some wrong'}`);
  requests.close();
  new shm.Channel(client).close();
  server.on('exit', () => [key, client].forEach((each) => shm.destroy(each)));
}

if (process.argv[2] === 'server') serve(new shm.Channel(Number(process.argv[3])));
else main(Number(process.argv[2] || 1000));
