'use strict';
// A process is killed before every single step that it takes in the table of a lock manager, where each access to a
// shared word, atomic or plain, is a step. Then all others must be able to go on: no lock stays held, a holder's death
// is told, and every request that the table has room for can be made.

const { amount, check, ended, freshName, option, run, shm, start, track } = require('./support/harness');

const REQUESTS = 6;

const after = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const nothing = () => {};
/** Notes that it was told of a death. */
const noting = (lock) => {
  if (lock.ownerDied) Atomics.store(shm.get(`${option('key')}-told`, 'Int32Array'), 0, 1);
};

/** What is done, by somebody who is killed; `held` is what another process holds meanwhile. */
const scenes = {
  request: { act: (m) => m.request('a', nothing) },
  shared: { act: (m) => m.request('a', { mode: 'shared' }, nothing) },
  permits: { act: (m) => m.request('a', { permits: 2 }, nothing) },
  sync: { act: (m) => m.requestSync('a', nothing) },
  two: { act: (m) => Promise.all([m.request('a', nothing), m.request('a', nothing)]) },
  giveUp: { held: 'a', act: (m) => m.request('a', { timeout: 1 }, nothing).catch(nothing) },
  unavailable: { held: 'a', act: (m) => m.request('a', { ifAvailable: true }, nothing) },
  steal: { held: 'a', act: (m) => m.request('a', { steal: true }, nothing) },
  afterDeath: { dead: 'hold', act: (m) => m.request('a', noting) },
  stealFromDead: { dead: 'hold', act: (m) => m.request('a', { steal: true }, noting) },
  look: { dead: 'hold', act: (m) => Promise.all([m.request('a', noting), m.request('b', nothing), m.request('a', nothing)]) },
  detach: { act: (m) => {
    m.request('a', () => new Promise(nothing)).catch(nothing);
    m.request('a', nothing).catch(nothing);
    m.detach();
  } },
};

/** Makes each access to the table a step: before it, `step()` is called. */
function stepwise(words, step) {
  const index = (name) => typeof name === 'string' && /^\d+$/.test(name);
  const view = new Proxy(words, {
    get(target, name) {
      if (index(name)) step();
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set(target, name, value) {
      if (index(name)) step();
      target[name] = value;
      return true;
    },
  });
  for (const name of ['load', 'store', 'compareExchange', 'exchange', 'and', 'or', 'xor', 'add']) {
    const original = Atomics[name];
    Atomics[name] = (array, ...rest) => {
      step();
      return original(array === view ? words : array, ...rest);
    };
  }
  return view;
}

async function victim() {
  let taken = 0;
  const last = Number(option('step'));
  let isArmed = false;
  const step = () => {
    if (isArmed && ++taken >= last) process.kill(process.pid, 'SIGKILL');
  };
  const tables = require('../../lib/locks/table');
  const waiting = require('../../lib/wait');
  const real = new Map();
  const { Table } = tables;
  tables.Table = class extends Table {
    constructor(words, ...rest) {
      super(words, ...rest);
      this.words = stepwise(words, step);
      real.set(this.words, words);
    }
  };
  for (const name of ['wait', 'waitAsync', 'begin', 'notify']) {
    const original = waiting[name];
    waiting[name] = (array, ...rest) => original(real.get(array) || array, ...rest);
  }
  const mutexes = require('../../lib/mutex');
  const { Lock } = mutexes;
  mutexes.Lock = class extends Lock {
    constructor(words, ...rest) {
      super(real.get(words) || words, ...rest);
    }
  };
  const manager = new shm.LockManager(option('key'));
  if (option('scene') === 'hold') {
    await manager.request('a', () => process.kill(process.pid, 'SIGKILL'));
    return;
  }
  isArmed = true;
  await scenes[option('scene')].act(manager);
  isArmed = false;
  process.exit();
}

async function play(key, scene, step) {
  const end = await ended(start(__filename, [`--key=${key}`, `--scene=${scene}`, `--step=${step}`]));
  check(end.code === 0 || end.signal === 'SIGKILL', `${scene} at step ${step} ended`, end);
  return end.code === 0;
}

/** Whether the scene came to its end. */
async function killAt(scene, step) {
  const { held, dead } = scenes[scene];
  const key = freshName();
  const manager = new shm.LockManager(key, { requests: REQUESTS });
  const told = shm.create(1, 'Int32Array', track(`${key}-told`));
  if (dead !== undefined) await play(key, dead, 0);
  let release;
  const holds = held === undefined ? null : manager.request(held, () => new Promise((resolve) => (release = resolve))).catch(nothing);
  const isOver = await play(key, scene, step);
  if (holds !== null) {
    release();
    await holds;
  }
  const what = `${scene}, killed at step ${step}`;
  const inTime = (promise) => Promise.race([promise, after(5000).then(() => check(false, `${what}: a request waits for ever`))]);
  const tells = await inTime(manager.request('a', (lock) => lock.ownerDied));
  // Either whoever was killed then was told of the dead holder, or this one is.
  if (dead !== undefined) check(tells || Atomics.load(told, 0) === 1, `${what}: nobody was told`);
  check(!(await inTime(manager.request('a', (lock) => lock.ownerDied))), `${what}: told twice`);
  // All the room there is, less this object's mailbox.
  const all = [];
  const end = [];
  for (let i = 1; i < REQUESTS; i++) all.push(inTime(manager.request(`n${i}`, () => new Promise((resolve) => end.push(resolve))).catch((error) => check(false, `${what}: request ${i}`, error))));
  while (end.length < REQUESTS - 1) await after(1);
  const full = await manager.request('one more', nothing).catch((error) => error.code);
  check(full === 'ERR_SHM_FULL', `${what}: full`, full);
  end.forEach((resolve) => resolve());
  await Promise.all(all);
  check((await manager.query()).held.length === 0, `${what}: nothing is held`);
  shm.destroy(`${key}-told`);
  manager.destroy();
  return isOver;
}

async function main(counts) {
  Object.assign(counts, { kills: 0, scenes: 0 });
  for (const scene of Object.keys(scenes)) {
    for (let step = 1; !(await killAt(scene, step)); step += amount(1, 11)) counts.kills++;
    counts.scenes++;
  }
}

if (option('scene') === undefined) run(main);
else victim();
