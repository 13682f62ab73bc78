'use strict';
// Channel: work is not lost. consume, putBack, and iterators that end while they wait.

const { Readable } = require('stream');
const test = require('tape');
const { rejection, skip, textOf } = require('./messages');
const { forkCode, freshName, nextMessage, shm, until } = require('./support');
const { hasAbort } = require('./waiting');

const noAbort = skip || (!hasAbort && 'this runtime has no AbortController');

/** A channel with these messages in it. */
function channelWith(...messages) {
  const channel = new shm.Channel(freshName(), { slots: 8, size: 64 });
  messages.forEach((message) => channel.sendSync(message));
  return channel;
}

test('a message is done when its handler is; a failed one comes again, as the last', { skip }, async (t) => {
  const channel = channelWith('a', 'b', 'c');
  const seen = [];
  channel.close();
  await channel.consume(async (message) => {
    seen.push(`${message.text()}${message.deliveries}`);
    await null;
    if (message.text() === 'a' && message.deliveries < 2) throw new Error('not yet');
  });
  t.deepEqual(seen, ['a0', 'b0', 'c0', 'a1', 'a2']);
  channel.destroy();
});

test('a handler that throws at once, and one that gives the message back itself', { skip }, async (t) => {
  const channel = channelWith('thrown', 'back', 'released');
  const seen = [];
  channel.close();
  await channel.consume((message) => {
    seen.push(message.text());
    if (message.deliveries > 0) return;
    if (message.text() === 'thrown') throw new Error('not yet');
    if (message.text() === 'back') message.putBack();
    if (message.text() === 'released') message.release();
  });
  t.deepEqual(seen, ['thrown', 'back', 'released', 'thrown', 'back']);
  channel.destroy();
});

test('after its retries a message goes to onFailure, and is done unless that fails', { skip }, async (t) => {
  const channel = channelWith('bad', 'good');
  const told = [];
  channel.close();
  const onFailure = (error, message) => told.push([error.message, message.text(), message.deliveries]);
  const fail = (message) => {
    if (message.text() === 'bad') throw new Error('no');
  };
  await channel.consume(fail, { retries: 2, onFailure });
  t.deepEqual(told, [['no', 'bad', 2]]);
  t.equal(channel.tryReceive(), null);
  channel.destroy();

  const again = channelWith('bad');
  const failing = again.consume(fail, { retries: 0, onFailure: () => Promise.reject(Object.assign(new Error('worse'), { code: 'WORSE' })) });
  t.equal(await rejection(failing), 'WORSE');
  t.equal(textOf(again.tryReceive()), 'bad', 'it is there again');
  again.destroy();
});

test('a message that ends its process each time goes to onFailure after its retries', { skip }, async (t) => {
  const channel = channelWith('deadly');
  const worker = `const channel = new shm.Channel(${JSON.stringify(channel.key)});
    channel.consume(() => process.kill(process.pid, 'SIGKILL'), { retries: 1, onFailure() {} });`;
  for (let times = 0; times < 2; times++) {
    await new Promise((resolve) => forkCode(worker).once('exit', resolve));
  }
  const told = [];
  const onFailure = (error, message) => {
    told.push([error.code, error.key, message.text(), message.deliveries]);
    channel.close();
  };
  await channel.consume(() => t.fail('no handler gets it again'), { retries: 1, onFailure });
  t.deepEqual(told, [['ERR_SHM_OWNER_DIED', channel.key, 'deadly', 2]]);
  channel.destroy();
});

test('consume: so many at a time, until it is aborted; what runs is waited for', { skip: noAbort }, async (t) => {
  const channel = channelWith('1', '2', '3', '4', '5');
  const controller = new AbortController();
  let [running, most, done] = [0, 0, 0];
  const consumed = channel.consume(
    async () => {
      most = Math.max(most, ++running);
      if (running === 3) controller.abort();
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
      done++;
    },
    { concurrency: 3, signal: controller.signal },
  );
  t.equal(await consumed, undefined);
  t.deepEqual([most, running, done], [3, 0, 3]);
  t.equal(textOf(channel.tryReceive()), '4', 'the rest is still there');
  await channel.consume(() => t.fail('nothing is taken any more'), { signal: controller.signal });
  const waiting = new AbortController();
  const idle = channelWith();
  const ended = idle.consume(() => t.fail('there is nothing'), { concurrency: 2, signal: waiting.signal });
  setImmediate(() => waiting.abort());
  t.equal(await ended, undefined, 'while it waits, too');
  idle.sendSync('later');
  t.equal(textOf(idle.tryReceive()), 'later', 'and it takes nothing then');
  [channel, idle].forEach((one) => one.destroy());
});

test('consume: what was taken in the moment of the abort is handled, not counted as failed', { skip: noAbort }, async (t) => {
  const channel = channelWith('1', '2');
  const [handled, failed] = [[], []];
  for (let round = 0; round < 2; round++) {
    const controller = new AbortController();
    const handler = (message) => {
      handled.push(textOf(message));
      controller.abort();
    };
    if (round === 1) channel.close();
    await channel.consume(handler, { concurrency: 2, retries: 0, onFailure: (error) => failed.push(error.code), signal: controller.signal });
  }
  t.deepEqual([handled, failed], [['1', '2'], []]);
  channel.destroy();
});

test('the job of a worker that dies of an exception is done by another', { skip }, async (t) => {
  const channel = channelWith('job');
  const child = forkCode(`
    process.on('uncaughtException', () => process.exit(1));
    new shm.Channel('${channel.key}').consume(async () => {
      process.send('taken', () => setImmediate(() => { throw new Error('a bug'); }));
      await new Promise(() => {});
    });
  `);
  await nextMessage(child);
  const message = await channel.receive({ timeout: 10000 });
  t.deepEqual([message.text(), message.deliveries], ['job', 1]);
  channel.destroy();
});

test('consume refuses what it cannot do', { skip }, async (t) => {
  const channel = channelWith();
  t.equal(await rejection(channel.consume()), 'ERR_INVALID_ARG_TYPE');
  t.equal(await rejection(channel.consume(() => {}, { concurrency: 0 })), 'ERR_OUT_OF_RANGE');
  t.equal(await rejection(channel.consume(() => {}, { retries: 1 })), 'ERR_INVALID_ARG_VALUE', 'retries without onFailure');
  t.equal(await rejection(channel.consume(() => {}, { timeout: 1 })), 'ERR_INVALID_ARG_VALUE');
  const consumed = channel.consume(() => {});
  channel.detach();
  t.equal(await rejection(consumed), 'ERR_SHM_DETACHED');
  shm.destroy(channel.key);
});

test('an iterator that ends while it waits ends at once, and takes nothing any more', { skip }, async (t) => {
  const channel = channelWith();
  const messages = channel.messages();
  const next = [messages.next(), messages.next()];
  t.deepEqual(await messages.return('end'), { value: 'end', done: true });
  t.deepEqual(await Promise.all(next), [{ value: undefined, done: true }, { value: undefined, done: true }]);
  channel.sendSync('precious');
  t.equal(textOf(channel.tryReceive()), 'precious');

  // The message is on its way when the iterator ends.
  const late = channel.messages();
  const given = late.next();
  channel.sendSync('late');
  t.equal(channel.tryReceive(), null, 'it is the iterator’s');
  late.return();
  t.deepEqual(await given, { value: undefined, done: true });
  const back = await channel.receive({ timeout: 5000 });
  t.deepEqual([back.text(), back.deliveries], ['late', 0], 'and comes back');
  back.release();

  const stream = Readable.from(channel);
  let isClosed = false;
  stream.on('data', () => {});
  stream.on('close', () => (isClosed = true));
  await new Promise((resolve) => setImmediate(resolve));
  stream.destroy();
  await until(() => isClosed, 'the stream to close');
  channel.sendSync('kept');
  t.equal(textOf(channel.tryReceive()), 'kept');
  channel.destroy();
});

test('messages({ signal }): an abort ends the loop with its reason', { skip: noAbort }, async (t) => {
  const channel = channelWith('one');
  const controller = new AbortController();
  const loop = async () => {
    for await (const message of channel.messages({ signal: controller.signal })) {
      t.equal(message.text(), 'one');
      setImmediate(() => controller.abort());
    }
  };
  t.ok(['AbortError', 'ABORT_ERR', 20].includes(await rejection(loop())));
  channel.sendSync('two');
  t.ok(['AbortError', 'ABORT_ERR', 20].includes(await rejection(channel.messages({ signal: controller.signal }).next())));
  t.equal(textOf(channel.tryReceive()), 'two');
  channel.destroy();
});

test('putBack: delivered again, as the last; nothing after the message’s end', { skip }, (t) => {
  const channel = channelWith('a', 'b');
  const message = channel.tryReceive();
  message.putBack();
  message.putBack();
  message.release();
  t.equal(message.data.length, 0);
  t.equal(textOf(channel.tryReceive()), 'b');
  const again = channel.tryReceive();
  t.deepEqual([again.text(), again.deliveries], ['a', 1]);
  again.putBack();
  const third = channel.tryReceive();
  t.equal(third.deliveries, 2);
  third.release();
  t.equal(channel.tryReceive(), null);
  channel.destroy();
  t.end();
});

test('a message that comes as its loop is left does not count as delivered', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 4, size: 16 });
  const messages = channel.messages();
  const next = messages.next();
  channel.trySend('a');
  t.equal(channel.tryReceive(), null, 'the loop has it');
  t.deepEqual(await messages.return(), { value: undefined, done: true });
  t.deepEqual(await next, { value: undefined, done: true });
  channel.close();
  const handled = [];
  const onFailure = (error) => handled.push(error.code);
  await channel.consume((message) => void handled.push(message.text(), message.deliveries), { retries: 0, onFailure });
  t.deepEqual(handled, ['a', 0]);
  channel.destroy();
});
