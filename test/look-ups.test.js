'use strict';
// A thread that dies before it wakes others: those who sleep without blocking look up after a moment, and are woken.

const test = require('tape');
const { freshName, runCode, shm } = require('./support');
const { skip } = require('./messages');
const waiting = require('../lib/wait');

/** Does something as a thread does it that is killed before it wakes anybody. */
function silently(action) {
  const { notify } = waiting;
  waiting.notify = () => 0;
  try {
    return action();
  } finally {
    waiting.notify = notify;
  }
}

/** The same, when it has fallen asleep who waits. */
const later = (action) => new Promise((resolve) => setTimeout(resolve, 50)).then(() => silently(action));

const late = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 10000, 'nobody has looked up').unref())]);
const channels = (options) => Array.from({ length: 2 }, ((key) => () => new shm.Channel(key, options))(freshName()));
const topics = () => Array.from({ length: 2 }, ((key) => () => new shm.Topic(key, { size: 8 }))(freshName()));

/** What sleeps, what ends its sleep, and what comes of it. */
const cases = {
  'a message': async () => {
    const [one, other] = channels({ slots: 1, size: 8 });
    const sleeping = one.receive();
    await later(() => other.trySend('a'));
    return (await sleeping).text();
  },
  'a free slot': async () => {
    const [one, other] = channels({ slots: 1, size: 8 });
    other.trySend('a');
    const sleeping = one.send('b');
    await later(() => other.tryReceive().release());
    await sleeping;
    return other.tryReceive().text() === 'b' && 'a';
  },
  'the end of a channel, for who receives': async () => {
    const [one, other] = channels({ slots: 1, size: 8 });
    const sleeping = one.receive();
    await later(() => other.close());
    return (await sleeping) === null && 'a';
  },
  'the end of a channel, for who sends': async () => {
    const [one, other] = channels({ slots: 1, size: 8 });
    other.trySend('a');
    const sleeping = one.send('b').catch((error) => error.code === 'ERR_SHM_CLOSED' && 'a');
    await later(() => other.close());
    return sleeping;
  },
  'a frame': async () => {
    const [one, other] = topics();
    const sleeping = one.receive();
    await later(() => other.tryPublish('a'));
    return (await sleeping).text();
  },
  'the end of a topic': async () => {
    const [one, other] = topics();
    const sleeping = one.receive();
    await later(() => other.close());
    return (await sleeping) === null && 'a';
  },
};

test('those who sleep for something are woken, though whoever should have woken them has died', { skip }, async (t) => {
  await Promise.all(Object.keys(cases).map(async (name) => t.equal(await late(cases[name]()), 'a', name)));
  shm.detachAll();
});

test('a call that fails before it counts does not let the process end while others wait', { skip }, async (t) => {
  const clock = JSON.stringify(require.resolve('../lib/runtime/clock'));
  const { stdout, stderr } = await runCode(`
    const clock = require(${clock});
    const { setInterval } = clock;
    const channel = new shm.Channel(${JSON.stringify(freshName())}, { slots: 1, size: 8, transient: true });
    clock.setInterval = () => {
      throw new RangeError('as if the stack were full');
    };
    (async () => {
      await channel.receive().catch((error) => console.log(error.name));
      clock.setInterval = setInterval;
      setTimeout(() => channel.trySend('a'), 100).unref();
      console.log((await channel.receive()).text());
    })();`);
  t.equal(stdout, 'RangeError\na\n', stderr);
});
