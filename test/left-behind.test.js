'use strict';
// What a call left that was ended by force is given back by a timer, also where an earlier call had no stack for the timer.

const test = require('tape');
const { freshName, isBun, isDeno, isLinux, nodeMajor, shm, thrownBy, until } = require('./support');
const clock = require('../lib/runtime/clock');

/** Does something whose timer cannot be set. */
function withoutTimers(action) {
  const { setTimeout: real } = clock;
  clock.setTimeout = () => {
    throw new RangeError('Maximum call stack size exceeded');
  };
  try {
    return thrownBy(action).name;
  } finally {
    clock.setTimeout = real;
  }
}

test('what is left in the hands of a call', { skip: nodeMajor < 16 && 'structures need Node 16' }, async (t) => {
  const { hold, isEmptyHanded, letGo, unwatched } = require('../lib/structures/in-hand');
  let given = 0;
  const left = { giveBack: () => given++ };
  t.equal(withoutTimers(() => hold(left)), 'RangeError');
  letGo();
  t.equal(thrownBy(() => unwatched(() => [].reduce())).name, 'TypeError', 'nor does a failure outside of calls keep it from being watched');
  hold(left);
  await until(() => given === 1, 'it is given back');
  t.ok(isEmptyHanded());
});

test('one timer looks after many calls', (t) => {
  const { lateLook } = require('../lib/runtime/late-look');
  const { setTimeout: real } = clock;
  let timers = 0;
  clock.setTimeout = (...args) => (timers++, real(...args));
  const late = lateLook(() => {});
  for (let call = 0; call < 3; call++) if (!late.isSet) late.set();
  clock.setTimeout = real;
  t.equal(timers, 1);
  t.end();
});

test("what is left in the kernel's queue", { skip: (!isLinux || isBun || isDeno) && 'waits by the way of Node.js on Linux' }, async (t) => {
  const array = shm.create(2, 'Int32Array', freshName());
  await shm.waitAsync(array, 0, 1);
  const queued = require('../lib/wait/queued');
  const { BEGUN } = require('../lib/wait/results');
  t.equal(withoutTimers(() => queued.begin(array, 0, 0)), 'RangeError');
  t.equal(queued.begin(array, 0, 0), BEGUN);
  const next = shm.waitAsync(array, 0, 0, { timeout: 5000, ref: true });
  t.equal(shm.notify(array, 0, 1), 1);
  t.equal(await next, 'ok', 'its notification is the next one’s');
  shm.destroy(array);
});
