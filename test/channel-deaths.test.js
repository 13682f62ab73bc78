'use strict';
// Channel: whoever is killed or terminated, the others go on, and get what it had.

const test = require('tape');
const { skip, textOf } = require('./messages');
const { forkCode, freshName, nextMessage, shm } = require('./support');
const { hasWorkers } = require('./waiting');

test('between processes; the message of one that is killed is delivered again', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  const child = forkCode(`
    const channel = new shm.Channel('${key}');
    const first = channel.receiveSync();
    channel.sendSync('answer');
    channel.loanSync();
    process.send('ready');
    setInterval(() => channel, 1000); // it is not collected
  `);
  channel.sendSync('question');
  await nextMessage(child);
  t.equal(textOf(channel.receiveSync()), 'answer');
  t.equal(channel.tryReceive(), null, 'as long as it lives');
  const again = channel.receive();
  child.kill('SIGKILL');
  const message = await again;
  t.deepEqual([message.data.toString(), message.deliveries], ['question', 1]);
  message.release();
  const loans = [1, 2, 3, 4].map(() => channel.loanSync({ timeout: 5000 }));
  t.equal(loans.length, 4, 'what it had borrowed is free');
  shm.destroy(key);
});

test('worker threads take part, and a terminated one is a dead one', { skip: skip || (!hasWorkers && 'no worker threads') }, async (t) => {
  const { Worker } = require('worker_threads');
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  const entry = JSON.stringify(require.resolve('..'));
  const worker = new Worker(`
    const shm = require(${entry});
    const channel = new shm.Channel('${key}');
    channel.receiveSync();
    channel.sendSync('taken');
    setInterval(() => channel, 1000);
  `, { eval: true });
  channel.sendSync('mine');
  for (;;) {
    const message = await channel.receive();
    const text = textOf(message);
    if (text === 'taken') break;
    channel.sendSync('mine');
  }
  await worker.terminate();
  const again = await channel.receive({ timeout: 10000 });
  t.deepEqual([again.data.toString(), again.deliveries], ['mine', 1]);
  shm.destroy(key);
});
