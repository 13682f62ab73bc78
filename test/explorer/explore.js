'use strict';
// Goes through schedules of a subject: see play.js. What tells which ones:
//
//   readers      operations that take no lock: others overtake them
//   often        operations that are to meet in a shape more often than by chance, since few steps of it matter
//   without      shapes that mean nothing to it
//   cost         how long a schedule takes, as compared to others

const { Weak } = require('./orders');
const { Play, play } = require('./play');
const { LATER, STEPS_LATER, shapes } = require('./shapes');

/** A number below this one says what memory does where it is weak. */
const MOST_CHANCE = 1e6;

/** Plays one schedule. Throws what was wrong. */
function playOne(subject, { shape, scene, operations, first, second, chance }, options) {
  const { program, isWeak } = shapes[shape];
  const order = isWeak ? new Weak(hash(chance, first, second, scene, ...Buffer.from(operations.join()))) : undefined;
  return play(subject, scene, program(operations, first, second), { order, ...options });
}

/** What is wrong with a schedule; null if nothing is. */
async function faultOf(subject, schedule) {
  try {
    await playOne(subject, schedule, { isFresh: true });
    return null;
  } catch (error) {
    return error;
  }
}

/** All combinations of so many operations. @param {string[]} names */
function* tuples(names, firsts, { actors, sleeps = 0, reads = false }, chosen = []) {
  const isFirst = chosen.length < sleeps || (reads && chosen.length === 0);
  if (chosen.length === actors) yield chosen;
  else for (const name of isFirst ? firsts : names) yield* tuples(names, firsts, { actors, sleeps, reads }, chosen.concat(name));
}

/** A number from others that is spread evenly. */
function hash(...numbers) {
  let value = 0x811c9dc5;
  for (const number of numbers) value = Math.imul(value ^ number, 0x01000193);
  value ^= value >>> 15;
  return value >>> 0;
}

/** How many steps each operation takes in each scene when nothing comes between, and a few more. */
function lengthsOf(subject) {
  const lengths = new Map();
  for (let scene = 0; scene < subject.scenes.length; scene++) {
    for (const operation of Object.keys(subject.operations)) {
      const play = new Play(subject, scene);
      lengths.set(`${scene} ${operation}`, play.act({ operation }).steps + 2);
      play.end();
    }
  }
  return lengths;
}

/** The combinations of a shape, each with all steps of those that are interrupted: a block of schedules. */
function blocksOf(subject, shape, lengths) {
  const { interrupted, hasSecond, apart = 1 } = shapes[shape];
  const names = Object.keys(subject.operations);
  const blocking = shapes[shape].reads ? subject.readers || [] : names.filter((name) => subject.operations[name].isBlocking);
  return subject.scenes.flatMap((_, scene) =>
    Array.from(tuples(names, blocking, shapes[shape]), (operations) => {
      const [firsts, seconds] = interrupted.map((actor) => (actor === LATER ? STEPS_LATER : lengths.get(`${scene} ${operations[actor]}`)));
      return { shape, scene, operations, firsts, seconds: hasSecond ? (seconds + 1) * apart : 1 };
    }),
  );
}

/** About so many schedules out of blocks, spread evenly. Where memory is weak, one can be played several times. */
function* sample(blocks, budget, seed, { needsSecond = false, isWeak = false }) {
  const all = blocks.reduce((sum, { firsts, seconds }) => sum + firsts * seconds, 0);
  const share = isWeak && budget < Infinity ? all / budget : Math.max(1, all / budget);
  let before = 0;
  let number = 0;
  for (const { shape, scene, operations, firsts, seconds } of blocks) {
    for (;;) {
      const at = Math.floor(share * number + (share > 1 ? (hash(number, seed) / 2 ** 32) * share : 0)) - before;
      if (at >= firsts * seconds) break;
      // Of a sample every second one has no second step, unless it is nothing without.
      const second = needsSecond ? Math.max(1, at % seconds) : share > 1 && hash(number, 1) % 2 === 0 ? 0 : at % seconds;
      const chance = isWeak ? hash(number, seed, 2) % MOST_CHANCE : 0;
      yield { shape, scene, operations, first: 1 + Math.floor(at / seconds), second, chance };
      number++;
    }
    before += firsts * seconds;
  }
}

/** About so many schedules of a shape, and more of the operations that are to meet in it `often`. */
function* samples(subject, shape, lengths, budget, seed) {
  const blocks = blocksOf(subject, shape, lengths);
  yield* sample(blocks, budget, seed, shapes[shape]);
  for (const { scene, operations, first, times = 1 } of (subject.often || {})[shape] || []) {
    const meet = blocks
      .filter((block) => (scene === undefined || scene === block.scene) && operations.every((names, actor) => names.split('|').includes(block.operations[actor])))
      .map((block) => (first === undefined ? block : { ...block, firsts: first }));
    yield* sample(meet, times * budget, seed, shapes[shape]);
  }
}

/**
 * Plays the schedules of a subject, about `budget` of each shape; Infinity: all. Ends at the first fault, unless it
 * `goesOn`, or at a time.
 */
async function explore(subject, { budget, only = Object.keys(shapes), until = Infinity, seed = 0, goesOn = false, onFault }) {
  const counts = {};
  const lengths = lengthsOf(subject);
  for (const shape of only.filter((name) => !(subject.without || []).includes(name))) {
    const weight = shapes[shape].weight || 1;
    counts[shape] = 0;
    for (const schedule of samples(subject, shape, lengths, (budget * weight) / (subject.cost || 1), seed)) {
      if (Date.now() > until) return counts;
      counts[shape]++;
      try {
        await playOne(subject, schedule);
      } catch (_) {
        // Once more, where nothing is left of earlier runs.
        const error = await faultOf(subject, schedule);
        if (error === null) continue;
        onFault(schedule, error);
        if (!goesOn) return counts;
      }
    }
  }
  return counts;
}

module.exports = { explore, lengthsOf, playOne, tuples };
