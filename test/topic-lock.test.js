'use strict';
// Topic: the writer's lock, when somebody else keeps it, takes it away, or gives it back at a bad moment.

const fs = require('fs');
const test = require('tape');
const vm = require('vm');
const { codeOf, rejection, skip, textOf } = require('./messages');
const { forkCode, freshName, isBun, isDeno, isLinux, nextMessage, shm } = require('./support');
const owners = require('../lib/runtime/owner');
const waiting = require('../lib/wait');

// Words of a topic: docs/topics.md.
const WRITER = 16;

/** The number of a thread that lives, as long as `isAlive` is played. */
const OTHER = 12345;

/** Has every owner live while `action` runs. */
async function withAllAlive(action) {
  const { isAlive } = owners;
  owners.isAlive = () => true;
  try {
    await action();
  } finally {
    owners.isAlive = isAlive;
  }
}

test('who blocks to write to a topic whose name was removed is told so', { skip: skip || (!isLinux && 'no /dev/shm') }, async (t) => {
  const key = freshName();
  const topic = new shm.Topic(key, { size: 8 });
  const child = forkCode(`
    const loan = new shm.Topic('${key}').loanSync();
    process.on('disconnect', () => loan.release());
    process.send('ready');
  `);
  await nextMessage(child);
  fs.unlinkSync(`/dev/shm${key}`);
  t.equal(codeOf(() => topic.publishSync('x', { timeout: 20000 })), 'ERR_SHM_REPLACED');
  t.equal(codeOf(() => topic.loanSync({ timeout: 20000 })), 'ERR_SHM_REPLACED');
  child.disconnect();
  topic.detach();
});

test('a loan whose lock was taken away publishes nothing', { skip }, async (t) => {
  const key = freshName();
  const topic = new shm.Topic(key, { size: 8 });
  topic.publishSync('whole');
  const words = shm.get(key, 'Int32Array');
  const loan = topic.tryLoan();
  loan.length = loan.data.write('mine');
  words[WRITER] = OTHER;
  t.equal(codeOf(() => loan.publish()), 'ERR_SHM_LAYOUT');
  t.equal(words[WRITER], OTHER, 'the other one keeps it');
  t.deepEqual([loan.length, codeOf(() => loan.publish())], [0, 'ERR_SHM_RELEASED'], 'the loan is over');
  t.equal(topic.latest().text(), 'whole');
  words[WRITER] = 0;
  topic.publishSync('next');
  t.equal(topic.latest().text(), 'next');
  topic.destroy();
});

test('a call that blocks while this object is being granted the lock waits for its turn, not for itself', { skip }, async (t) => {
  const { begin } = waiting;
  await withAllAlive(async () => {
    const key = freshName();
    const topic = new shm.Topic(key, { size: 8, history: 20 });
    topic.latest();
    const words = shm.get(key, 'Int32Array');
    words[WRITER] = OTHER;
    let wake;
    waiting.begin = () => ({ ended: new Promise((resolve) => (wake = resolve)), expire() {} });
    const published = topic.publish('a');
    waiting.begin = begin;
    words[WRITER] = 0;
    wake('ok');
    // At some of these moments the lock has been granted, and the promise has not told so yet.
    for (let moment = 0; moment < 10; moment++) {
      await null;
      topic.publishSync(String(moment), { timeout: 1000 });
    }
    await published;
    const texts = Array.from({ length: 11 }, () => topic.tryReceive().text());
    t.deepEqual(texts.slice().sort(), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a']);
    topic.destroy();
  });
  waiting.begin = begin;
});

/** Ends a call by force while it waits for a lock; no `finally` runs. */
function endedWhileWaiting(act) {
  const { wait } = waiting;
  waiting.wait = () => {
    for (;;);
  };
  try {
    return codeOf(() => vm.runInNewContext('act()', { act }, { timeout: 20 }));
  } finally {
    waiting.wait = wait;
  }
}

test('what was ended by force while it waited does not unlock the lock of another call of the thread', { skip: skip || ((isBun || isDeno) && 'this runtime does not terminate scripts') }, async (t) => {
  const { begin } = waiting;
  await withAllAlive(async () => {
    const key = freshName();
    const [one, other] = [new shm.Topic(key, { size: 8 }), new shm.Topic(key)];
    const words = shm.get(key, 'Int32Array');
    words[WRITER] = OTHER;
    let wake;
    waiting.begin = () => ({ ended: new Promise((resolve) => (wake = resolve)), expire() {} });
    const lent = one.loan();
    waiting.begin = begin;
    t.equal(endedWhileWaiting(() => other.publishSync('x')), 'ERR_SCRIPT_EXECUTION_TIMEOUT');
    words[WRITER] = 0;
    wake('ok');
    const loan = await lent;
    t.equal(words[WRITER] & 0x3fffffff, owners.ownNumber());
    t.equal(other.tryPublish('never'), false);
    await new Promise((resolve) => setTimeout(resolve, 150)); // it is looked what was left
    t.equal(words[WRITER] & 0x3fffffff, owners.ownNumber());
    loan.length = loan.data.write('mine');
    loan.publish();
    t.equal(other.latest().text(), 'mine');
    t.equal(other.tryPublish('next'), true, 'the lock is free');
    one.destroy();
  });
  waiting.begin = begin;
});

test('a row whose memory goes before it is given back hinders no call of the thread', { skip }, (t) => {
  const { load } = Atomics;
  const key = freshName();
  const channel = new shm.Channel(freshName(), { slots: 1, size: 8 });
  const topic = new shm.Topic(key, { size: 8 });
  topic.tryPublish('x');
  topic.latest();
  Atomics.load = () => {
    throw new RangeError('as if the stack were full');
  };
  try {
    t.throws(() => shm.detach(key), /as if/);
  } finally {
    Atomics.load = load;
  }
  t.notEqual(shm.detach(key), -1);
  t.equal(channel.trySend('a'), true);
  t.equal(textOf(channel.tryReceive()), 'a');
  t.equal(codeOf(() => topic.latest()), 'ERR_SHM_DETACHED');
  channel.destroy();
  shm.destroy(key);
  t.end();
});

test('who asks for a lock that is never given back is told so in time', { skip }, async (t) => {
  await withAllAlive(async () => {
    const key = freshName();
    const topic = new shm.Topic(key, { size: 8 });
    shm.get(key, 'Int32Array')[WRITER] = OTHER;
    t.equal(topic.tryLoan(), null);
    t.equal(codeOf(() => topic.publishSync('x', { timeout: 50 })), 'ERR_SHM_TIMED_OUT');
    t.equal(await rejection(topic.loan({ timeout: 50 })), 'ERR_SHM_TIMED_OUT');
    shm.destroy(key);
  });
});
