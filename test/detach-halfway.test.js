'use strict';
// A detach or destroy that fails at any of its steps, by an exception or because its script is terminated, can be
// repeated: then nothing stays taken, and nothing attached.

const { addSteps, disarm, failAt, hurry, isMissing, ways } = require('./failing-steps');
const test = require('tape');
const { rejection, skip } = require('./messages');
const { freshName, isBun, isDeno, runCode, shm, thrownBy } = require('./support');

hurry();

/** Waits until a promise gives true. */
async function until(condition, what) {
  for (const deadline = Date.now() + 10000; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const forever = () => new Promise(() => {});

/** For each structure: options, how an object takes what there is, and whether another one can have all of it. */
const kinds = {
  Channel: {
    options: { slots: 3, size: 16 },
    take(channel) {
      channel.trySend('a');
      return [channel.tryReceive(), channel.tryLoan(), channel.tryLoan()];
    },
    has(channel, found) {
      const message = channel.tryReceive();
      if (message !== null) {
        found.text = message.text();
        message.release();
      }
      for (let loan = channel.tryLoan(); loan !== null; loan = channel.tryLoan()) found.loans = (found.loans || []).concat(loan);
      return found.text === 'a' && found.loans.length === 3;
    },
  },
  Topic: {
    options: { size: 16, readers: 1 },
    take(topic) {
      topic.publishSync('a');
      return [topic.tryReceive(), topic.tryLoan()];
    },
    has: (topic) => topic.tryReceive() !== null && topic.tryLoan() !== null,
  },
  SharedMap: {
    options: { entries: 4 },
    async take(map) {
      map.compute('a', forever);
      await until(() => claimed(map), 'its claim');
    },
    has: async (map) => (await map.compute('a', () => 'mine', { timeout: 50 })) === 'mine',
  },
  LockManager: {
    options: { requests: 8 },
    async take(manager) {
      rejection(manager.request('a', forever));
      rejection(manager.request('a', forever));
      rejection(manager.request('b', forever));
      await until(async () => (await manager.query()).pending.length === 1, 'its requests');
    },
    has: async (manager) => (await manager.request('a', { timeout: 50 }, () => manager.request('b', { timeout: 50 }, () => 'both'))) === 'both',
  },
};

/** Whether the computation has begun: another one waits. */
const claimed = async (map) => (await rejection(map.compute('a', () => 'mine', { timeout: 1 }))) === 'ERR_SHM_TIMED_OUT';

/** What is called, and whether objects of this thread are over then, too. */
const acts = {
  detach: { act: (object) => object.detach() },
  destroy: { act: (object) => object.destroy(), isGone: true },
  'shm.detach': { act: (_object, key) => shm.detach(key), isForAll: true },
};

/** What has been taken, which must not be collected. */
const kept = [];

/** Plays a detach that fails at a step, and is repeated; whether it failed. */
async function play(t, kind, name, step, { fail, run }) {
  const { options, take, has } = kinds[kind];
  const { act, isGone, isForAll } = acts[name];
  const key = freshName();
  const object = new shm[kind](key, options);
  const second = new shm[kind](key);
  kept.push(await take(object));
  failAt(step, fail);
  const hasRun = run(() => void act(object, key));
  const hasFailed = disarm();
  act(object, key);
  if (!isGone) {
    const other = isForAll ? new shm[kind](key) : second;
    const found = {};
    const hasAll = async () => {
      try {
        return await has(other, found);
      } catch (_) {
        return false;
      }
    };
    await until(hasAll, `all of a ${kind} after ${name} that failed at step ${step}`);
    other.detach();
  }
  if (shm.getTotalSize() !== 0) t.fail(`${kind}, ${name} that failed at step ${step}: it is still attached`);
  if (shm.destroy(key) === Boolean(isGone)) t.fail(`${kind}, ${name} that failed at step ${step}: its name`);
  return hasFailed || hasRun ? hasFailed : play(t, kind, name, step, { fail, run });
}

/** The classes whose calls are steps. */
function classes() {
  const rooms = ['structures/user', 'structures/structure', 'channel/holdings', 'topic/row', 'topic/writer-lock', 'topic/reader', 'map/store', 'locks/guard', 'locks/desk', 'locks/table', 'locks/requests', 'mutex/lock'];
  return [].concat(...rooms.map((room) => Object.values(require(`../lib/${room}`)))).filter((value) => typeof value === 'function' && value.prototype !== undefined);
}

let hasSteps = false;

for (const [way, how] of Object.entries(ways)) {
  test(`a detach that ends half-way, by ${way}, can be repeated`, { skip: skip || isMissing(way) }, async (t) => {
    if (!hasSteps) addSteps(classes());
    hasSteps = true;
    // To end a script by force takes longer.
    for (const name of way === 'an exception' ? Object.keys(acts) : ['detach']) {
      for (const kind of Object.keys(kinds)) {
        let step = 1;
        while (await play(t, kind, name, step, how)) step++;
        t.ok(step > 2, `${kind}, ${name}: ${step - 1} steps`);
      }
    }
  });
}

test('a structure whose detach was ended half-way gives back what it holds when it is collected', { skip: skip || isBun || isDeno }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 2, size: 16 });
  const { stdout } = await runCode(`
    const vm = require('vm');
    const owners = require('${require.resolve('../lib/runtime/owner')}');
    require('v8').setFlagsFromString('--expose-gc');
    const gc = vm.runInNewContext('gc');
    const other = new shm.Channel('${key}');
    let channel = new shm.Channel('${key}');
    let loans = [channel.tryLoan(), channel.tryLoan()];
    const { compareExchange } = Atomics;
    Atomics.compareExchange = () => { for (;;); };
    global.act = () => channel.detach();
    try {
      vm.runInThisContext('act()', { timeout: 20 });
    } catch (error) {
      console.log(error.code);
    }
    Atomics.compareExchange = compareExchange;
    global.act = channel = loans = null;
    const look = (left) => {
      gc();
      const loan = [other.tryLoan(), other.tryLoan()].filter((one) => one !== null);
      loan.forEach((one) => one.release());
      if (loan.length === 2 || left === 0) console.log(loan.length);
      else setTimeout(look, 10, left - 1);
    };
    look(1000);`);
  t.equal(stdout, 'ERR_SCRIPT_EXECUTION_TIMEOUT\n2\n');
  channel.destroy();
});

test('a loan whose release was ended half-way has no lock to give back later', { skip: skip || isMissing('a terminated script') }, (t) => {
  const { WriterLock } = require('../lib/topic/writer-lock');
  const { takeBack } = WriterLock.prototype;
  const way = ways['a terminated script'];
  const key = freshName();
  const [first, second, third] = [new shm.Topic(key, { size: 8 }), new shm.Topic(key), new shm.Topic(key)];
  for (const again of [(loan) => loan.release(), (loan) => thrownBy(() => loan.publish()), () => first.detach()]) {
    const loan = first.tryLoan();
    WriterLock.prototype.takeBack = function () {
      takeBack.call(this);
      way.fail();
    };
    t.equal(way.run(() => loan.release()), false, 'it was ended');
    WriterLock.prototype.takeBack = takeBack;
    const other = second.tryLoan();
    t.notEqual(other, null, 'its lock is given back');
    again(loan);
    t.equal(loan.length, 0);
    t.equal(third.tryLoan(), null, 'the other one has it');
    other.publish();
  }
  t.equal(shm.destroy(key), true);
  t.end();
});

/** A signal whose listeners cannot be removed without a detach. */
function signalThat(onRemove) {
  return { aborted: false, reason: undefined, addEventListener() {}, removeEventListener: onRemove };
}

test('a detach within a detach comes to an end', { skip }, async (t) => {
  const key = freshName();
  const holder = new shm.LockManager(key, { requests: 16 });
  let release;
  await new Promise((resolve) => rejection(holder.request('a', () => new Promise((done) => resolve((release = done))))));
  for (const keeper of [new shm.LockManager(key), null]) {
    const manager = new shm.LockManager(key);
    if (keeper === null) {
      release();
      holder.detach();
    }
    let removed = 0;
    const removing = () => signalThat(() => {
      removed++;
      manager.detach();
    });
    const asked = [];
    rejection(manager.request('b', forever));
    await until(async () => (await manager.query()).held.some(({ name }) => name === 'b'), 'the lock');
    for (let i = 0; i < 4; i++) asked.push(rejection(manager.request('b', { signal: removing() }, () => 'had')));
    await until(async () => (await manager.query()).pending.length === 4, 'requests that wait');
    manager.detach();
    t.deepEqual(await Promise.all(asked), Array(4).fill('ERR_SHM_DETACHED'));
    t.equal(removed, 4);
    const other = keeper || new shm.LockManager(key);
    t.equal(await other.request('b', { timeout: 5000 }, () => 'had'), 'had');
    t.deepEqual((await other.query()).pending, []);
    other.detach();
  }
  t.equal(shm.getTotalSize(), 0);
  t.equal(shm.destroy(key), true);
});
