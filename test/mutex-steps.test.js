'use strict';
// Mutex step by step: what it does to the word, and when it sleeps and wakes, with the other side played
// by the test. (Should a wakeup be forgotten, everybody looks up after a moment: with real waits that hardly shows.)

/** Called before each `compareExchange`. Replaced before the package is loaded. */
let beforeExchange = () => {};
const { compareExchange } = Atomics;
Atomics.compareExchange = (...args) => {
  beforeExchange();
  return compareExchange(...args);
};

const test = require('tape');
const { Mutex } = require('../lib/mutex');
const clock = require('../lib/runtime/clock');
const owners = require('../lib/runtime/owner');
const waiting = require('../lib/wait');
const { nodeMajor, thrownBy } = require('./support');

// The words here are in ordinary memory.
const skip = nodeMajor < 16 && 'Atomics refuse such arrays before Node 16';

const [SELF, OTHER] = [7, 8];
const HANDED_ON = 0x40000000;
const CONTENDED = -0x80000000;
const BOTH = HANDED_ON | CONTENDED;

/** A mutex whose word is `word`. Each sleep is one of `sleeps`: `[result, what the word is then]`. */
function scene({ word, sleeps = [], alive = true, woken = [] }) {
  const array = new Int32Array([word]);
  const log = [];
  const sleep = (_array, _index, value, timeout) => {
    if (sleeps.length === 0) throw new Error(`sleeps once more, on ${value}`);
    log.push(['sleep', value, timeout]);
    const [result, then] = sleeps.shift();
    if (then !== undefined) array[0] = then;
    return result;
  };
  owners.ownNumber = () => SELF;
  owners.isAlive = () => alive;
  waiting.wait = sleep;
  waiting.begin = (_array, index, value, { timeout }) => ({ ended: Promise.resolve(sleep(array, index, value, timeout)), expire() {} });
  waiting.notify = (_array, _index, count) => {
    if (count === 0) return 0; // the constructor asks whether it may
    log.push(['wake', array[0]]);
    return woken.length > 0 ? woken.shift() : 0;
  };
  return { array, log, mutex: new Mutex(array, 0) };
}

const ways = { lockSync: (mutex, timeout) => mutex.lockSync({ timeout }), lock: (mutex, timeout) => mutex.lock({ timeout }) };

for (const way of Object.keys(ways)) {
  test(`${way}: what is left in the word, and how long to sleep on it`, { skip }, async (t) => {
    const lock = async (options, timeout) => {
      const { array, log, mutex } = scene(options);
      const result = await Promise.resolve().then(() => ways[way](mutex, timeout)).catch((error) => error.code);
      return [result, array[0], log];
    };
    // Who blocks looks whether the owner lives by itself; one timer does for all who do not.
    const slice = way === 'lock' ? Infinity : 50;
    const first = ['sleep', OTHER | CONTENDED, slice];
    t.deepEqual(await lock({ word: 0 }), ['ok', SELF, []], 'free');
    t.deepEqual(await lock({ word: OTHER, sleeps: [['ok', 0]] }), ['ok', SELF | CONTENDED, [first]], 'others may sleep besides');
    t.deepEqual(
      await lock({ word: OTHER, sleeps: [['ok', OTHER], ['ok', BOTH]] }),
      ['ok', SELF | CONTENDED, [first, ['sleep', OTHER | BOTH, slice]]],
      'woken in vain, it asks to be handed the lock',
    );
    t.deepEqual(await lock({ word: BOTH, sleeps: [['timed-out']] }), ['ok', SELF | CONTENDED, [['sleep', BOTH, 5]]], 'handed on to nobody');
    t.deepEqual(
      await lock({ word: OTHER, sleeps: [['not-equal', BOTH], ['ok']] }),
      ['ok', SELF | CONTENDED, [first, ['sleep', BOTH, 5]]],
      'who has not slept leaves it to who has',
    );
    t.deepEqual(await lock({ word: OTHER, alive: false, sleeps: [['timed-out']] }), ['owner-died', SELF | CONTENDED, [first]], 'a dead owner');
    t.deepEqual(
      await lock({ word: OTHER, alive: false, sleeps: [['timed-out', OTHER + 1], ['ok', 0]] }),
      ['ok', SELF | CONTENDED, [first, ['sleep', (OTHER + 1) | BOTH, slice]]],
      'not asked of an owner that is new',
    );
    const look = ['sleep', OTHER | CONTENDED, 0];
    t.deepEqual(await lock({ word: OTHER, sleeps: [['timed-out']] }, 0), ['ERR_SHM_TIMED_OUT', OTHER | BOTH, [look]], 'no time');
    t.deepEqual(await lock({ word: OTHER, alive: false, sleeps: [['timed-out']] }, 0), ['owner-died', SELF | CONTENDED, [look]], 'no time, a dead owner');
    t.deepEqual(await lock({ word: BOTH, sleeps: [['timed-out']] }, 0), ['ok', SELF | CONTENDED, [['sleep', BOTH, 0]]], 'no time, no owner');
  });
}

test('tryLock: what is left in the word', { skip }, (t) => {
  const tryLock = (options) => {
    const { array, log, mutex } = scene(options);
    return [mutex.tryLock(), array[0], log];
  };
  t.deepEqual(tryLock({ word: 0 }), ['ok', SELF, []], 'free');
  t.deepEqual(tryLock({ word: OTHER | CONTENDED }), [null, OTHER | CONTENDED, []], 'of one that lives');
  t.deepEqual(tryLock({ word: OTHER, alive: false }), ['owner-died', SELF | CONTENDED, []], 'of a dead one: others may sleep');
  t.deepEqual(tryLock({ word: BOTH }), ['ok', SELF | CONTENDED, []], 'handed on: so may the one that it was handed to');
  t.end();
});

test('unlock: who is woken, and what they find', { skip }, (t) => {
  const unlock = (word, woken) => {
    const { array, log, mutex } = scene({ word, woken });
    mutex.unlock();
    return [array[0], log];
  };
  t.deepEqual(unlock(SELF), [0, []], 'nobody sleeps');
  t.deepEqual(unlock(SELF | CONTENDED, [1]), [0, [['wake', 0]]], 'one is woken, whoever comes first has it');
  t.deepEqual(unlock(SELF | BOTH, [1]), [BOTH, [['wake', BOTH]]], 'it is handed on');
  t.deepEqual(unlock(SELF | BOTH, [0]), [0, [['wake', BOTH], ['wake', 0]]], 'to nobody: it is free, and who came meanwhile is told');
  t.equal(thrownBy(() => scene({ word: OTHER }).mutex.unlock()).code, 'ERR_SHM_NOT_OWNER');
  t.end();
});

const MAX_TURNS = 128;

/** Locks and unlocks so many times, until the word is not free afterwards; how often it was. */
function turns(mutex, array, most) {
  for (let turn = 0; turn < most; turn++) {
    mutex.lockSync();
    mutex.unlock();
    if (array[0] !== 0) return turn;
  }
  return most;
}

test('a thread that was woken gets the lock after so many turns of others, if it does not come by itself', { skip }, (t) => {
  const { now } = clock;
  let time = 0;
  clock.now = () => time;
  // After an unlock of `word`, at which so many were woken; at which turn the lock is handed on.
  const unlocked = (word, woken, prepare = () => {}) => {
    const { array, log, mutex } = scene({ word: 0, woken });
    prepare(mutex, array);
    array[0] = word;
    mutex.unlock();
    const wakes = log.length;
    array[0] = 0;
    return { array, log, mutex, handedOn: () => [turns(mutex, array, 2 * MAX_TURNS), array[0], log.length - wakes] };
  };
  const never = [2 * MAX_TURNS, 0, 0];
  const counted = [MAX_TURNS - 1, BOTH, 0];
  t.deepEqual(unlocked(SELF | CONTENDED, [1]).handedOn(), counted, 'one was woken: it is on its way, so nobody is woken again');
  t.deepEqual(unlocked(SELF | CONTENDED, [0]).handedOn(), counted, 'none slept, though the word was marked: it may be on its way');
  t.deepEqual(unlocked(SELF | BOTH, [1]).handedOn(), never, 'it was handed on');
  const late = unlocked(SELF | CONTENDED, [1]);
  time += 5;
  t.deepEqual(late.handedOn(), never, 'who was woken has had 5 ms to come by itself');

  // The lock was handed on, and nobody took it for a whole slice: this thread is alone.
  const inVain = (mutex, array) => {
    array[0] = BOTH;
    waiting.wait = () => 'timed-out';
    mutex.lockSync();
  };
  t.deepEqual(unlocked(SELF | CONTENDED, [0], inVain).handedOn(), never, 'nobody came for it before, so nobody is on its way');
  const again = unlocked(SELF | CONTENDED, [0, 0], inVain);
  again.array[0] = SELF | CONTENDED;
  again.mutex.unlock();
  t.deepEqual(again.handedOn().slice(0, 2), counted.slice(0, 2), 'that is so for one unlock only');
  const seized = (mutex, array) => {
    array[0] = OTHER;
    owners.isAlive = () => false;
    waiting.wait = () => 'timed-out';
    mutex.lockSync();
  };
  t.deepEqual(unlocked(SELF | CONTENDED, [0], seized).handedOn(), counted, 'taken from a dead owner, others may be on their way');
  clock.now = now;
  t.end();
});

test('who waits without blocking is told at the very moment that it has the lock', { skip }, async (t) => {
  const { Lock } = require('../lib/mutex/lock');
  for (const [word, sleeps, told] of [[0, [], 1], [OTHER, [['ok', 0]], 1], [OTHER, [['timed-out']], 0]]) {
    const { array } = scene({ word, sleeps });
    const found = [];
    const result = await new Lock(array, 0).lockAsync({ timeout: told === 1 ? Infinity : 0, signal: undefined, ref: true }, () => found.push(array[0] & ~BOTH));
    t.deepEqual([found, result], told === 1 ? [[SELF], 'ok'] : [[], null]);
  }
});

test('who takes what it has left behind itself wakes those who sleep for that', { skip }, (t) => {
  const { Lock } = require('../lib/mutex/lock');
  const { array, log } = scene({ word: SELF | CONTENDED, woken: [1] });
  const lock = new Lock(array, 0);
  t.equal(lock.lock(0), 'owner-died');
  lock.unlock();
  t.deepEqual([array[0], log], [0, [['wake', 0]]]);
  t.end();
});

test('what others change between two steps is seen', { skip }, (t) => {
  const race = (options, at, word, call) => {
    const { array, log, mutex } = scene(options);
    let exchanges = 0;
    beforeExchange = () => {
      if (++exchanges === at) array[0] = word;
    };
    const result = call(mutex);
    beforeExchange = () => {};
    return [result, array[0], log];
  };
  const lock = (mutex) => mutex.lockSync();
  const first = ['sleep', OTHER | CONTENDED, 50];
  t.deepEqual(race({ word: OTHER }, 3, 0, lock), ['ok', SELF, []], 'it becomes free before it is marked');
  t.deepEqual(
    race({ word: OTHER, alive: false, sleeps: [['timed-out'], ['ok', 0]] }, 5, OTHER + 1, lock),
    ['ok', SELF | CONTENDED, [first, ['sleep', (OTHER + 1) | BOTH, 50]]],
    'another one is faster to take it from a dead owner',
  );
  t.deepEqual(race({ word: OTHER, alive: false }, 2, OTHER + 1, (mutex) => mutex.tryLock()), [null, OTHER + 1, []], 'also by tryLock');
  const unlock = (mutex) => mutex.unlock();
  t.deepEqual(race({ word: SELF, woken: [1] }, 1, SELF | CONTENDED, unlock), [undefined, 0, [['wake', 0]]], 'it is marked before it is unlocked');
  t.deepEqual(race({ word: SELF | CONTENDED, woken: [1] }, 2, SELF | BOTH, unlock), [undefined, BOTH, [['wake', BOTH]]], 'one asks to be handed it');

  const { array, log, mutex } = scene({ word: OTHER, sleeps: [['not-equal']] });
  const { now } = clock;
  let looks = 0;
  clock.now = () => {
    if (++looks === 2) array[0] = 0;
    return now();
  };
  t.equal(mutex.lockSync(), 'ok');
  clock.now = now;
  t.deepEqual(log, [['sleep', OTHER | CONTENDED, 50]], 'the kernel is told of the word as it was when it was marked');
  t.end();
});

test('what waits without blocking is looked after: when a wait is ended so that it looks again', { skip }, async (t) => {
  const isEnded = async (word, alive) => {
    const { array, mutex } = scene({ word: OTHER, alive: true });
    let expire;
    const ended = new Promise((resolve) => (expire = resolve));
    const expired = new Promise((resolve) => setTimeout(resolve, 120, false));
    let sleeps = 0;
    waiting.begin = () => {
      if (sleeps++ > 0) throw new Error('over'); // the test has seen enough
      return { ended, expire: () => expire('timed-out') };
    };
    const locked = mutex.lock().catch(() => {});
    array[0] = word;
    owners.isAlive = () => alive;
    const result = await Promise.race([ended.then(() => true), expired]);
    expire('timed-out');
    await locked;
    return result;
  };
  t.notOk(await isEnded(OTHER | CONTENDED, true), 'not for an owner that lives and will wake it');
  t.ok(await isEnded(OTHER | CONTENDED, false), 'for a dead owner');
  t.ok(await isEnded(OTHER, true), 'for a word that has lost its mark, so that its owner wakes nobody');
  t.ok(await isEnded(0, true), 'for a free word: whoever should have woken it has died');
  t.ok(await isEnded(BOTH, true), 'for a word that was handed on to nobody');
});
