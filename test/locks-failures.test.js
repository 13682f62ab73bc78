'use strict';
// LockManager: a call that fails at any of its steps, by an exception or because its script is terminated, leaves no lock
// taken and no request in the table: another process gets the lock, and all requests that there is room for.

const { addSteps, disarm, failAt, hurry, isMissing, ways } = require('./failing-steps');
const test = require('tape');
const layout = require('../lib/locks/layout');
const owners = require('../lib/runtime/owner');
const waiting = require('../lib/wait');
const { skip } = require('./messages');
const { forkCode, freshName, nextMessage, shm } = require('./support');

hurry();

/** What there is room for: the mailboxes of the two managers here and the one there, and so many requests. */
const MAILBOXES = 3;
const REQUESTS = 5;
const STUCK_AFTER = 2000;

/** What is called. `other` is a second manager of this thread. */
const scenes = {
  requestSync: (manager) => manager.requestSync('a', () => {}),
  'requestSync, shared': (manager) => manager.requestSync('a', { mode: 'shared' }, () => {}),
  'requestSync within another': (manager) => manager.requestSync('b', () => manager.requestSync('a', () => {})),
  'requestSync that is refused': (manager, other) => other.requestSync('a', () => manager.requestSync('a', { ifAvailable: true }, () => {})),
  'requestSync that steals': (manager) => manager.requestSync('a', { steal: true }, () => {}),
  request: (manager) => manager.request('a', () => {}),
  'request that waits': (manager, other) => void other.requestSync('a', () => void manager.request('a', () => {}).catch(() => {})),
  detach: (manager) => manager.requestSync('a', () => manager.detach()),
};

/** Another process, which says whether it could have the lock, and all requests. */
async function startOther() {
  const child = forkCode(`
    process.on('message', async (key) => {
      const manager = new shm.LockManager(key);
      // How many requests the table takes at once.
      const count = (name, left) => (left === 0 ? 0 : manager.request(name + left, () => count(name, left - 1)).then((more) => more + 1, (error) => error.code));
      const said = [await manager.request('a', { timeout: ${STUCK_AFTER} }, () => 'a').catch((error) => error.stack)];
      const deadline = Date.now() + ${STUCK_AFTER};
      let had;
      do had = await count('own', ${REQUESTS});
      while (had !== ${REQUESTS} && Date.now() < deadline && (await new Promise((resolve) => setTimeout(resolve, 20, true))));
      said.push(had === ${REQUESTS} ? 'all' : had);
      manager.detach();
      process.send(said.join());
    });
    process.send('ready');
  `);
  await nextMessage(child);
  child.setMaxListeners(Infinity);
  return {
    look(key) {
      const answer = nextMessage(child);
      child.send(key);
      return answer;
    },
    end: () => child.disconnect(),
  };
}

/** Plays a scene that fails at a step; whether it failed. */
async function play(t, other, name, step, { fail, run }) {
  const manager = new shm.LockManager(freshName(), { requests: MAILBOXES + REQUESTS });
  const { key } = manager;
  const second = new shm.LockManager(key);
  failAt(step, fail);
  const hasRun = run(() => {
    const result = scenes[name](manager, second);
    if (result !== undefined) result.catch(() => {});
  });
  const hasFailed = disarm();
  if (step % 2 === 0) second.requestSync('other', () => {}); // the next call of this thread finds what was left, or else a timer
  const said = await other.look(key);
  if (said !== 'a,all') t.fail(`${name} that failed at step ${step}: ${said}`);
  shm.destroy(key);
  return hasFailed || hasRun ? hasFailed : play(t, other, name, step, { fail, run });
}

for (const [way, how] of Object.entries(ways)) {
  test(`nothing stays taken after ${way}`, { skip: skip || isMissing(way) }, async (t) => {
    // Loads what is to be counted.
    shm.destroy(new shm.LockManager(freshName(), { requests: 2 }).key);
    if (way === 'an exception') {
      const rooms = ['locks/guard', 'locks/desk', 'locks/table', 'mutex/lock'];
      addSteps([].concat(...rooms.map((room) => Object.values(require(`../lib/${room}`)).filter((value) => typeof value === 'function' && value.prototype !== undefined))));
    }
    const other = await startOther();
    for (const name of Object.keys(scenes)) {
      let step = 1;
      while (await play(t, other, name, step, how)) step++;
      t.ok(step > 4, `${name}: ${step - 1} steps`);
    }
    other.end();
  });
}

const { begin } = waiting;
const refuse = () => {
  throw new RangeError('a failing step');
};

/** A request that has to wait, and cannot. When that is seen. */
const failing = {
  'in its call': (ask) => {
    waiting.begin = refuse;
    return ask();
  },
  'when it is woken': (ask) => {
    let wake;
    waiting.begin = () => ({ ended: new Promise((resolve) => (wake = resolve)), expire() {} });
    const asked = ask();
    waiting.begin = refuse;
    wake('ok');
    return asked;
  },
  'when it has waited for the mutex': (ask, words) => {
    const { isAlive } = owners;
    owners.isAlive = () => true;
    words[layout.MUTEX] = 1;
    waiting.begin = refuse;
    const asked = ask();
    words[layout.MUTEX] = 0;
    owners.isAlive = isAlive;
    return asked;
  },
};

for (const [when, askBy] of Object.entries(failing)) {
  test(`a request that cannot wait, ${when}, says so, and is in nobody's way`, { skip }, async (t) => {
    const holder = new shm.LockManager(freshName());
    const manager = new shm.LockManager(holder.key);
    await holder.request('a', async () => {
      const asked = askBy(() => manager.request('a', () => t.fail('the lock is held')), shm.get(holder.key, 'Int32Array'));
      t.equal(await asked.catch((error) => error.message), 'a failing step');
      waiting.begin = begin;
    });
    t.equal(await holder.request('a', { timeout: STUCK_AFTER }, () => 'had'), 'had');
    t.deepEqual(await manager.query(), { held: [], pending: [] });
    holder.destroy();
  });
}
