'use strict';
// Numbers that count for ever begin again at 0 some day: positions of a channel, sequence numbers of a topic, the order
// of lock requests. Here they stand just before that.

const test = require('tape');
const { skip } = require('./messages');
const { freshName, shm } = require('./support');

/** The words of a structure that counts on from just before its end. */
function startAt(key, indexes, value) {
  const words = shm.get(key, 'Int32Array');
  indexes.forEach((index) => (words[index] = value));
  return words;
}

test('a channel goes on when its positions begin again', { skip }, async (t) => {
  const { HEAD, POSITION, TAIL } = require('../lib/channel/layout');
  const key = freshName();
  const sender = new shm.Channel(key, { slots: 4, size: 8 });
  const words = startAt(key, [TAIL], POSITION - 4);
  words[HEAD] = (POSITION - 4) << 1;
  const receiver = new shm.Channel(key);
  const dropping = new shm.Channel(key, { overflow: 'drop-oldest' });
  const seen = [];
  const take = () => {
    const message = receiver.tryReceive();
    if (message === null) return null;
    seen.push(message.text());
    message.release();
    return message;
  };
  for (let round = 0; round < 5; round++) {
    for (let count = 0; count < 4; count++) sender.sendSync(`${round}${count}`, { timeout: 0 });
    t.equal(sender.trySend('full'), false, 'four slots are full');
    t.equal(receiver.toJSON().queued, 4);
    while (take() !== null);
  }
  t.deepEqual(seen, [].concat(...[0, 1, 2, 3, 4].map((round) => [0, 1, 2, 3].map((count) => `${round}${count}`))), 'all, in their order');
  t.ok(words[TAIL] >= 0 && words[TAIL] < 100, 'they have begun again');

  words[TAIL] = POSITION - 4;
  words[HEAD] = (POSITION - 4) << 1;
  seen.length = 0;
  const waiting = new shm.Channel(key).receive();
  for (let count = 0; count < 12; count++) dropping.trySend(`d${count}`);
  const first = await waiting;
  first.release();
  while (take() !== null);
  t.deepEqual(seen.slice(-3), ['d9', 'd10', 'd11'], 'the oldest are dropped, the newest stay');
  sender.destroy();
});

test('a channel finishes half steps across the end of its positions', { skip }, (t) => {
  const { CONSUMERS, HEAD, POSITION, PRODUCERS, TAIL } = require('../lib/channel/layout');
  const { NOBODY } = require('../lib/mutex/word');
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 2, size: 8 });
  const words = startAt(key, [TAIL], POSITION);
  words[HEAD] = POSITION << 1;
  channel.trySend('a');
  words[HEAD] = POSITION << 1; // whoever has sent it died before this store
  words[PRODUCERS] = NOBODY;
  channel.trySend('b');
  const message = channel.tryReceive();
  t.equal(message.text(), 'a', 'it is sent');
  words[TAIL] = POSITION; // whoever has taken it died before this store
  words[CONSUMERS] = NOBODY;
  const other = channel.tryReceive();
  t.equal(other.text(), 'b', 'it is taken');
  t.equal(words[TAIL], 1);
  [message, other].forEach((one) => one.release());
  t.equal(channel.tryReceive(), null);
  channel.destroy();
  t.end();
});

test('a topic goes on when its numbers begin again', { skip }, (t) => {
  const { LATEST, NUMBER } = require('../lib/topic/layout');
  const key = freshName();
  const writer = new shm.Topic(key, { size: 8, history: 3, readers: 2 });
  startAt(key, [LATEST], (NUMBER - 2) << 1);
  const reader = new shm.Topic(key);
  t.equal(reader.tryReceive(), null, 'nothing was published');
  const seen = [];
  for (let count = 0; count < 6; count++) {
    writer.tryPublish(`f${count}`);
    const { sequence, missed } = reader.tryReceive();
    seen.push([sequence, missed, reader.latest().text()]);
  }
  t.deepEqual(seen, [NUMBER - 1, NUMBER, 0, 1, 2, 3].map((number, count) => [number, 0, `f${count}`]));
  writer.destroy();
  t.end();
});

test('a topic tells how many frames were missed while its numbers began again', { skip }, (t) => {
  const { LATEST, NUMBER } = require('../lib/topic/layout');
  const key = freshName();
  const writer = new shm.Topic(key, { size: 8, history: 3 });
  startAt(key, [LATEST], (NUMBER - 2) << 1);
  const late = new shm.Topic(key);
  late.tryReceive();
  for (let count = 0; count < 5; count++) writer.tryPublish(`g${count}`);
  const frame = late.tryReceive();
  t.deepEqual([frame.text(), frame.missed, frame.sequence], ['g2', 2, 0], 'the oldest of three, and two were missed');
  writer.destroy();
  t.end();
});

test('lock requests keep their order when its numbers begin again', { skip }, async (t) => {
  const { LAST_ORDER, MUTEX } = require('../lib/locks/layout');
  const { NOBODY } = require('../lib/mutex/word');
  const key = freshName();
  const locks = new shm.LockManager(key, { requests: 16 });
  const words = startAt(key, [LAST_ORDER], 0x7fffffff - 2);
  const served = [];
  const requests = [0, 1, 2, 3, 4, 5].map((number) => locks.request('a', async () => {
    served.push(number);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }));
  words[MUTEX] = NOBODY; // somebody died with the mutex: the list is made anew, by these numbers
  await Promise.all(requests);
  t.deepEqual(served, [0, 1, 2, 3, 4, 5]);
  t.deepEqual(await locks.query(), { held: [], pending: [] });
  locks.destroy();
});
