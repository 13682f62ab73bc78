'use strict';
// Channel: calls that wait without blocking stand in line; and what is sent is what the platform says it is.

const vm = require('vm');
const test = require('tape');
const { codeOf, rejection, skip, textOf } = require('./messages');
const { Worker, forkCode, freshName, nextMessage, runCode, shm } = require('./support');
const { hasAbort, hasWorkers } = require('./waiting');

const noResizable = typeof ArrayBuffer.prototype.resize !== 'function' && 'this runtime has no resizable buffers';
const noTransfer = typeof global.structuredClone !== 'function' && 'this runtime has no structuredClone';

const open = (slots = 4, size = 64) => new shm.Channel(freshName(), { slots, size });

/** All that is in a channel. */
function drained(channel) {
  const texts = [];
  for (let message; (message = channel.tryReceive()) !== null; ) texts.push(textOf(message));
  return texts;
}

test('calls of one object are served in the order in which they were made', { skip }, async (t) => {
  const channel = open(2);
  const sent = [];
  const sends = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => channel.send(text).then(() => sent.push(text)));
  t.equal(channel.trySend('g'), false, 'nobody is overtaken');
  t.equal(textOf(channel.tryReceive()), 'a');
  t.equal(channel.trySend('g'), false, 'the slot is for who waits');
  t.equal(await rejection(channel.send('g', { timeout: 5 })), 'ERR_SHM_TIMED_OUT');
  const received = ['b'];
  t.equal(textOf(channel.tryReceive()), 'b');
  while (received.length < 5) received.push(textOf(await channel.receive()));
  await Promise.all(sends);
  t.deepEqual([received.join(''), sent.join('')], ['bcdef', 'abcdef']);
  const order = [];
  const receives = [1, 2, 3].map((number) => channel.receive().then((message) => order.push(`${number}${textOf(message)}`)));
  ['x', 'y'].forEach((text) => channel.trySend(text));
  t.equal(channel.tryReceive(), null, 'they are for who waits');
  await channel.send('z');
  await Promise.all(receives);
  t.deepEqual(order, ['1x', '2y', '3z']);
  channel.destroy();
});

test('sendSync comes after the calls that wait, and has them served', { skip }, async (t) => {
  const channel = open(2);
  ['a', 'b'].forEach((text) => channel.trySend(text));
  const waiting = channel.send('c');
  t.equal(codeOf(() => channel.sendSync('d', { timeout: 10 })), 'ERR_SHM_TIMED_OUT');
  t.deepEqual([textOf(channel.tryReceive()), textOf(channel.tryReceive())], ['a', 'b']);
  channel.sendSync('d');
  await waiting;
  t.deepEqual(drained(channel), ['c', 'd']);
  channel.destroy();
});

test('a call that is aborted or times out leaves its place; the others stay', { skip: skip || (!hasAbort && 'no AbortController') }, async (t) => {
  const channel = open(1);
  channel.trySend('first');
  const controller = new AbortController();
  const warnings = [];
  const warn = (warning) => warnings.push(warning.name);
  process.on('warning', warn);
  const ends = [];
  for (let i = 0; i < 30; i++) {
    const options = i % 3 === 0 ? { signal: controller.signal } : i % 3 === 1 ? { timeout: 20 } : {};
    ends.push(rejection(channel.send(String(i), options)));
  }
  await new Promise((resolve) => setTimeout(resolve, 60));
  controller.abort();
  const texts = [];
  for (let i = 0; i < 11; i++) texts.push(textOf(await channel.receive({ timeout: 5000 })));
  t.deepEqual(texts, ['first'].concat(['2', '5', '8', '11', '14', '17', '20', '23', '26', '29']));
  const how = await Promise.all(ends);
  t.ok(how.every((end, i) => (i % 3 === 0 ? ['AbortError', 20].includes(end) : end === (i % 3 === 1 ? 'ERR_SHM_TIMED_OUT' : 'resolved'))), how.join());
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(warnings, [], 'a signal has one listener, however many calls wait for it');
  process.removeListener('warning', warn);
  channel.destroy();
});

test('however many calls wait, the kernel has one wait of theirs', { skip }, async (t) => {
  const waiting = require('../lib/wait');
  const { waitAsync } = waiting;
  let begun = 0;
  waiting.waitAsync = (...args) => {
    begun++;
    return waitAsync(...args);
  };
  const channel = open(4);
  const sends = Array.from({ length: 2000 }, (_, i) => channel.send(String(i)));
  while (begun === 0) await new Promise((resolve) => setImmediate(resolve)); // they look for a moment before they sleep
  t.equal(begun, 1);
  for (let i = 0; i < 2000; i++) {
    const message = await channel.receive();
    if (message.text() !== String(i)) t.fail(`${message.text()} came as number ${i}`);
    message.release();
  }
  await Promise.all(sends);
  t.ok(begun < 3 * 2000, `${begun} waits for 2000 messages`);
  waiting.waitAsync = waitAsync;
  channel.destroy();
});

test('a send whose bytes change while it waits sends none, and takes nothing', { skip }, async (t) => {
  const changes = [
    [noResizable, () => new ArrayBuffer(10, { maxByteLength: 1000 }), (buffer) => buffer.resize(200)],
    [noResizable, () => new ArrayBuffer(10, { maxByteLength: 1000 }), (buffer) => buffer.resize(4)],
    [noTransfer, () => new ArrayBuffer(10), (buffer) => global.structuredClone(buffer, { transfer: [buffer] })],
  ];
  for (const [isMissing, make, change] of changes) {
    if (isMissing) {
      t.comment(isMissing);
      continue;
    }
    const channel = open(2);
    ['a', 'b'].forEach((text) => channel.trySend(text));
    const buffer = make();
    const sent = rejection(channel.send(new Uint8Array(buffer)));
    change(buffer);
    t.equal(textOf(channel.tryReceive()), 'a');
    t.equal(await sent, 'ERR_INVALID_ARG_VALUE');
    t.deepEqual(drained(channel), ['b']);
    t.deepEqual([1, 2, 3].map(() => channel.tryLoan() !== null), [true, true, false], 'every slot is free');
    channel.destroy();
  }
});

test('bytes that another thread makes longer while a call blocks are not sent', { skip: skip || (!hasWorkers && 'no worker threads') || noResizable }, async (t) => {
  const channel = open(2);
  ['a', 'b'].forEach((text) => channel.trySend(text));
  const buffer = new SharedArrayBuffer(8, { maxByteLength: 1000 });
  const worker = new Worker(`
    const { workerData } = require('worker_threads');
    const shm = require(${JSON.stringify(require.resolve('..'))});
    setTimeout(() => {
      workerData.buffer.grow(20);
      new shm.Channel(workerData.key).tryReceive().release();
    }, 100);
  `, { eval: true, workerData: { buffer, key: channel.key } });
  t.equal(codeOf(() => channel.sendSync(new Uint8Array(buffer), { timeout: 10000 })), 'ERR_INVALID_ARG_VALUE');
  t.deepEqual(drained(channel), ['b'], 'and no neighbour is written over');
  await new Promise((resolve) => worker.on('exit', resolve));
  channel.destroy();
});

test('lengths are those of the memory, whatever an array tells', { skip }, (t) => {
  class Sly extends Uint8Array {
    get length() {
      return 4;
    }
    get byteLength() {
      return 4;
    }
    get byteOffset() {
      return 0;
    }
  }
  const channel = open(3, 8);
  ['one', 'two', 'three'].forEach((text) => channel.sendSync(text));
  channel.tryReceive().release();
  t.equal(codeOf(() => channel.trySend(new Sly(200).fill(67))), 'ERR_OUT_OF_RANGE');
  t.ok(channel.trySend(new Sly(8).fill(67)));
  t.deepEqual(drained(channel), ['two', 'three', 'CCCCCCCC']);
  channel.sendSync('received');
  class Large extends Uint8Array {
    get length() {
      return 1000;
    }
    get byteLength() {
      return 1000;
    }
  }
  t.equal(codeOf(() => channel.tryReceiveInto(new Large(4))), 'ERR_OUT_OF_RANGE');
  t.equal(channel.tryReceiveInto(new Uint8Array(8)), 8, 'nothing was taken');
  const lying = Object.defineProperty(Buffer.from('123456789'), 'length', { value: 3 });
  t.equal(codeOf(() => channel.trySend(lying)), 'ERR_OUT_OF_RANGE');
  channel.destroy();
  t.end();
});

test('bytes of another realm are bytes', { skip }, (t) => {
  const channel = open();
  channel.sendSync(vm.runInNewContext('new Uint8Array([97, 98, 99])'));
  channel.sendSync(vm.runInNewContext('new DataView(new Uint8Array([100, 101]).buffer)'));
  t.deepEqual(drained(channel), ['abc', 'de']);
  channel.sendSync('into');
  t.equal(channel.receiveIntoSync(vm.runInNewContext('new Uint8Array(64)')), 4);
  channel.destroy();
  t.end();
});

test('what JSON can hold comes back as it was', { skip }, async (t) => {
  const channel = open();
  for (const value of [{ id: 1, nested: [true, null] }, [1, 2], 5, true, null]) {
    await channel.send(value);
    const message = channel.tryReceive();
    t.deepEqual(message.json(), value);
    message.release();
  }
  channel.sendSync('"text" is sent as it is');
  const message = channel.tryReceive();
  t.equal(message.text(), '"text" is sent as it is');
  t.throws(() => message.json(), SyntaxError);
  const circular = {};
  circular.self = circular;
  t.throws(() => channel.trySend(circular), TypeError);
  t.equal(await rejection(channel.send(undefined)), 'ERR_INVALID_ARG_TYPE');
  message.release();
  t.deepEqual([1, 2, 3, 4].map(() => channel.tryLoan() !== null), [true, true, true, true]);
  channel.destroy();
});

test('a faked clock does not stop a timeout', { skip }, async (t) => {
  const { stdout, stderr } = await runCode(`
    const { performance } = require('perf_hooks');
    const now = performance.now();
    Object.defineProperty(performance, 'now', { value: () => now, configurable: true, writable: true });
    Date.now = () => 5;
    process.hrtime = () => [0, 0];
    for (const name of ['setTimeout', 'setInterval', 'setImmediate']) global[name] = () => ({ unref() {}, ref() {} });
    const channel = new shm.Channel('${freshName()}', { slots: 1, size: 8 });
    try { channel.receiveSync({ timeout: 20 }); } catch (error) { console.log(error.message.replace(/'.*'/, 'it')); }
    channel.receive({ timeout: 20 }).catch(({ code }) => console.log(code)).then(() => channel.destroy());
  `);
  t.equal(stdout, 'Timed out after 20 ms waiting for a message on channel it\nERR_SHM_TIMED_OUT\n', stderr);
});

test('nothing is refused as full or empty that never was', { skip }, async (t) => {
  const ROUNDS = 20000;
  const HELD_AT_MOST = 50; // docs/channels.md: a lock that was held for so long is a reason
  const channel = open(4, 8);
  // Each has one message at most in the channel, so one slot is always free; each receives after it has sent, so there
  // is always a message for it.
  const code = `
    const channel = new shm.Channel('${channel.key}');
    const refused = [];
    const call = (what, action) => {
      for (;;) {
        const since = process.hrtime();
        const result = action();
        if (result) return result;
        const [seconds, nanoseconds] = process.hrtime(since);
        if (seconds * 1e3 + nanoseconds / 1e6 < ${HELD_AT_MOST}) refused.push(what);
      }
    };
    process.once('message', () => {
      for (let i = 0; i < ${ROUNDS}; i++) {
        call('trySend', () => channel.trySend('x'));
        call('tryReceive', () => channel.tryReceive()).release();
      }
      process.send(refused, () => process.exit());
    });
    process.send('ready');
  `;
  const children = [1, 2, 3].map(() => forkCode(code));
  await Promise.all(children.map(nextMessage));
  const answers = Promise.all(children.map(nextMessage));
  children.forEach((child) => child.send('begin'));
  t.deepEqual([].concat(...(await answers)), [], `${3 * ROUNDS} sends and receives`);
  channel.destroy();
});

/** Runs `action` while `meanwhile` is called once, right before a word of shared memory is loaded for the N-th time. */
function withMeanwhile(index, nth, meanwhile, action) {
  const { load } = Atomics;
  let left = nth;
  Atomics.load = (words, at) => {
    if (at === index && --left === 0) {
      Atomics.load = load;
      meanwhile();
    }
    return load(words, at);
  };
  try {
    return action();
  } finally {
    Atomics.load = load;
  }
}

test('nor while the others are in the middle', { skip }, (t) => {
  // docs/channels.md
  const TAIL = 64;
  const SECOND_SLOT = 96 + 4 + 8;
  const one = open(2, 8);
  const other = new shm.Channel(one.key);
  one.tryReceive(); // looks for the dead, so that the next call does not, which would have it look again
  other.sendSync('a');
  const message = other.tryReceive();
  let loan = null;
  const change = () => {
    message.release();
    loan = other.tryLoan();
  };
  t.ok(withMeanwhile(SECOND_SLOT, 1, change, () => one.trySend('b')), 'the slot that was passed became free when the next one was taken');
  loan.release();
  one.destroy();

  const reader = open(3, 8);
  const writer = new shm.Channel(reader.key);
  reader.tryReceive();
  writer.sendSync('first');
  const taken = [];
  const goOn = () => {
    writer.sendSync('second');
    taken.push(writer.tryReceive());
  };
  const found = withMeanwhile(TAIL, 2, goOn, () => reader.tryReceive());
  t.equal(found && found.text(), 'second', 'one was sent when another was taken');
  reader.destroy();
  t.end();
});

test('a sender looks as long as room is made, and then sleeps a few times', { skip }, (t) => {
  const { retryBriefly, spinWhileChanging } = require('../lib/channel/backoff');
  const waiting = require('../lib/wait');
  const words = new Int32Array(1);
  const { load } = Atomics;
  /** How many looks there are at a word that changes with every N-th. */
  const looks = (n, changes) => {
    let count = 0;
    Atomics.load = () => Math.floor(count++ / n);
    spinWhileChanging(words, 0, changes);
    Atomics.load = load;
    return count;
  };
  t.equal(looks(1, 3), 4, 'until it has changed so many times');
  t.equal(looks(1000, 3), 41, 'or does not change');
  t.equal(looks(30, 3), 91, 'it does not change if it has not for 40 looks');

  const { wait } = waiting;
  const slept = [];
  waiting.wait = (_words, _index, _value, milliseconds) => slept.push(milliseconds);
  t.equal(retryBriefly(words, 0, () => (slept.length === 2 ? 'got it' : undefined), Infinity), 'got it');
  t.deepEqual(slept.splice(0), [0.05, 0.1]);
  t.equal(retryBriefly(words, 0, () => undefined, Infinity), undefined);
  t.deepEqual(slept.splice(0), [0.05, 0.1, 0.2, 0.4]);
  waiting.wait = wait;
  t.end();
});

test('what is to be received into is checked at the call, also behind calls that wait', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 1, size: 16 });
  const first = channel.receive();
  t.equal(codeOf(() => channel.tryReceiveInto('nonsense')), 'ERR_INVALID_ARG_TYPE');
  t.equal(codeOf(() => channel.receiveIntoSync(Buffer.alloc(15), { timeout: 0 })), 'ERR_OUT_OF_RANGE');
  t.equal(await rejection(channel.receiveInto('nonsense', { timeout: 1000 })), 'ERR_INVALID_ARG_TYPE');
  channel.destroy();
  t.equal(await rejection(first), 'ERR_SHM_DETACHED');
});

test('loops have no timeout', { skip }, (t) => {
  const channel = new shm.Channel(freshName(), { slots: 1, size: 16 });
  const topic = new shm.Topic(freshName(), { size: 16 });
  t.equal(codeOf(() => channel.messages({ timeout: 5 })), 'ERR_INVALID_ARG_VALUE');
  t.equal(codeOf(() => topic.frames({ timeout: 5 })), 'ERR_INVALID_ARG_VALUE');
  channel.destroy();
  topic.destroy();
  t.end();
});

test('a loan is sent before what the object sends that waits for its slot', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 1, size: 16 });
  const loan = channel.tryLoan();
  const sent = channel.send('second');
  loan.length = loan.data.write('first');
  await loan.send({ timeout: 5000 });
  t.equal(textOf(channel.tryReceive()), 'first');
  await sent;
  t.equal(textOf(channel.tryReceive()), 'second');
  channel.destroy();
});
