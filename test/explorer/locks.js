'use strict';
// LockManager: whoever lives and has a lock has it alone, or shares it with those who may; whoever comes after a dead holder
// is told so; nobody sleeps for what is free. Afterwards the table has room for as many requests as before.

const { constants } = require('./library');
const { Unwinding } = require('./process');

const word = constants('mutex/word');
const { CHANGES, FIRST_NEWS, FREE, HASH, HELD, MODE, MUTEX, OF_MAILBOX, ORDER, OWNER, PENDING, REQUEST, SHARED, STATE, USED, firstRequestOf } = constants('locks/layout');

const REQUESTS = 12;
const timeout = 1e6;

/** Who sleeps so shortly is never asleep to the explorer (milliseconds). */
const A_LOOK = 1;

/** So many calls may say that a zombie has damaged the lists. */
const MOST_DAMAGES = 2;

/** A manager, and the process that has it. */
function open(library) {
  const { LockManager } = library.require('locks');
  return { manager: new LockManager('/explored', { requests: REQUESTS }), library };
}

/** Who is inside, by name of the lock: what the processes of a run have in common. */
function insideOf({ library }, name) {
  const { world } = library.process;
  if (world.inside === undefined) world.inside = new Map();
  if (!world.inside.has(name)) world.inside.set(name, new Map());
  return world.inside.get(name);
}

/** What a callback does: it looks who else is inside, and can be interrupted there. */
function use(object, name, lock, { most = 1, steals = false } = {}) {
  const { process } = object.library;
  process.ask('before', () => {}); // whoever has died does not get here
  const inside = insideOf(object, name);
  if (steals) inside.clear();
  const others = Array.from(inside).filter(([other]) => other !== process);
  const living = others.filter(([other]) => !other.isDead);
  const mode = lock.mode;
  if (living.some(([, its]) => its !== 'shared' || mode !== 'shared') && living.length >= most) throw new Error(`${name} was given to ${living.length + 1} at once`);
  if (living.length < others.length && !lock.ownerDied && mode === 'exclusive' && most === 1) throw new Error('nothing is said of a death');
  for (const [other] of others) if (other.isDead) inside.delete(other);
  inside.set(process, mode);
  try {
    process.ask('inside', () => {});
  } catch (error) {
    // An exception releases the lock; a death, or an end by force, does not.
    if (!(error instanceof Unwinding)) inside.delete(process);
    throw error;
  }
}

function leave(object, name) {
  insideOf(object, name).delete(object.library.process);
}

const within = (object, name, options) => (lock) => {
  if (lock === null) return;
  use(object, name, lock, options);
  leave(object, name);
};

function later(promise, out, isExpected = () => false) {
  promise.catch((error) => {
    if (!isExpected(error)) out.error = error;
  });
}

const isStolen = (error) => error.name === 'AbortError' || /STOLEN/.test(error.code);

const sync = (options, limits) => ({ act: (object) => void object.manager.requestSync('a', { timeout, ...options }, within(object, 'a', limits)) });
const async = (options, limits) => ({ act: (object, out) => later(object.manager.request('a', options, within(object, 'a', limits)), out, isStolen) });

const operations = {
  requestSync: { isBlocking: true, ...sync({}) },
  'requestSync, shared': { isBlocking: true, ...sync({ mode: 'shared' }) },
  request: { isBlocking: true, ...async({}) },
  'request, shared': { isBlocking: true, ...async({ mode: 'shared' }) },
  'if available': sync({ ifAvailable: true, timeout: undefined }),
  'give up': {
    act: (object) => {
      try {
        object.manager.requestSync('a', { timeout: A_LOOK }, within(object, 'a'));
      } catch (error) {
        if (error.code !== 'ERR_SHM_TIMED_OUT') throw error;
      }
    },
  },
  'request another': { act: (object) => void object.manager.requestSync('b', within(object, 'b')) },
  hold: {
    act: (object, out) => {
      const held = object.manager.request('a', (lock) => {
        use(object, 'a', lock);
        return new Promise(() => {});
      });
      later(held, out, isStolen);
    },
  },
  'hold, shared': {
    act: (object, out) => {
      const held = object.manager.request('a', { mode: 'shared' }, (lock) => {
        use(object, 'a', lock);
        return new Promise(() => {});
      });
      later(held, out, isStolen);
    },
  },
};

function prepare(holds, lives, mode = 'exclusive') {
  return (world) => {
    const holder = world.process('z', open);
    if (holds) {
      holder.run((object) => {
        const held = object.manager.request('a', { mode }, () => new Promise(() => {}));
        held.catch(() => {});
        insideOf(object, 'a').set(holder, mode);
      });
    }
    if (!lives) holder.kill();
    return { holder };
  };
}

/** All requests in the table. */
function requestsIn(words) {
  const first = firstRequestOf(REQUESTS);
  return Array.from({ length: Math.min(words[USED], REQUESTS) }, (_, number) => first + number * REQUEST)
    .filter((at) => words[at + STATE] !== FREE && words[at + MODE] !== OF_MAILBOX)
    .map((at) => ({ state: words[at + STATE] & ~OWNER, owner: words[at + STATE] & OWNER, mode: words[at + MODE], hash: words[at + HASH], order: words[at + ORDER] }));
}

const isInside = ({ inside }, process) => inside !== undefined && Array.from(inside.values()).some((holders) => holders.has(process));

function isDue(world, { process, index }) {
  const words = world.words();
  const mutexOwner = words[MUTEX] & word.OWNER;
  if (index === MUTEX) return mutexOwner === 0 || (world.hasLooked && !world.alive.has(mutexOwner));
  if (words[index - CHANGES + FIRST_NEWS] !== 0) return true;
  const all = requestsIn(words);
  const own = all.find(({ state, owner }) => state === PENDING && owner === process.number);
  // Whoever has noticed its lock, and is inside, may sleep on until the next news: it waits for nothing.
  if (own === undefined) return !isInside(world, process) && all.some(({ state, owner }) => state === HELD && owner === process.number);
  const isGone = ({ owner }) => world.hasLooked && !world.alive.has(owner);
  const isBeside = (other) => other.mode === SHARED && own.mode === SHARED;
  const isInTheWay = (other) => other.hash === own.hash && other !== own && !isGone(other) && ((other.state === HELD && !isBeside(other)) || (other.state === PENDING && other.order < own.order));
  return !all.some(isInTheWay);
}

const isAllowed = (error) => error instanceof Unwinding || (error instanceof RangeError && error.message.includes('call stack'));

function check(play) {
  const { actors, prepared, world } = play;
  for (const { outcome, out } of actors) {
    for (const error of [outcome.error, out.error]) if (error !== undefined && !isAllowed(error)) throw error;
  }
  prepared.holder.kill();
  play.killAll();
  const inside = (world.inside && world.inside.get('a')) || new Map();
  const isTold = play.afterwards(({ manager }) => manager.requestSync('a', { timeout }, ({ ownerDied }) => ownerDied));
  if (inside.size > 0 && !isTold) throw new Error('nothing is said of a death afterwards');
  checkRoom(play);
}

/** All requests can be had: one is the mailbox. */
function checkRoom(play) {
  play.afterwards(({ manager }) => {
    const nest = (name) => manager.requestSync(`name${name}`, { timeout }, () => (name === REQUESTS - 1 ? name : nest(name + 1)));
    return nest(1);
  });
}

/** Lists that a zombie has written over are made anew by the call after the one that has met them. */
function checkUse(play) {
  play.prepared.holder.kill();
  const check = () => {
    play.afterwards(({ manager }) => manager.requestSync('a', { timeout }, () => {}));
    checkRoom(play);
  };
  for (let met = 0; met < MOST_DAMAGES; met++) {
    try {
      return check();
    } catch (error) {
      if (error.code !== 'ERR_SHM_LAYOUT') throw error;
    }
  }
  return check();
}

module.exports = {
  open,
  scenes: [
    ['free', prepare(false, false)],
    ['held', prepare(true, true)],
    ['shared', prepare(true, true, 'shared')],
    ['held by a dead one', prepare(true, false)],
  ],
  operations,
  leave: ({ manager }) => manager.detach(),
  cost: 3,
  isDue,
  check,
  checkUse,
};
