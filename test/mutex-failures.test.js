'use strict';
// Mutex: a call that fails at any of its steps, by an exception or because its script is terminated. A mutex is the user's:
// if the thread has it then, it says so, and can unlock it; and another process gets it.

const { addSteps, disarm, failAt, isMissing, ways } = require('./failing-steps');
const test = require('tape');
const { codeOf } = require('./messages');
const { forkFixture, freshName, nextMessage, nodeMajor, shm } = require('./support');

const skip = nodeMajor < 16 && 'Atomics refuse such arrays before Node 16';

const scenes = {
  'lockSync, unlock': (mutex) => {
    mutex.lockSync();
    mutex.unlock();
  },
  'tryLock, unlock': (mutex) => {
    mutex.tryLock();
    mutex.unlock();
  },
  'lockSync, contended': (mutex, words) => {
    Atomics.or(words, 0, -0x80000000);
    mutex.lockSync();
    mutex.unlock();
  },
  lock: (mutex) => void mutex.lock().then(() => mutex.unlock()).catch(() => {}),
  run: (mutex) => void mutex.run(() => {}).catch(() => {}),
};

for (const [way, { fail, run }] of Object.entries(ways)) {
  test(`a mutex can be used on after ${way}`, { skip: skip || isMissing(way) }, async (t) => {
    const key = freshName();
    const words = shm.create(2, 'Int32Array', key);
    const mutex = new shm.Mutex(words, 0);
    if (way === 'an exception') addSteps([require('../lib/mutex').Lock]);
    const other = forkFixture('locker.js', [key]);
    other.setMaxListeners(Infinity);
    await nextMessage(other);
    const ask = (call) => {
      const answer = nextMessage(other);
      other.send([call, { timeout: 2000 }]);
      return answer;
    };
    let kept = 0;
    for (const name of Object.keys(scenes)) {
      let step = 0;
      for (let hasFailed = true; hasFailed; ) {
        step++;
        failAt(step, fail);
        const hasRun = run(() => scenes[name](mutex, words));
        // What a promise calls back is in no script that could be terminated.
        if (way === 'an exception') await new Promise(setImmediate);
        hasFailed = disarm();
        await new Promise(setImmediate);
        if (mutex.toJSON().state === 'locked by this thread') {
          kept++;
          if (codeOf(() => mutex.lockSync({ timeout: 0 })) !== 'ERR_SHM_DEADLOCK') t.fail(`${name}, step ${step}: no error`);
          mutex.unlock();
        }
        const { result, code } = await ask('lockSync');
        if (result !== 'ok') t.fail(`${name}, step ${step}: ${result || code}`);
        await ask('unlock');
        if (!hasFailed && !hasRun) {
          step--; // the machine is too slow
          hasFailed = true;
        }
      }
      t.ok(step > 2, `${name}: ${step - 1} steps`);
    }
    t.ok(kept > 0, `the thread had it ${kept} times`);
    other.disconnect();
    shm.destroy(key);
  });
}
