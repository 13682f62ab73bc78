'use strict';
// Channel: what happens before a thread sleeps, and which sleepers are woken.

const test = require('tape');
const waiting = require('../lib/wait');
const { rejection, skip, textOf } = require('./messages');
const { freshName, isBun, isDeno, runCode, shm } = require('./support');
const { hasAbort } = require('./waiting');
const { Spin } = skip ? /** @type {any} */ ({}) : require('../lib/structures/spin');

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Runs `action(played)` with a kernel that notes what it is asked: how many waits have begun, and whom `notify` has woken. */
async function playing(action) {
  const { waitAsync, notify } = waiting;
  const played = { sleeps: 0, woken: [], asleep: async (count) => { while (played.sleeps < count) await turn(); } };
  waiting.waitAsync = (...args) => {
    played.sleeps++;
    return waitAsync(...args);
  };
  waiting.notify = (words, index, limit) => {
    const number = notify(words, index, limit);
    played.woken.push([limit, number]);
    return number;
  };
  try {
    await action(played);
  } finally {
    Object.assign(waiting, { waitAsync, notify });
  }
}

const open = (key) => new shm.Channel(key, { slots: 64, size: 16 });

test('a message wakes one of many who sleep', { skip }, (t) => playing(async (played) => {
  const key = freshName();
  const sender = open(key);
  const objects = Array.from({ length: 6 }, () => open(key));
  const calls = objects.map((channel) => channel.receive().then(textOf));
  await played.asleep(6);
  sender.sendSync('first');
  t.equal(await Promise.race(calls), 'first');
  await played.asleep(11); // all were woken: the sender did not know yet that they are many
  played.woken = [];
  sender.sendSync('second');
  t.deepEqual(played.woken, [[1, 1]]);
  for (let i = 0; i < 4; i++) sender.sendSync('more');
  t.deepEqual((await Promise.all(calls)).sort(), ['first', 'more', 'more', 'more', 'more', 'second']);
  played.woken = [];
  sender.sendSync('none sleeps');
  t.deepEqual(played.woken, [[1, 0], [undefined, 0]], 'the mark is taken away');
  played.woken = [];
  sender.sendSync('none asked for');
  t.deepEqual(played.woken, []);
  for (const channel of objects) channel.detach();
  sender.destroy();
}));

test('who is woken for a call that is over wakes another one', { skip: skip || (!hasAbort && 'there is no AbortSignal') }, (t) => playing(async (played) => {
  const key = freshName();
  const [sender, ended, other] = [open(key), open(key), open(key)];
  const first = [ended, other].map((channel) => channel.receive().then(textOf));
  await played.asleep(2);
  sender.sendSync('first');
  await Promise.race(first);
  await played.asleep(3);
  sender.sendSync('first'); // and now it knows that they were many
  await Promise.all(first);
  const controller = new AbortController();
  const aborted = rejection(ended.receive({ signal: controller.signal }));
  await played.asleep(4);
  const received = other.receive({ timeout: 10000 }).then(textOf);
  await played.asleep(5);
  controller.abort();
  t.notEqual(await aborted, 'resolved');
  played.woken = [];
  const started = Date.now();
  sender.sendSync('second');
  t.equal(await received, 'second');
  t.deepEqual(played.woken, [[1, 1], [1, 1]]);
  t.ok(Date.now() - started < 900, 'before anybody looks up');
  for (const channel of [ended, other]) channel.detach();
  sender.destroy();
}));

test('who is woken in vain wakes another one: after a detach, and if its call ends while it looks', { skip }, (t) => playing(async (played) => {
  const clock = require('../lib/runtime/clock');
  const { setImmediate } = clock;
  const endings = {
    'a detach': ({ channel }) => channel.detach(),
    'an end during the look': ({ messages }) => {
      clock.setImmediate = (callback) => {
        clock.setImmediate = setImmediate;
        queueMicrotask(() => messages.return());
        return setImmediate(callback);
      };
      // As if it were due to look: with one processor, or after looks in vain, it is not.
      const { begin } = Spin.prototype;
      Spin.prototype.begin = function (...args) {
        Spin.prototype.begin = begin;
        begin.apply(this, args);
        return true;
      };
    },
  };
  for (const name of Object.keys(endings)) {
    const key = freshName();
    const [sender, channel, other] = [open(key), open(key), open(key)];
    const before = played.sleeps;
    const first = [channel, other].map((one) => one.receive().then(textOf));
    await played.asleep(before + 2);
    sender.sendSync('first');
    await Promise.race(first);
    await played.asleep(before + 3);
    sender.sendSync('first'); // and now it knows that they were many
    await Promise.all(first);
    const messages = channel.messages();
    const ended = messages.next().catch(({ code }) => code);
    await played.asleep(before + 4);
    const received = other.receive({ timeout: 10000 }).then(textOf);
    await played.asleep(before + 5);
    endings[name]({ channel, messages });
    const started = Date.now();
    sender.sendSync('second');
    t.equal(await received, 'second', name);
    t.ok(Date.now() - started < 900, 'before anybody looks up');
    await ended;
    channel.detach();
    other.detach();
    sender.destroy();
  }
  clock.setImmediate = setImmediate;
}));

test('a sender that finds the channel full does not sleep as long as it is being emptied', { skip }, (t) => {
  const { TAIL } = require('../lib/channel/layout');
  const channel = new shm.Channel(freshName(), { slots: 64, size: 16 });
  const consumer = new shm.Channel(channel.key);
  while (channel.trySend('x'));
  const { load } = Atomics;
  const { wait } = waiting;
  let looks = 0;
  let sleeps = 0;
  waiting.wait = (...args) => {
    sleeps++;
    return wait(...args);
  };
  Atomics.load = (words, index) => {
    // As if on another processor, a message for ten looks.
    if (index === TAIL && ++looks % 10 === 0) textOf(consumer.tryReceive());
    return load(words, index);
  };
  try {
    channel.sendSync('y', { timeout: 1000 });
  } finally {
    Atomics.load = load;
    waiting.wait = wait;
  }
  t.equal(sleeps, 0);
  t.ok(looks >= 160, `it was left until 16 slots were free: ${looks} looks`);
  consumer.detach();
  channel.destroy();
  t.end();
});

const isSpun = skip || ((isBun || isDeno || typeof require('os').availableParallelism !== 'function') && 'the runtime cannot tell how many processors there are');

const counted = (processors) => `
  require('os').availableParallelism = () => ${processors};
  const clock = require(${JSON.stringify(require.resolve('../lib/runtime/clock'))});
  const { setImmediate } = clock;
  let turns = 0;
  clock.setImmediate = (callback) => ++turns && setImmediate(callback);
  const channel = new shm.Channel(${JSON.stringify(freshName())}, { size: 8, transient: true });
  channel.receive();
  setTimeout(() => console.log(turns) || process.exit(), 50);`;

test('who waits looks for a moment, if there is a second processor', { skip: isSpun }, async (t) => {
  const [one, two] = await Promise.all([1, 2].map((processors) => runCode(counted(processors))));
  t.equal(one.stdout, '0\n');
  t.ok(Number(two.stdout) > 0, two.stdout);
  t.ok(Number(two.stdout) < 1000, 'and then sleeps');
});

test('a look in vain is followed by waits without one, and one that was interrupted by a pause', { skip }, (t) => {
  const os = require('os');
  const { availableParallelism } = os;
  const file = require.resolve('../lib/structures/spin');
  const clock = require('../lib/runtime/clock');
  const { now } = clock;
  delete require.cache[file];
  os.availableParallelism = () => 2;
  try {
    const { PAUSE_OF_BLOCKING, PAUSE_OF_TURNS, Spin } = require('../lib/structures/spin');
    let time = 0;
    clock.now = () => time;
    const spin = new Spin(PAUSE_OF_TURNS);
    const waits = (count) => Array.from({ length: count }, () => spin.begin(Infinity)).indexOf(true);
    for (const skipped of [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024]) {
      t.equal(waits(2000), skipped);
      spin.end(false);
    }
    t.equal(waits(2000), 1024);
    spin.end(true);
    t.equal(waits(2000), 512, 'one that found something halves that');
    time += 5;
    t.ok(spin.isOver());
    spin.end(true);
    t.equal(waits(2000), -1);
    time += 499;
    t.equal(waits(1), -1);
    time += 2;
    t.equal(waits(1), 0);
    time += 5;
    spin.end(true);
    time += 999;
    t.equal(waits(1), -1, 'and by twice as long a pause when that happens again');
    time += 2;
    t.ok(waits(300) >= 0);

    const ofBlocking = new Spin(PAUSE_OF_BLOCKING);
    for (const [pause, later] of [[15, 14], [30, 24], [60, 56], [15, 16], [15, 0], [30, 0]]) {
      t.ok(ofBlocking.begin(Infinity));
      time += 5;
      ofBlocking.end(true);
      time += pause - 1;
      t.notOk(ofBlocking.begin(Infinity), `a thread that blocks pauses ${pause} ms`);
      time += 1 + later;
    }
  } finally {
    clock.now = now;
    if (availableParallelism === undefined) delete os.availableParallelism;
    else os.availableParallelism = availableParallelism;
    delete require.cache[file];
  }
  t.end();
});

test('an idle loop and a blocked call take no processor time', { skip }, async (t) => {
  const idle = (wait) => `
    const channel = new shm.Channel(${JSON.stringify(freshName())}, { size: 8, transient: true });
    ${wait}`;
  const promises = await runCode(idle(`
    (async () => { for await (const message of channel) message; })();
    setTimeout(() => {
      const before = process.cpuUsage();
      setTimeout(() => console.log(process.cpuUsage(before).user + process.cpuUsage(before).system) || process.exit(), 1000);
    }, 500);`));
  const blocking = await runCode(idle(`
    try { channel.receiveSync({ timeout: 100 }); } catch {}
    const before = process.cpuUsage();
    try { channel.receiveSync({ timeout: 1000 }); } catch {}
    console.log(process.cpuUsage(before).user + process.cpuUsage(before).system);`));
  t.ok(Number(promises.stdout) < 30000, `${promises.stdout.trim()} µs of a second`);
  t.ok(Number(blocking.stdout) < 30000, `${blocking.stdout.trim()} µs of a second`);
});
