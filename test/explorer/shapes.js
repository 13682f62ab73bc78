'use strict';
// The shapes of schedules: who does what, and what happens at which step of it.

/** Instead of an actor: the steps of the first one after its sleep, of which these many are looked at. */
const LATER = -1;
const STEPS_LATER = 16;

/** So many steps lie between two stops of one call at most. */
const APART = 6;

/**
 * The shapes of schedules: `program(operations, first, second)` are the actors in their order, where `first` and `second`
 * are steps of those that `interrupted` tells (0: none).
 */
const shapes = {
  deaths: {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['die'] } }, { operation: b, plan: { [j]: ['die'] } }],
  },
  stops: {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['die'] } }] } }],
  },
  'stop, then death': {
    actors: 2,
    interrupted: [0, 0],
    hasSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k + Math.max(0, j - 1)]: ['die'], [k]: ['stop', { operation: b }, ...(j === 1 ? [{ dies: true }] : [])] } }],
  },
  'two stops': {
    actors: 3,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b, c], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['stop', { operation: c }] } }] } }],
  },
  'death in a stop': {
    actors: 3,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b, c], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['die'] } }, { operation: c }, { looks: true }] } }],
  },
  'sleeper, then death': {
    actors: 3,
    sleeps: 1,
    interrupted: [1, 1],
    hasSecond: false,
    program: ([s, a, c], k) => [{ operation: s }, { operation: a, plan: { [k]: ['die'] } }, { operation: c }],
  },
  'sleeper in a stop': {
    actors: 3,
    sleeps: 1,
    interrupted: [1, 0],
    hasSecond: true,
    program: ([s, a, c], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: s, plan: { [j]: ['stop', { operation: c }] } }] } }],
  },
  'sleeper that is overtaken': {
    actors: 2,
    sleeps: 1,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([s, a], k, j) => [{ operation: s, plan: { [k]: ['stop', { operation: a, plan: { [j]: ['die'] } }] } }],
  },
  'two sleepers': {
    actors: 4,
    sleeps: 2,
    interrupted: [2, 3],
    hasSecond: true,
    program: ([s, t, a, b], k, j) => [{ operation: s }, { operation: t }, { operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['die'] } }] } }],
  },
  crossed: {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    needsSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['pause'] } }] } }],
  },
  'crossed twice': {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    needsSecond: true,
    apart: APART,
    program: ([a, b], k, second) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [Math.ceil(second / APART)]: ['pause'] } }], [k + 1 + (second % APART)]: ['go on'] } }],
  },
  'crossed by two': {
    actors: 3,
    interrupted: [0, 2],
    hasSecond: true,
    needsSecond: true,
    program: ([a, b, c], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b }, { operation: c, plan: { [j]: ['pause'] } }] } }],
  },
  'woken, then overtaken': {
    actors: 3,
    sleeps: 1,
    interrupted: [LATER, 2],
    hasSecond: true,
    program: ([s, a, c], k, j) => [{ operation: s, later: { [k]: ['stop', { operation: c, plan: { [j]: ['die'] } }] } }, { operation: a }],
  },
  'woken, then dead': {
    actors: 3,
    sleeps: 2,
    interrupted: [LATER, 2],
    hasSecond: false,
    program: ([s, t, a], k) => [{ operation: s, later: { [k]: ['die'] } }, { operation: t }, { operation: a }],
  },
  'sleeper, then the death of a holder': {
    actors: 3,
    sleeps: 1,
    interrupted: [2, 2],
    hasSecond: false,
    program: ([s, h, c], k) => [{ operation: h }, { operation: s }, { kills: 0 }, { operation: c, plan: { [k]: ['die'] } }, { operation: c }],
  },
  'reader that is overtaken': {
    actors: 2,
    reads: true,
    weight: 5,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([r, a], k) => [{ operation: r, plan: { [k]: ['stop', { operation: a }] } }],
  },
  'taken for dead': {
    actors: 2,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([a, b], k) => [{ operation: a, plan: { [k]: ['is taken for dead', { operation: b }, { looks: true }] } }],
  },
  'taken for dead by two': {
    actors: 3,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([a, b, c], k) => [{ operation: a, plan: { [k]: ['is taken for dead', { operation: b }, { operation: c }, { looks: true }] } }],
  },
  'taken for dead, crossed': {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    needsSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['is taken for dead', { operation: b, plan: { [j]: ['pause'] } }] } }],
  },
  'sleeper, then one taken for dead': {
    actors: 3,
    sleeps: 1,
    interrupted: [1, 0],
    hasSecond: false,
    program: ([s, a, b], k) => [{ operation: s }, { operation: a, plan: { [k]: ['is taken for dead', { operation: b }, { looks: true }] } }],
  },
  exceptions: {
    actors: 2,
    weight: 2,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([a, b], k) => [{ operation: a, plan: { [k]: ['throw'] } }, { operation: b, isAgain: true }],
  },
  'crossed, then an exception': {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    needsSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['pause'] } }, { throws: true }] } }],
  },
  'ends by force': {
    actors: 2,
    weight: 2,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([a, b], k) => [{ operation: a, plan: { [k]: ['force'] } }, { operation: b, isAgain: true }],
  },
};

for (const name of ['stops', 'stop, then death', 'two stops', 'death in a stop', 'sleeper in a stop', 'crossed', 'sleeper that is overtaken', 'reader that is overtaken']) {
  shapes[`weak ${name}`] = { ...shapes[name], isWeak: true };
}

/** How a schedule is printed, and read again: its shape, scene, operations, and steps, and what memory does by chance. */
const numberOf = ({ shape, scene, operations, first, second, chance = 0 }) => [shape, scene, operations.join('+'), first, second].concat(chance || []).join(':');

function scheduleOf(number) {
  const [shape, scene, operations, first, second, chance = 0] = number.split(':');
  return { shape, scene: Number(scene), operations: operations.split('+'), first: Number(first), second: Number(second), chance: Number(chance) };
}

module.exports = { LATER, STEPS_LATER, numberOf, scheduleOf, shapes };
