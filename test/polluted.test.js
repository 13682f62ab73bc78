'use strict';
// What somebody has put on Object.prototype is no option of the caller's: for every class and call that takes options.

const test = require('tape');
const { skip } = require('./messages');
const { freshName, shm } = require('./support');

/** Runs something while every option that there is stands on Object.prototype. */
async function whilePolluted(action) {
  const options = {
    slots: 2, size: 8, history: 3, readers: 3, requests: 3, entries: 3, bytes: 1, maxEntry: 1, evict: true, readOnly: true,
    perm: '606', overflow: 'drop-oldest', transient: true, ttl: 1, timeout: 0, initial: 5, permits: 7, mode: 'shared', ifAvailable: true,
    unknown: 1,
  };
  Object.assign(Object.prototype, options);
  try {
    return await action();
  } finally {
    for (const name of Object.keys(options)) delete Object.prototype[name];
  }
}

const permOf = (key) => shm.stat(key).perm;

test('constructors and calls take their own options only', { skip }, async (t) => {
  const [channelKey, topicKey, mapKey, locksKey] = Array.from({ length: 4 }, freshName);
  const umask = process.umask(0);
  let channel, topic, map, locks;
  try {
    [channel, topic, map, locks] = await whilePolluted(() => [
      new shm.Channel(channelKey, { size: 16 }),
      new shm.Topic(topicKey, { size: 16 }),
      new shm.SharedMap(mapKey),
      new shm.LockManager(locksKey, {}),
    ]);
  } finally {
    process.umask(umask);
  }
  t.deepEqual([channel.slots, channel.size], [64, 16]);
  t.deepEqual([topic.size, topic.history, topic.readers], [16, 1, 8]);
  t.equal(JSON.parse(JSON.stringify(locks)).requests, 4096);
  for (const key of [channelKey, topicKey, mapKey, locksKey]) t.equal(permOf(key), '660', key);
  await whilePolluted(async () => {
    map.set('a', 1, {});
    map.increment('a', 1, {});
    map.increment('b', 1, {});
    channel.sendSync('one', {});
  });
  t.deepEqual([map.get('a'), map.get('b'), map.ttl('a')], [2, 1, Infinity]);
  const waits = whilePolluted(() => channel.receive({}));
  const message = await waits;
  t.equal(message.data.toString(), 'one');
  message.release();
  const lock = await whilePolluted(() => locks.request('a', {}, (held) => held));
  t.equal(lock.mode, 'exclusive');
  for (const key of [channelKey, topicKey, mapKey, locksKey]) shm.destroy(key);
});

test('nested options of nothing at all are none', { skip }, (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, Object.assign(Object.create({ slots: 3 }), { size: 8 }));
  t.equal(channel.slots, 64, 'an inherited one is none');
  shm.destroy(key);
  t.end();
});
