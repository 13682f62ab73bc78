'use strict';
// No wakeup is lost, whatever happens between two steps: one process goes to sleep, the other makes what it sleeps for,
// each at every step of the other. Both are copies of the package in this thread, with an owner's number each, and the
// test plays the kernel. With real waits a lost wakeup hardly shows, since all who sleep look up after a moment.

const names = ['load', 'store', 'compareExchange', 'exchange', 'and', 'or'];

/** Called before each access by Atomics. Replaced before the package is loaded. @type {(name: string) => void} */
let step = () => {};
for (const name of names) {
  const original = Atomics[name];
  Atomics[name] = (...args) => {
    step(name);
    return original(...args);
  };
}

const test = require('tape');
const path = require('path');
const { skip } = require('./messages');
const { RING, TAKEN, ringOf } = require('../lib/channel/layout');
const { PIN, rowsOf } = require('../lib/topic/layout');
const { MAY_SLEEP, Takers } = skip ? {} : require('../lib/structures/sleepers');
const { freshName, shm, until } = require('./support');

/** The time of both processes (milliseconds): it goes by while one sleeps. */
let time = 0;

/** The package as another process has it: `{ shm, waiting }`. */
function otherProcess(number) {
  const lib = path.join(__dirname, '..', 'lib') + path.sep;
  const saved = Object.assign({}, require.cache);
  Object.keys(saved).filter((file) => file.startsWith(lib)).forEach((file) => delete require.cache[file]);
  const owners = require('../lib/runtime/owner');
  owners.ownNumber = () => number;
  owners.isAlive = (owner) => owner >= 11 && owner <= 13;
  require('../lib/runtime/clock').now = () => (time += 0.02);
  const copy = { owners, shm: require('../lib'), waiting: require('../lib/wait'), clock: require('../lib/runtime/clock') };
  for (const name of ['Channel', 'Topic', 'LockManager', 'Mutex']) if (!skip) copy[name] = copy.shm[name];
  Object.assign(require.cache, saved);
  return copy;
}

/** The number of a thread that has died. */
const DEAD = 99;

/** What a process throws that falls asleep, as if it did not come back. */
const ASLEEP = new Error('asleep');

/** The word of a channel's only slot. */
const SLOT_WORD = RING + ringOf(1);

const messages = { size: 8, slots: 1 };
const openTopic = ({ Topic }, key) => new Topic(key, { size: 8 });
const openChannel = ({ Channel }, key) => new Channel(key, messages);

/** A message that a dead thread has taken. */
function takenByDead(sleeper, maker, words) {
  sleeper.sendSync('x');
  maker.receiveSync();
  words[SLOT_WORD] = TAKEN | DEAD;
}

/** A message whose sender has failed between its last two steps. */
function halfSent(sleeper, maker) {
  step = (name) => {
    if (name === 'exchange') throw new Error('made to fail');
  };
  try {
    maker.trySend('x');
  } catch (_) {
    step = () => {};
  }
}

const queuedIn = (channel) => JSON.parse(JSON.stringify(channel)).queued;

function letPass(milliseconds) {
  time += milliseconds;
  return 'timed-out';
}

/** Who sleeps for what, and who makes it: `change`, which gives false if it could not. */
const scenes = {
  'a message': { open: openChannel, sleep: (channel) => channel.receiveSync(), change: (channel) => channel.trySend('x') },
  'a free slot, and a message is released': {
    open: openChannel,
    prepare: (sleeper, maker) => {
      sleeper.sendSync('first');
      return maker.receiveSync();
    },
    sleep: (channel) => channel.sendSync('x'),
    change: (channel, message) => message.release(),
  },
  'a free slot, and a message is copied': {
    open: openChannel,
    prepare: (sleeper) => sleeper.sendSync('first'),
    sleep: (channel) => channel.sendSync('x'),
    change: (channel) => channel.tryReceiveInto(Buffer.alloc(8)) !== null,
  },
  'a message that a dead one has taken': {
    open: openChannel,
    prepare: takenByDead,
    sleep: (channel) => channel.receiveSync(),
    change: (channel) => !channel.trySend('y') && queuedIn(channel) === 1,
  },
  'a message that was half sent': {
    open: ({ Channel }, key) => new Channel(key, { size: 8, slots: 2 }),
    prepare: halfSent,
    sleep: (channel) => channel.receiveSync(),
    change: (channel) => channel.trySend('y') || queuedIn(channel) > 0,
  },
  'a message, and the channel is closed': { open: openChannel, sleep: (channel) => channel.receiveSync(), change: (channel) => channel.close() },
  'a free slot, and the channel is closed': {
    open: openChannel,
    prepare: (sleeper) => sleeper.sendSync('first'),
    sleep: (channel) => channel.sendSync('x'),
    change: (channel) => channel.close(),
  },
  'a frame': { open: openTopic, sleep: (topic) => topic.receiveSync(), change: (topic) => topic.publishSync('x') },
  'a frame, and the topic is closed': { open: openTopic, sleep: (topic) => topic.receiveSync(), change: (topic) => topic.close() },
};

const [one, other, third] = skip ? [] : [11, 12, 13].map(otherProcess);

/**
 * Plays a scene. `interrupted` makes its call, and before its N-th step the other one makes its own, once. What went
 * wrong; undefined if nothing did, and null if the call has fewer steps.
 */
function play({ open, prepare, sleep, change }, isSleeperInterrupted, at) {
  const key = freshName();
  const [sleeper, maker] = [open(one, key), open(other, key)];
  const given = prepare && prepare(sleeper, maker, shm.get(key, 'Int32Array'));
  /** The word that is slept on, and for which value. */
  let asleep = null;
  let isMade = false;
  let fault;
  const make = () => {
    isMade = change(maker, given) !== false; // else the sleeper was in the middle, with a lock
  };
  const fallAsleep = (words, index, value, milliseconds) => {
    step('wait'); // the kernel compares after that
    if (words[index] !== value) return 'not-equal';
    // The short sleeps of who waits for another thread's lock, on a word that is never notified.
    if (milliseconds < 1) return letPass(milliseconds);
    if (isMade && isSleeperInterrupted) fault = 'it sleeps though it was made';
    asleep = { index, value };
    throw ASLEEP;
  };
  const wake = (words, index, count) => {
    if (asleep === null || asleep.index !== index || count === 0) return 0;
    if (count !== undefined) fault = `only ${count} of those that sleep is woken`;
    asleep = null;
    return 1;
  };
  one.waiting.wait = fallAsleep;
  one.waiting.notify = other.waiting.notify = wake;
  other.waiting.wait = (words, index, value, milliseconds) => letPass(milliseconds);
  const sleepOnce = () => {
    try {
      sleep(sleeper);
    } catch (error) {
      if (error !== ASLEEP && error.code !== 'ERR_SHM_CLOSED') throw error;
    }
  };
  const [outer, inner] = isSleeperInterrupted ? [sleepOnce, make] : [make, sleepOnce];
  let left = at;
  step = () => {
    if (--left !== 0) return;
    step = () => {};
    inner();
  };
  outer();
  step = () => {};
  if (left > 0) fault = null;
  else if (fault === undefined && isMade && asleep !== null) fault = 'nobody has woken it';
  shm.destroy(key);
  return fault;
}

for (const name of Object.keys(scenes)) {
  for (const isSleeperInterrupted of [true, false]) {
    test(`who sleeps for ${name}: ${isSleeperInterrupted ? 'it is made while one falls asleep' : 'one falls asleep while it is made'}`, { skip }, (t) => {
      const faults = [];
      let at = 1;
      for (let fault; fault !== null && at < 500; at++) {
        fault = play(scenes[name], isSleeperInterrupted, at);
        if (fault) faults.push([at, fault]);
      }
      t.deepEqual(faults, []);
      t.ok(at > 3 && at < 500, `${at} steps`);
      t.end();
    });
  }
}

test('a recovery that ends at any step loses no message', { skip }, (t) => {
  const lost = [];
  let at = 1;
  for (let hasFailed = true; hasFailed && at < 200; at++) {
    const key = freshName();
    const [sleeper, maker] = [openChannel(one, key), openChannel(other, key)];
    takenByDead(sleeper, maker, shm.get(key, 'Int32Array'));
    let left = at;
    step = () => {
      if (--left === 0) throw new Error('made to fail');
    };
    hasFailed = false;
    try {
      maker.trySend('y');
    } catch (_) {
      hasFailed = true;
    }
    step = () => {};
    maker.detach();
    const message = sleeper.tryReceive();
    if (message === null || message.text() !== 'x') lost.push(at);
    shm.destroy(key);
  }
  t.deepEqual(lost, []);
  t.ok(at > 5 && at < 200, `${at} steps`);
  t.end();
});

test('a timer that looks for the dead, and fails at any step, leaves nothing taken', { skip }, (t) => {
  const looking = otherProcess(11);
  let look;
  looking.clock.setInterval = (action) => {
    look = action;
    return { ref() {}, unref() {} };
  };
  const lost = [];
  let at = 1;
  for (let hasFailed = true; hasFailed && at < 200; at++) {
    const key = freshName();
    const [sleeper, maker] = [openChannel(looking, key), openChannel(other, key)];
    sleeper.receive().catch(() => {});
    takenByDead(maker, maker, shm.get(key, 'Int32Array'));
    let left = at;
    hasFailed = false;
    step = () => {
      if (--left !== 0) return;
      hasFailed = true;
      throw new Error('made to fail');
    };
    look();
    step = () => {};
    const message = maker.tryReceive();
    if (message === null || message.text() !== 'x') lost.push(at);
    sleeper.detach();
    shm.destroy(key);
  }
  t.deepEqual(lost, []);
  t.ok(at > 5 && at < 200, `${at} steps`);
  t.end();
});

test('a thief that dies at any step leaves it to the next one that the holder has died', { skip }, (t) => {
  const key = freshName();
  const living = new Set([11, 12, 13]);
  const open = (number) => {
    const copy = otherProcess(number);
    copy.owners.isAlive = (owner) => living.has(owner);
    return new copy.LockManager(key);
  };
  const [holder, next] = [open(13), open(12)];
  const words = shm.get(key, 'Int32Array');
  let held;
  holder.requestSync('a', () => (held = Int32Array.from(words)));
  const untold = [];
  let at = 1;
  for (let hasDied = true; hasDied && at < 200; at++) {
    words.set(held);
    [11, 12].forEach((number) => living.add(number));
    living.delete(13);
    const thief = open(11);
    let left = at;
    let atDeath = null;
    let isThiefTold = false;
    step = () => {
      if (--left !== 0) return;
      atDeath = Int32Array.from(words);
      throw new Error('killed');
    };
    try {
      thief.requestSync('a', { steal: true }, (lock) => (isThiefTold = lock.ownerDied));
    } catch (_) {
      // It does nothing any more.
    }
    step = () => {};
    hasDied = atDeath !== null;
    if (!hasDied) continue;
    words.set(atDeath);
    living.delete(11);
    const isTold = next.requestSync('a', (lock) => lock.ownerDied);
    if (!isTold && !isThiefTold) untold.push(at);
  }
  t.deepEqual(untold, []);
  t.ok(at > 5 && at < 200, `${at} steps`);
  shm.destroy(key);
  t.end();
});

test('what was half sent comes before what is sent next', { skip }, (t) => {
  const key = freshName();
  const [sleeper, maker] = [one, other].map(({ Channel }) => new Channel(key, { size: 8, slots: 2 }));
  halfSent(sleeper, maker);
  t.ok(maker.trySend('y'));
  t.deepEqual([sleeper.receiveSync().text(), sleeper.receiveSync().text()], ['x', 'y']);
  shm.destroy(key);
  t.end();
});

test('a thread that receives looks for the dead, busy or not', { skip }, (t) => {
  for (const isBusy of [false, true]) {
    const key = freshName();
    const [receiver, sender] = [one, other].map(({ Channel }) => new Channel(key, { size: 8, slots: 4 }));
    sender.sendSync('x');
    sender.receiveSync();
    shm.get(key, 'Int32Array')[RING + ringOf(4)] = TAKEN | DEAD;
    const found = [];
    for (let n = 0; n < (isBusy ? 32 : 1); n++) {
      if (isBusy) sender.sendSync('y');
      const message = receiver.tryReceive();
      found.push(message && message.text());
      if (message) message.release();
    }
    t.ok(found.includes('x'), isBusy ? 'within 32 messages' : 'at once');
    shm.destroy(key);
  }
  t.end();
});

test('at every step of a publish the newest frame is the old one or the new one', { skip }, (t) => {
  const wrong = [];
  let at = 1;
  for (let isOver = false; !isOver && at < 200; at++) {
    const key = freshName();
    const [writer, reader] = [openTopic(one, key), openTopic(other, key)];
    for (const text of ['older', 'old']) writer.publishSync(text);
    let left = at;
    step = () => {
      if (--left !== 0) return;
      step = () => {};
      const frame = reader.latest();
      if (!['old', 'new'].includes(frame.text())) wrong.push([at, frame.text()]);
    };
    writer.publishSync('new');
    step = () => {};
    isOver = left > 0;
    if (reader.latest().text() !== 'new') wrong.push([at, 'afterwards']);
    shm.destroy(key);
  }
  t.deepEqual(wrong, []);
  t.ok(at > 5 && at < 200, `${at} steps`);
  t.end();
});

test('what a reader has stays as it is, whichever of two writers publishes', { skip }, (t) => {
  const key = freshName();
  // No frame more than is needed: one that is the newest, one that is pinned, one to write to.
  const [first, second, reader] = [one, other, third].map(({ Topic }) => new Topic(key, { size: 8, readers: 1 }));
  const changed = [];
  first.publishSync('0');
  let frame = reader.latest();
  let before = frame.text();
  let state = 1;
  for (let n = 1; n < 300; n++) {
    state = Math.imul(state, 1103515245) + 12345;
    const choice = (state >>> 16) % 5;
    if (choice === 0) before = (frame = reader.latest()).text();
    else (choice < 3 ? first : second).publishSync(`${n}`);
    if (frame.text() !== before) changed.push([n, before, frame.text()]);
  }
  t.deepEqual(changed, []);
  shm.destroy(key);
  t.end();
});

for (const [name, open] of [['channel', openChannel], ['topic', openTopic]]) test(`of two that fall asleep while a ${name} is closed, the first to notice wakes the other`, { skip }, (t) => {
  const faults = [];
  let [at, inner, isOver] = [1, 1, false];
  const close = () => {
    const key = freshName();
    const [first, second, closer] = [one, other, third].map((process) => open(process, key));
    let isClosed = false;
    const sleepUnless = (words, index, value, milliseconds) => {
      step('wait');
      if (words[index] !== value) return 'not-equal';
      if (milliseconds < 1) return letPass(milliseconds);
      if (isClosed) faults.push([at, inner]);
      throw ASLEEP;
    };
    one.waiting.wait = other.waiting.wait = sleepUnless;
    one.waiting.notify = other.waiting.notify = third.waiting.notify = () => 1;
    const receive = (channel) => {
      try {
        channel.receiveSync();
      } catch (error) {
        if (error !== ASLEEP) throw error;
      }
    };
    const before = (n, act) => () => {
      if (--n !== 0) return;
      step = () => {};
      act();
    };
    let hasBegun = false;
    step = before(at, () => {
      hasBegun = true;
      step = before(inner, () => {
        isClosed = true;
        closer.close();
      });
      receive(second);
      step = () => {};
    });
    receive(first);
    step = () => {};
    shm.destroy(key);
    return { hasBegun, isClosed };
  };
  for (; !isOver && at < 200; at++) {
    for (inner = 1; inner < 200; inner++) {
      const { hasBegun, isClosed } = close();
      isOver = !hasBegun;
      if (!isClosed) break;
    }
  }
  t.deepEqual(faults, []);
  t.ok(at > 5 && at < 200, `${at} steps`);
  t.end();
});

function isShown(frame) {
  try {
    return frame.data.length > 0;
  } catch (_) {
    return false; // it has ended
  }
}

test('a read that fails at any step takes no pin from a frame that is still shown', { skip }, (t) => {
  const key = freshName();
  const topic = new shm.Topic(key, { size: 8 });
  const pin = rowsOf(1) + PIN;
  const words = shm.get(key, 'Int32Array');
  for (let at = 1, hasFailed = true; hasFailed; at++) {
    topic.tryPublish('a');
    const frame = topic.tryReceive();
    topic.tryPublish('b');
    hasFailed = false;
    let steps = 0;
    step = () => {
      hasFailed = ++steps === at;
      if (hasFailed) throw new Error('made to fail');
    };
    try {
      topic.tryReceive();
    } catch (error) {
      hasFailed = error.message === 'made to fail';
    }
    step = () => {};
    t.ok(words[pin] !== 0 || !isShown(frame), `before step ${at}`);
    topic.leave();
  }
  topic.destroy();
  t.end();
});

test('the timers that look after calls end when there are none any more', { skip }, async (t) => {
  const alive = setInterval(() => {}, 1000); // the timers here keep nothing alive
  const { Channel, LockManager, Mutex, clock, shm: own } = otherProcess(11);
  const timers = [];
  clock.setInterval = (look) => {
    const timer = { look, isCleared: false, ref() {}, unref() {} };
    timers.push(timer);
    return timer;
  };
  clock.clearInterval = (timer) => (timer.isCleared = true);
  const calls = {
    'a channel': (key) => {
      const channel = openChannel({ Channel }, key);
      const received = channel.receive();
      channel.sendSync('x');
      return received;
    },
    'a lock': (key) => {
      const words = own.create(1, 'Int32Array', key);
      words[0] = 12;
      const locked = new Mutex(words, 0).lock();
      words[0] = 0;
      own.notify(words, 0);
      return locked;
    },
    'a lock manager': (key) => new LockManager(key).request('a', () => {}),
  };
  for (const name of Object.keys(calls)) {
    const key = freshName();
    await calls[name](key);
    await new Promise(setImmediate);
    const [timer] = timers.splice(0);
    timer.look();
    t.ok(timer.isCleared, name);
    shm.destroy(key);
  }
  clearInterval(alive);
});

test('one is woken where many sleep, and all when it comes out that none does', { skip }, (t) => {
  const waiting = require('../lib/wait');
  const { notify } = waiting;
  const woken = [];
  let sleeping = 0;
  waiting.notify = (words, index, count = Infinity) => {
    woken.push(count);
    return Math.min(count, sleeping);
  };
  const words = new Int32Array([MAY_SLEEP]);
  const takers = new Takers(words, 0);
  const change = (number, asleep) => {
    sleeping = asleep;
    if (takers.count(number)) takers.wake();
    return [words[0], woken.splice(0)];
  };
  t.deepEqual(change(1, 3), [2, [Infinity]], 'all are woken, and it is noted that they are many');
  words[0] |= MAY_SLEEP;
  t.deepEqual(change(2, 3), [4 + MAY_SLEEP, [1]], 'one; the mark of the others stays');
  t.deepEqual(change(3, 0), [6, [1, Infinity]], 'none sleeps: the mark goes, and who went to sleep meanwhile is woken');
  t.deepEqual(change(4, 0), [8, []], 'nobody is asked for where there is no mark');
  words[0] |= MAY_SLEEP;
  t.deepEqual(change(5, 1), [10, [Infinity]], 'one that sleeps is not many');
  words[0] |= MAY_SLEEP;
  t.deepEqual(change(6, 0), [12, [Infinity]]);
  waiting.notify = notify;
  t.end();
});

test('a wakeup that comes for calls that are over is passed on', { skip }, async (t) => {
  const { Channel, waiting } = otherProcess(11);
  const woken = [];
  let wake;
  waiting.waitAsync = () => new Promise((resolve) => (wake = resolve));
  waiting.notify = (words, index, count) => woken.push(count);
  const key = freshName();
  const channel = openChannel({ Channel }, key);
  const controller = new AbortController();
  const received = channel.receive({ signal: controller.signal }).catch((error) => error.name);
  await until(() => wake !== undefined);
  controller.abort();
  t.equal(await received, 'AbortError');
  woken.splice(0); // what the constructor has asked
  wake('ok');
  await until(() => woken.length > 0);
  t.deepEqual(woken, [1]);
  shm.destroy(key);
});
