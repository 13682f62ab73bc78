'use strict';
// A model of lib/mutex.js, step by step as it acts on the shared word: any process may be slow
// between two steps, time out while it sleeps, or die at any of them.

const OWNER = 3;
const HANDED_ON = 4;
const CONTENDED = 8;
const TURNS = 2;

/** A process that has yet to lock `rounds` times. Numbers are from 1. */
const process = (number, rounds) => ({
  number, rounds, at: 'lock', seen: 0, slept: false, suspect: 0, owed: 0, alone: false, late: false, handsOn: false, next: 0,
});

const owned = (it) => (it.slept ? it.number | CONTENDED : it.number);

/** The steps, by where a process is. Each reads and writes the word once at most. */
const acts = {
  lock(state, it) {
    Object.assign(it, { slept: false, suspect: 0 });
    exchange(state, 0, it.number) === 0 ? (it.at = 'inside') : (it.at = 'take');
  },
  take(state, it) {
    const word = exchange(state, 0, owned(it));
    const owner = word & OWNER;
    const isFree = owner === 0 && it.slept;
    const isDead = owner !== 0 && owner === it.suspect && state.processes[owner - 1].at === 'dead';
    it.suspect = 0;
    it.seen = word;
    it.at = word === 0 ? 'inside' : isFree || isDead ? 'seize' : 'mark';
  },
  seize(state, it) {
    const found = exchange(state, it.seen, owned(it));
    it.at = found === it.seen ? 'inside' : 'take';
    if (found === it.seen) it.alone = it.late && (found & OWNER) === 0;
    it.late = false;
  },
  mark(state, it) {
    const wanted = it.seen | CONTENDED | (it.slept ? HANDED_ON : 0);
    it.at = exchange(state, it.seen, wanted) === it.seen ? 'sleep' : 'take';
    it.seen = wanted;
  },
  sleep(state, it) {
    it.at = state.word === it.seen ? 'asleep' : 'take';
    if (it.at === 'asleep') state.asleep.push(it.number);
  },
  inside(state, it) {
    it.handsOn = it.owed > 0 && --it.owed === 0;
    it.at = 'unlock';
  },
  unlock(state, it) {
    const word = it.handsOn ? it.number : exchange(state, it.number, 0);
    it.seen = word;
    if (!it.handsOn && word === it.number) leave(it);
    else it.at = 'release';
  },
  release(state, it) {
    const next = it.handsOn || it.seen & HANDED_ON ? HANDED_ON | CONTENDED : 0;
    const found = exchange(state, it.seen, next);
    if (found !== it.seen) it.seen = found;
    else if (it.handsOn) leave(it);
    else Object.assign(it, { at: 'wake', next });
  },
  wake(state, it) {
    const woken = wakeOne(state);
    const isTaken = it.next !== 0 && woken;
    it.owed = isTaken || (!woken && it.alone) || !state.countsTurns ? 0 : TURNS;
    it.alone = false;
    if (it.next === 0 || woken) leave(it);
    else it.at = 'free';
  },
  free(state, it) {
    if (exchange(state, it.next, 0) === it.next) it.at = 'wakeAgain';
    else leave(it);
  },
  wakeAgain(state, it) {
    wakeOne(state);
    leave(it);
  },
};

function exchange(state, expected, replacement) {
  const found = state.word;
  if (found === expected) state.word = replacement;
  return found;
}

function wakeOne(state) {
  if (state.asleep.length === 0) return false;
  const it = state.processes[state.asleep.shift() - 1];
  Object.assign(it, { at: 'take', slept: true, late: false });
  return true;
}

function leave(it) {
  Object.assign(it, { seen: 0, next: 0, handsOn: false, at: --it.rounds === 0 ? 'done' : 'lock' });
}

function after(state, number, act) {
  const next = JSON.parse(JSON.stringify(state));
  act(next, next.processes[number - 1]);
  return next;
}

function timeOut(state, it) {
  state.asleep = state.asleep.filter((number) => number !== it.number);
  Object.assign(it, { at: 'take', slept: true, late: true, suspect: it.seen & OWNER });
}

function die(state, it) {
  state.asleep = state.asleep.filter((number) => number !== it.number);
  state.deaths--;
  it.at = 'dead';
}

/**
 * `rounds` of each process; how many may die; whether sleepers time out (without, no wakeup may be
 * lost); whether turns are counted (then a lock can be handed on to nobody, until a timeout).
 */
function mutexModel({ rounds, deaths, timeouts, countsTurns }) {
  return {
    start: { word: 0, asleep: [], deaths, countsTurns, processes: rounds.map((count, i) => process(i + 1, count)) },
    steps(state) {
      const steps = [];
      for (const it of state.processes) {
        const add = (name, act) => steps.push([`${it.number} ${name}`, after(state, it.number, act)]);
        if (acts[it.at] !== undefined) add(it.at, acts[it.at]);
        if (it.at === 'asleep' && timeouts) add('times out', timeOut);
        if (state.deaths > 0 && it.at !== 'done' && it.at !== 'dead') add('dies', die);
      }
      return steps;
    },
    broken({ processes, word }) {
      const owners = processes.filter(({ at }) => ['inside', 'unlock', 'release'].includes(at));
      if (owners.length > 1) return 'two owners';
      if (owners.length === 1 && (word & OWNER) !== owners[0].number) return 'an owner without the word';
      return '';
    },
    isEnd: ({ processes }) => processes.every(({ at }) => at === 'done' || at === 'dead'),
  };
}

module.exports = { mutexModel };
