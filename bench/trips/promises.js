'use strict';
// A request and its reply by channels and promises, as users write it.

const { isOther, key, play, start } = require('./trip');
const shm = require('../..');

const requests = new shm.Channel(key, { size: 64 });
const replies = new shm.Channel(`${key}-replies`, { size: 64 });

async function answer() {
  for await (const request of requests) await replies.send(request.data);
}

async function ask(data) {
  await requests.send(data);
  const reply = await replies.receive();
  reply.release();
}

if (isOther) {
  answer();
  process.send('ready');
} else {
  const data = Buffer.alloc(64, 1);
  play(start(key), () => ask(data), () => [requests, replies].forEach((channel) => channel.destroy()));
}
