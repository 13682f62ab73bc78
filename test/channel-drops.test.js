'use strict';
// Channel: sends that drop the oldest message, while nothing can be dropped.

const test = require('tape');
const clock = require('../lib/runtime/clock');
const owners = require('../lib/runtime/owner');
const { rejection, skip, textOf } = require('./messages');
const { forkCode, freshName, nextMessage, shm } = require('./support');

/** What a channel of two slots, both in the hands of others, has to drop after a while. */
const droppable = {
  'loans that are sent': async (channel) => {
    const loans = [channel.tryLoan(), channel.tryLoan()];
    return () => loans.forEach((loan) => loan.sendSync());
  },
  'messages that are put back': async (channel) => {
    ['a', 'b'].forEach((text) => channel.trySend(text));
    const messages = [channel.tryReceive(), channel.tryReceive()];
    return () => messages.forEach((message) => message.putBack());
  },
  'messages of a process that dies': async (channel) => {
    ['a', 'b'].forEach((text) => channel.trySend(text));
    const child = forkCode(`
      const channel = new shm.Channel(${JSON.stringify(channel.key)});
      const messages = [channel.receiveSync(), channel.receiveSync()];
      process.on('message', () => messages);
      process.send('has both');`);
    await nextMessage(child);
    return () => child.kill('SIGKILL');
  },
};

test('a send that drops the oldest goes on as soon as there is one to drop', { skip }, async (t) => {
  for (const name of Object.keys(droppable)) {
    const channel = new shm.Channel(freshName(), { slots: 2, size: 8, overflow: 'drop-oldest' });
    const queue = await droppable[name](channel);
    const sent = rejection(channel.send('new', { timeout: 10000 }));
    await new Promise((resolve) => setTimeout(resolve, 20)); // it sleeps
    t.equal(channel.trySend('never'), false);
    queue();
    t.equal(await sent, 'resolved', name);
    const texts = [];
    for (let message = channel.tryReceive(); message !== null; message = channel.tryReceive()) texts.push(textOf(message));
    t.deepEqual([texts.length, texts[1]], [2, 'new']);
    channel.destroy();
  }
});

test('a send that drops the oldest drops what somebody had who died before', { skip }, (t) => {
  const { TAKEN, RING, ringOf } = require('../lib/channel/layout');
  const { isAlive, ownNumber } = owners;
  const channel = new shm.Channel(freshName(), { slots: 1, size: 8, overflow: 'drop-oldest' });
  channel.trySend('a');
  channel.tryReceive();
  const words = shm.get(channel.key, 'Int32Array');
  t.equal(words[RING + ringOf(1)], TAKEN | ownNumber());
  words[RING + ringOf(1)] = TAKEN | 12345;
  owners.isAlive = (owner) => owner !== 12345 && isAlive(owner);
  t.equal(channel.trySend('b'), true);
  owners.isAlive = isAlive;
  t.equal(textOf(channel.tryReceive()), 'b');
  channel.destroy();
  t.end();
});

test('a send that drops the oldest is woken for a free slot', { skip }, async (t) => {
  const { setTimeout } = clock;
  const channel = new shm.Channel(freshName(), { slots: 1, size: 8, overflow: 'drop-oldest' });
  const loan = channel.tryLoan();
  clock.setTimeout = (action, _delay, ...given) => setTimeout(action, 1e6, ...given); // nobody looks again
  const sent = channel.send('a', { timeout: 900 });
  clock.setTimeout = setTimeout;
  await new Promise((resolve) => setTimeout(resolve, 20));
  loan.release();
  await sent;
  t.equal(textOf(channel.tryReceive()), 'a');
  channel.destroy();
});
