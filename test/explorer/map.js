'use strict';
// SharedMap: its calls happen one after the other, whoever dies or stops; no value is torn, or another key's. Afterwards
// it has room for as much as before.

const { constants } = require('./library');
const { isLinear } = require('./linear');
const { Unwinding } = require('./process');

const { OWNER } = constants('mutex/word');
const { FIRST_SHARD, SHARD, countMax } = constants('map/layout');

/** The smallest ring, eight slots: so entries are moved, and slots collide. */
const SIZES = { bytes: 1408, entries: 7, maxEntry: 56 };
const SLOTS = 8;
const MOST = countMax(SLOTS);

const LOCK = FIRST_SHARD / 4 + SHARD.mutex;

const open = (options) => (library) => new (library.require('map').SharedMap)('/explored', options);

/** Keys whose search begins at the same slot; the seed of the explorer's maps is always the same. */
const KEYS = (() => {
  const { draft } = constants('map/draft');
  const seed = new Int32Array(new Uint8Array(8).fill(7).buffer);
  const home = (key) => (draft.setKey(key, seed), draft.tag & (SLOTS - 1));
  const names = Array.from({ length: 1000 }, (_, index) => `k${index}`);
  return names.filter((name) => home(name) === 6).slice(0, 6);
})();
const [A, B, C, D, NUMBER] = KEYS;

const READERS = 'get the first|get the last|get a number';

/** A value that tells its key, and of which a part of another one can be told. */
const valueOf = (key, letter) => key.padEnd(4) + letter.repeat(8);

const show = (value) => JSON.stringify(value);

function checkValue(key, value) {
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value !== 'string' || value.slice(0, 4).trim() !== key || !/^(.)\1{7}$/.test(value.slice(4))) throw new Error(`the value of ${key} is ${show(value)}`);
  return value;
}

/**
 * What each call makes of a key's value (undefined: there is none) if it gave `result`: the values that there can be
 * afterwards, none if it cannot have given that. Keys do not depend on each other, so that each is looked at by itself.
 */
const model = {
  get: (value, _rest, result) => when(value === result, value),
  has: (value, _rest, result) => when((value !== undefined) === result, value),
  set: (_value, [given]) => [given],
  add: (value, [given], result) => when((value === undefined) === result, value === undefined ? given : value),
  replace: (value, [given], result) => when((value !== undefined) === result, value === undefined ? undefined : given),
  delete: (value, _rest, result) => when((value !== undefined) === result, undefined),
  touch: (value, _rest, result) => when((value !== undefined) === result, value),
  increment: (value, _rest, result) => when(result === (value || 0) + 1, (value || 0) + 1),
  update: (value, [change], result) => when(result === change(value), change(value)),
  clear: () => [undefined],
};

const when = (isSo, value) => (isSo ? [value] : []);

let ticks = 0;

/** Makes a call, and notes when it began, what it gave, and when it ended. */
function call(map, out, name, ...given) {
  const { calls = (out.calls = []), kept } = out;
  const index = calls.length;
  if (kept.starts === undefined) kept.starts = [];
  if (kept.starts[index] === undefined) kept.starts[index] = ++ticks;
  const made = { name, given, start: kept.starts[index], end: undefined, result: undefined, error: undefined };
  calls.push(made);
  out.calls = calls; // noted
  try {
    made.result = map[name](...given);
    if (name === 'set') made.result = undefined;
    if (name === 'get') checkValue(given[0], made.result);
  } catch (error) {
    if (!['ERR_SHM_FULL', 'ERR_SHM_TIMED_OUT'].includes(error.code)) throw error;
    made.error = error;
  }
  made.end = ++ticks;
  out.calls = calls;
  return made.result;
}

const operation = (name, ...given) => ({ act: (map, out) => void call(map, out, name, ...given) });

const writing = (act) => ({ isBlocking: true, act });

const operations = {
  'get the first': operation('get', A),
  'get the last': operation('get', C),
  'get none': operation('get', D),
  'get a number': operation('get', NUMBER),
  set: writing((map, out, letter) => call(map, out, 'set', A, valueOf(A, letter))),
  'set another': writing((map, out, letter) => call(map, out, 'set', D, valueOf(D, letter))),
  'set many': writing((map, out, letter) => {
    for (let time = 0; time < 12; time++) call(map, out, 'set', time % 4 === 0 ? B : D, valueOf(time % 4 === 0 ? B : D, String.fromCharCode(letter.charCodeAt(0) + 10 + time)));
  }),
  'set another, thrice': writing((map, out, letter) => {
    for (let time = 0; time < 3; time++) call(map, out, 'set', D, valueOf(D, String.fromCharCode(letter.charCodeAt(0) + 10 + time)));
  }),
  add: writing((map, out, letter) => call(map, out, 'add', D, valueOf(D, letter))),
  replace: writing((map, out, letter) => call(map, out, 'replace', C, valueOf(C, letter))),
  delete: writing((map, out) => call(map, out, 'delete', A)),
  'delete the last': writing((map, out) => call(map, out, 'delete', C)),
  'delete, set': writing((map, out, letter) => {
    call(map, out, 'delete', B);
    call(map, out, 'set', D, valueOf(D, letter));
  }),
  increment: writing((map, out) => call(map, out, 'increment', NUMBER)),
  update: writing((map, out, letter) => call(map, out, 'update', B, () => valueOf(B, letter))),
  touch: operation('touch', A, 1e9),
  clear: operation('clear'),
  prune: { act: (map) => void map.prune() },
  entries: {
    act: (map) => {
      for (const [key, value] of map) checkValue(key, value);
    },
  },
};

/** Before: some keys; `turns` sets more, so that the ring has only as much room as one has to make. */
function prepare({ keys, evict = false, turns = 0 }) {
  return (world) => {
    const creator = world.process('z', open({ ...SIZES, evict }));
    const state = {};
    creator.run((map) => {
      for (const key of keys) map.set(key, (state[key] = key === NUMBER ? 5 : valueOf(key, '0')));
      for (let turn = 0; turn < turns; turn++) {
        const key = keys[turn % keys.length];
        if (key !== NUMBER) map.set(key, state[key]);
      }
    });
    creator.kill();
    return { state, evict };
  };
}

function isDue(world, { index }) {
  const owner = world.words()[LOCK] & OWNER;
  return index === LOCK && (owner === 0 || (world.hasLooked && !world.alive.has(owner)));
}

/** A call as linear.js takes it, for one key. In a map that evicts, the key may be gone when a call comes. */
function applied({ name, given, start, end, result, error }, evict) {
  const rest = name === 'clear' ? [] : given.slice(1);
  const outcomes = (value) => (end === undefined ? anyOutcome(name, value, rest) : model[name](value, rest, result));
  const apply = (value) => {
    if (error !== undefined) return [value];
    return evict ? [value, undefined].flatMap(outcomes) : outcomes(value);
  };
  return { start, end, apply };
}

/** What a call makes of a value that has not told what it gave. */
function anyOutcome(name, value, rest) {
  const results = [undefined, true, false, (value || 0) + 1, name === 'update' ? rest[0](value) : undefined];
  return results.flatMap((result) => model[name](value, rest, result)).slice(0, 1);
}

const isAllowed = (error) => error instanceof Unwinding || (error instanceof RangeError && error.message.includes('call stack'));

function check(play) {
  const { actors, prepared } = play;
  const { state, evict } = prepared;
  for (const { outcome, out } of actors) {
    if (outcome.error !== undefined && !isAllowed(outcome.error)) throw outcome.error;
    for (const { error } of out.calls || []) if (error !== undefined && error.code === 'ERR_SHM_FULL') throw error;
  }
  play.killAll();
  const seen = { kept: {} };
  play.afterwards((map) => {
    seen.calls = [];
    for (const key of KEYS) call(map, seen, 'get', key);
    map.prune(); // who has the lock next counts anew after a death
    const entries = Array.from(map);
    for (const [key, value] of entries) checkValue(key, value);
    if (map.size !== entries.length) throw new Error(`its size is ${map.size}, and it has ${entries.length} entries`);
    const there = seen.calls.filter(({ result }) => result !== undefined).length;
    const known = entries.filter(([key]) => KEYS.includes(key)).length;
    if (there !== known) throw new Error(`it has ${there} of the keys, and ${known} entries of them`);
  });
  const calls = actors.flatMap(({ out }) => out.calls || []).concat(seen.calls);
  for (const key of KEYS) {
    const about = calls.filter(({ name, given }) => name === 'clear' || given[0] === key);
    if (!isLinear(about.map((made) => applied(made, evict)), state[key])) throw new Error(`these calls cannot have given that: ${about.map(shown).join(', ')}`);
  }
  play.afterwards((map) => checkRoom(map, evict));
}

/** Whatever was written to it, `clear` makes it whole. */
function checkUse(play) {
  play.afterwards((map) => {
    map.clear();
    checkRoom(map, play.prepared.evict);
  });
}

/** It can be filled, and emptied. */
function checkRoom(map, evict) {
  const filled = Array.from({ length: MOST }, (_, index) => KEYS[index] || `other${index}`);
  for (const key of filled) map.set(key, 'x'.repeat(20));
  for (const key of evict ? filled.slice(-1) : filled) if (map.get(key) !== 'x'.repeat(20)) throw new Error(`after it is filled it does not have ${key}`);
  if (!evict && map.size !== MOST) throw new Error(`filled, it has ${map.size} instead of ${MOST} entries`);
  for (const key of Array.from(map.keys())) map.delete(key);
  if (map.size !== 0 || map.stats().liveBytes !== 0) throw new Error(`empty, it has ${map.size} entries of ${map.stats().liveBytes} bytes`);
}

function shown({ name, given, start, end, result, error }) {
  return `${start}–${end === undefined ? '' : end} ${name} ${given.filter((value) => typeof value === 'string').join(' ')} → ${error === undefined ? result : error.code}`;
}

module.exports = {
  open: open(),
  scenes: [
    ['three keys', prepare({ keys: [A, B, C] })],
    ['three keys and a number, in a ring that is full of old entries', prepare({ keys: [A, B, NUMBER, C], turns: 19 })],
    ['four keys and a number, one turn on', prepare({ keys: [NUMBER, A, B, D, C], turns: 22 })],
    ['a map that evicts, and is full', prepare({ keys: KEYS.concat('k'), evict: true, turns: 14 })],
  ],
  operations,
  leavesNothing: Object.keys(operations),
  cost: 2,
  // The entry that was written last goes, and its writer dies: so the next one writes into its place. And a ring is written over.
  often: {
    'death in a stop': [{ scene: 0, operations: ['get the last', 'delete the last', 'set another'], times: 3 }],
    'weak death in a stop': [{ scene: 0, operations: ['get the last', 'delete the last', 'set another'], first: 1, times: 3 }],
    'reader that is overtaken': [{ scene: 1, operations: [READERS, 'set many'] }],
    'weak reader that is overtaken': [{ scene: 1, operations: [READERS, 'set many'] }],
    'crossed twice': [{ scene: 0, operations: ['delete', 'get the last'], times: 10 }],
    'weak crossed': [{ scene: 1, operations: [READERS, 'set another, thrice'], times: 3 }],
  },
  readers: ['get the first', 'get the last', 'get none', 'get a number'],
  isDue,
  check,
  checkUse,
};
