'use strict';
// LockManager: a call that fails at any of its steps, by an exception or because its script is terminated, while it gives
// a request up, or does what another one waits for. Whatever it has left goes by itself: the lock is free in the end.

const { addSteps, disarm, failAt, hurry, isMissing, ways } = require('./failing-steps');
const test = require('tape');
const layout = require('../lib/locks/layout');
const clock = require('../lib/runtime/clock');
const owners = require('../lib/runtime/owner');
const { skip } = require('./messages');
const { freshName, shm, until } = require('./support');

hurry();
const { setInterval: repeatedly } = clock;
clock.setInterval = (callback) => repeatedly(callback, 1);

const STUCK_AFTER = 5000;

/** Each makes something that waits: what fails then, and what is true in the end. */
const scenes = {
  'a requestSync that times out': async (t, manager, other) => {
    const holder = await held(other);
    return {
      act: () => manager.requestSync('a', { timeout: 0 }, () => t.fail('it is held')),
      end: () => holder.release(),
    };
  },
  'a request that is aborted': async (t, manager, other) => {
    const holder = await held(other);
    let abort;
    const signal = { aborted: false, addEventListener: (_name, callback) => (abort = callback), removeEventListener() {} };
    let result = 'pending';
    manager.request('a', { signal }, () => {}).then(() => (result = 'had'), () => (result = 'rejected'));
    return {
      act: abort,
      end: async () => {
        holder.release();
        await until(() => result !== 'pending', 'its result'); // had, if nothing was done about it
      },
    };
  },
  'a requestSync that does first what waits for the mutex': async (t, manager, _other, words) => {
    const { isAlive } = owners;
    owners.isAlive = () => true;
    words[layout.MUTEX] = 1;
    let calls = 0;
    const asked = manager.request('a', () => void calls++);
    asked.catch(() => {});
    words[layout.MUTEX] = 0;
    owners.isAlive = isAlive;
    return {
      act: () => manager.requestSync('b', () => {}),
      end: async (fail) => {
        const error = await asked.catch((thrown) => thrown);
        if (error !== undefined || calls !== 1) fail(`the one that waited: ${error}, called ${calls} times`);
      },
    };
  },
};

/** A lock that is held until `release()`. */
async function held(manager) {
  let release;
  manager.request('a', () => new Promise((resolve) => (release = resolve))).catch(() => {});
  await until(() => release !== undefined, 'the lock');
  return { release };
}

/** Plays a scene that fails at a step; whether it failed. */
async function play(t, name, step, { fail, run }) {
  const manager = new shm.LockManager(freshName(), { requests: 8 });
  const { key } = manager;
  const other = new shm.LockManager(key);
  const { act, end } = await scenes[name](t, manager, other, shm.get(key, 'Int32Array'));
  failAt(step, fail);
  const hasRun = run(() => {
    try {
      act();
    } catch (error) {
      if (error.code !== 'ERR_SHM_TIMED_OUT') throw error;
    }
  });
  const hasFailed = disarm();
  const faults = [];
  await end((fault) => faults.push(fault));
  for (const lock of ['a', 'b']) {
    const code = await other.request(lock, { timeout: STUCK_AFTER }, () => {}).catch((error) => error.code);
    if (code !== undefined) faults.push(`${lock} is not to be had: ${code}`);
  }
  const left = await manager.query();
  if (left.held.length + left.pending.length > 0) faults.push(`left: ${JSON.stringify(left)}`);
  if (faults.length > 0) t.fail(`${name} that failed at step ${step}: ${faults.join('; ')}`);
  shm.destroy(key);
  return hasFailed || hasRun ? hasFailed : play(t, name, step, { fail, run });
}

for (const [way, how] of Object.entries(ways)) {
  test(`nothing stays of what is ended by ${way}, while others wait`, { skip: skip || isMissing(way) }, async (t) => {
    // Loads what is to be counted.
    shm.destroy(new shm.LockManager(freshName(), { requests: 2 }).key);
    if (way === 'an exception') {
      const rooms = ['locks/guard', 'locks/desk', 'locks/table', 'mutex/lock'];
      addSteps([].concat(...rooms.map((room) => Object.values(require(`../lib/${room}`)).filter((value) => typeof value === 'function' && value.prototype !== undefined))));
    }
    for (const name of Object.keys(scenes)) {
      let step = 1;
      while (await play(t, name, step, how)) step++;
      t.ok(step > 4, `${name}: ${step - 1} steps`);
    }
  });
}
