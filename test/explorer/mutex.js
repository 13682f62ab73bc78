'use strict';
// Mutex: at most one living thread has it, whoever comes after a dead owner is told so, and nobody sleeps while it is free.

const { constants } = require('./library');
const { Unwinding } = require('./process');

const { OWNER } = constants('mutex/word');

// Words: the mutex, who is inside, and how often somebody was.
const LOCK = 0;
const INSIDE = 16;
const COUNT = 17;

const timeout = 1e6;

/** What a process has: its mutex, and its accesses to what that guards. */
function open(library) {
  const words = library.require('memory').getOrCreate(32, 'Int32Array');
  const { Mutex } = library.require('mutex');
  const { memory } = library;
  const { world } = library.process;
  if (world.inside === undefined) world.inside = new Map();
  return { process: library.process, mutex: new Mutex(words, LOCK), get: (index) => memory.get(words, index), set: (index, value) => memory.set(words, index, value) };
}

/** With the mutex: repairs, if somebody has died, and counts. */
function enter({ process, get, set }, result, out, letter) {
  const { inside } = process.world;
  if (result === 'owner-died') {
    const before = inside.get(get(INSIDE));
    if (before !== undefined && !before.isDead) throw new Error(`${before.name} lives, and ${process.name} is told of its death`);
    set(INSIDE, 0);
  }
  out.isEntering = true; // noted, as what comes next is
  inside.set(letter.charCodeAt(0), process);
  const other = get(INSIDE);
  if (other !== 0) throw new Error(`the mutex was given to two at once, or nothing was said of a death: ${result}`);
  out.isInside = true;
  set(INSIDE, letter.charCodeAt(0));
  set(COUNT, get(COUNT) + 1);
}

function leave({ mutex, get, set }, out, letter) {
  if (get(INSIDE) !== letter.charCodeAt(0)) throw new Error('another thread is inside, too');
  set(INSIDE, 0);
  out.isInside = false;
  mutex.unlock();
  out.isDone = true;
}

function later(promise, out) {
  promise.catch((error) => (out.error = error));
}

const operations = {
  lockSync: {
    isBlocking: true,
    act(object, out, letter) {
      enter(object, object.mutex.lockSync({ timeout }), out, letter);
      leave(object, out, letter);
    },
  },
  lock: {
    isBlocking: true,
    act(object, out, letter) {
      const locked = object.mutex.lock().then((result) => {
        enter(object, result, out, letter);
        leave(object, out, letter);
      });
      later(locked, out);
    },
  },
  run: {
    isBlocking: true,
    act(object, out, letter) {
      const inside = () => {
        enter(object, 'ok', out, letter);
        object.set(INSIDE, 0);
        out.isInside = false;
      };
      later(object.mutex.run(inside, { recover: () => object.set(INSIDE, 0) }).then(() => (out.isDone = true)), out);
    },
  },
  tryLock: {
    act(object, out, letter) {
      const { world } = object.process;
      const { before = world.words()[LOCK] } = out.kept;
      out.kept.before = before; // also if it is played again
      const result = object.mutex.tryLock();
      if (result === null) {
        if ((before & OWNER) !== 0 && !world.alive.has(before & OWNER) && world.words()[LOCK] === before) throw new Error('tryLock does not take what a dead one has left');
        return;
      }
      enter(object, result, out, letter);
      leave(object, out, letter);
    },
  },
  hold: {
    act(object, out, letter) {
      const result = object.mutex.tryLock();
      if (result !== null) enter(object, result, out, letter);
    },
  },
  'lock twice': {
    isBlocking: true,
    act(object, out, letter) {
      operations.lockSync.act(object, out, letter);
      operations.lockSync.act(object, out, letter);
    },
  },
};

/** Before: free, or as a dead owner has left it, or one that lives. */
function prepare(isHeld, lives) {
  return (world) => {
    const holder = world.process('z', open);
    if (isHeld) holder.run((object) => operations.hold.act(object, {}, 'Z'));
    if (!lives) holder.kill();
    return { holder };
  };
}

function isDue(world) {
  const owner = world.words()[LOCK] & OWNER;
  return owner === 0 || (world.hasLooked && !world.alive.has(owner));
}

/** A process that sleeps for a mutex, whose word names one that lives and does not have it; undefined if there is none. */
function sleeperForNobody({ actors, prepared: { holder }, world }) {
  const has = actors.filter(({ out }) => out.isInside).map(({ process }) => process.number);
  const owner = world.words()[LOCK] & OWNER;
  if (!world.alive.has(owner) || has.includes(owner) || owner === holder.number) return undefined;
  return world.sleepers.find(({ index }) => index === LOCK);
}

function check(play) {
  const { actors, prepared, world } = play;
  const sleeper = sleeperForNobody(play);
  if (sleeper !== undefined) throw new Error(`${sleeper.process.name} sleeps for a mutex that nobody has`);
  for (const { outcome, out } of actors) {
    for (const error of [outcome.error, out.error]) if (error !== undefined && !(error instanceof Unwinding)) throw error;
  }
  if (!prepared.holder.isDead) prepared.holder.kill();
  play.killAll();
  const words = world.words();
  const isInside = words[INSIDE] !== 0;
  const result = play.afterwards(({ mutex }) => mutex.lockSync({ timeout }));
  if (isInside && result !== 'owner-died') throw new Error(`nothing is said of a death: ${result}`);
  const done = actors.filter(({ out }) => out.isDone).length;
  if (words[COUNT] < done) throw new Error(`${done} were inside, and only ${words[COUNT]} have counted`);
}

function checkUse(play) {
  play.prepared.holder.kill();
  play.afterwards(({ mutex }) => {
    mutex.lockSync({ timeout });
    mutex.unlock();
    if (mutex.tryLock() !== 'ok') throw new Error('what was unlocked is not free');
  });
}

module.exports = {
  open,
  scenes: [
    ['free', prepare(false, false)],
    ['left by a dead owner', prepare(true, false)],
    ['held', prepare(true, true)],
  ],
  operations,
  isDue,
  check,
  checkUse,
  // Who is interrupted has to find out itself whether it has the mutex.
  without: ['exceptions', 'crossed, then an exception', 'ends by force'],
};
