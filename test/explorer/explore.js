'use strict';
// Goes through schedules: who does what, and at which step of a call somebody dies, stops while others run, or gets an
// exception. A schedule has a number by which it can be played again: its shape, scene, operations, and steps.
//
// A subject (channel.js and so on) has
//   scenes       [name, prepare(world)]: what there is before; `prepare` returns what `check` compares with
//   operations   { name: { open, act(object, out, letter), isBlocking } }: what a process can do
//   isDue(world, sleeper)   whether what it sleeps for is there
//   check(play)  throws unless what the pages promise holds; play.actors has the outcomes
//   readers      operations that take no lock: others overtake them
//   leavesNothing  the operations after which a process has nothing in its hands, whatever has failed
//   cost         how long a schedule takes, as compared to others

const { Sequential, Weak } = require('./orders');
const { Unwinding } = require('./process');
const { World } = require('./world');

/** Between two actors: what is due is done again (milliseconds). */
const A_WHILE = 1000;

/** What there is before, of scenes in which all are gone who have made that. @type {Map<any, { buffer: ArrayBuffer, result: any }>} */
const kept = new Map();

/** Prepares a scene, or takes what there was the first time. */
function prepared(subject, scene, world) {
  const [, prepare] = subject.scenes[scene];
  const known = kept.get(prepare);
  if (known !== undefined) {
    world.create(known.buffer.byteLength);
    new Uint8Array(world.buffer).set(new Uint8Array(known.buffer));
    return known.result;
  }
  const result = prepare(world);
  if (world.alive.size === 0) {
    kept.set(prepare, { buffer: world.buffer.slice(0), result });
    world.processes.forEach((process) => process.retire());
  }
  return result;
}

/** What promises have to do is done. */
const turn = () => new Promise(setImmediate);

/** What was thrown in a promise's turn, where nobody takes it: it would end a user's process. @type {Error[]} */
const unhandled = [];

// Who dies there only leaves its stack.
process.on('unhandledRejection', (error) => void (error instanceof Unwinding || unhandled.push(/** @type {Error} */ (error))));

/**
 * What happens in one schedule. An actor is `{ operation, plan, later }`. A plan says what happens before its steps,
 * `{ step: ['die'] | ['throw'] | ['force'] | ['stop', ...actors] | ['pause'] | ['go on'] }`; `later` is one for what it
 * does after its first sleep. Who pauses goes on when another one says so, or after all the others.
 */
class Play {
  constructor(subject, scene, { isFresh = false, trace = null, order = undefined } = {}) {
    this.subject = subject;
    this.world = new World(order);
    this.world.isFresh = isFresh;
    this.world.isDue = (sleeper) => subject.isDue(this.world, sleeper);
    this.actors = [];
    this.hasDeath = false;
    this.hasFailure = false;
    /** Whether those who pause go on. */
    this.isSettling = false;
    this.prepared = prepared(subject, scene, this.world);
    this.world.trace = trace;
  }

  /** The same, or the first actor again, unless it is dead or asleep. */
  actInTurn(actor) {
    const [first] = this.actors;
    if (actor.kills !== undefined) {
      this.hasDeath = true;
      this.actors[actor.kills].process.kill();
    } else if (!actor.isAgain) this.act(actor);
    else if (first.outcome.ended === undefined || first.outcome.ended === 'by force') this.act(Object.assign({ by: first }, actor));
  }

  /** Has an actor do its operation; others while it is stopped. */
  act({ operation, plan = {}, later = null, by }) {
    const { subject, world } = this;
    const { open, act } = subject.operations[operation];
    world.time += A_WHILE;
    const letter = String.fromCharCode(65 + this.actors.length);
    const name = by === undefined ? letter : by.name;
    const actor = { name, letter, operation, by, kept: {}, out: {}, outcome: null, steps: 0, process: by === undefined ? world.process(name, open || subject.open) : by.process };
    this.actors.push(actor);
    actor.outcome = actor.process.run((object) => {
      actor.out = { kept: actor.kept };
      return act(object, actor.out, letter, actor.process.library.memory);
    }, this.#planned(plan), later && this.#planned(later));
    actor.steps = actor.process.steps;
    return actor;
  }

  #planned(plan) {
    return new Map(Object.entries(plan).map(([step, [what, ...others]]) => [Number(step), (process) => this.#do(what, process, others)]));
  }

  #do(what, process, others) {
    if (what === 'die') {
      this.hasDeath = true;
      process.die();
    } else if (what === 'throw') {
      this.hasFailure = true;
      process.fail(new RangeError('Maximum call stack size exceeded'));
    } else if (what === 'force') {
      this.hasFailure = true;
      process.endByForce();
    } else if (what === 'pause') {
      if (!this.isSettling) process.pause();
    } else if (what === 'go on') this.#goOnPaused();
    else others.forEach((other) => (other.looks ? this.#lookUpAtOnce() : this.act(other)));
  }

  /** Has those who sleep in a call look for the dead. */
  #lookUpAtOnce() {
    const { world } = this;
    world.time += A_WHILE;
    for (const sleeper of world.sleepers.filter(({ isAsync }) => !isAsync)) world.lookUp(sleeper, (outcome) => this.#note(sleeper, outcome));
  }

  #goOnPaused() {
    for (const actor of this.actors) if (actor.outcome !== null && actor.outcome.ended === 'paused') actor.outcome = actor.process.goOn();
  }

  /** Those who have been woken go on. Whoever is left asleep with what it waits for at hand was forgotten. */
  async settle() {
    const { world } = this;
    this.isSettling = true;
    this.#goOnPaused();
    await this.#goOn();
    const [forgotten] = world.forgotten();
    if (forgotten !== undefined) throw new Error(`nobody wakes ${forgotten.process.name}, which waits for what is there`);
    if (!this.hasDeath) return;
    for (let died = -1; died !== world.deaths; ) {
      died = world.deaths;
      for (let look = 0; look < 3; look++) await this.#lookUp();
    }
    world.hasLooked = true;
    const stuck = world.sleepers.find((sleeper) => world.isDue(sleeper));
    if (stuck !== undefined) throw new Error(`${stuck.process.name} sleeps on, though it has looked`);
  }

  async #goOn() {
    const { world } = this;
    const ended = (sleeper, outcome) => this.#note(sleeper, outcome);
    do {
      world.resumeWoken(ended);
      if (world.hasEvents()) world.bringEvents();
      await turn();
    } while (world.woken() !== undefined || world.hasEvents());
  }

  /** Has all who sleep look for the dead. */
  async #lookUp() {
    const { world } = this;
    for (const sleeper of world.sleepers.slice()) {
      world.time += A_WHILE;
      if (sleeper.isAsync) sleeper.process.runTimers();
      else world.lookUp(sleeper, (outcome) => this.#note(sleeper, outcome));
      await this.#goOn();
    }
  }

  #note({ process }, outcome) {
    const actor = this.actors.find((other) => other.process === process);
    actor.outcome = outcome;
  }

  /**
   * Everybody is gone, so that what they have left can be looked at. After an exception or an end by force the process
   * lives on, if its operations leave nothing in its hands: then nothing may be missing either.
   */
  killAll() {
    const { leavesNothing } = this.subject;
    const livesOn = this.hasFailure && leavesNothing !== undefined && this.actors.every(({ operation }) => leavesNothing.includes(operation));
    for (const { process } of this.actors) {
      if (livesOn) process.runTimers();
      else process.kill();
    }
    this.world.time += A_WHILE;
  }

  /** What a process does that comes afterwards. */
  afterwards(act, open = this.subject.open) {
    const process = this.world.process('afterwards', open);
    let outcome = process.run(act);
    for (let looks = 0; outcome.ended === 'asleep' && looks < 3; looks++) {
      this.world.time += A_WHILE;
      const sleeper = this.world.sleepers.find((other) => other.process === process);
      this.world.lookUp(sleeper, (next) => (outcome = next));
    }
    const { value, error, ended } = outcome;
    if (error !== undefined) throw error;
    if (ended !== undefined) throw new Error(`afterwards a call is stuck: ${ended}`);
    process.kill();
    return value;
  }

  end() {
    this.world.trace = null;
    this.world.end();
  }
}

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
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b }], [k + j]: j === 0 ? ['none'] : ['die'] } }],
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
  exceptions: {
    actors: 2,
    weight: 2,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([a, b], k) => [{ operation: a, plan: { [k]: ['throw'] } }, { operation: b, isAgain: true }],
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

/** Plays one schedule. Throws what was wrong. */
async function playOne(subject, { shape, scene, operations, first, second }, options) {
  const { program, isWeak } = shapes[shape];
  const order = isWeak ? new Weak(hash(first, second, scene, ...Buffer.from(operations.join()))) : undefined;
  const play = new Play(subject, scene, { order, ...options });
  unhandled.length = 0;
  try {
    for (const actor of program(operations, first, second)) {
      play.actInTurn(actor);
      await turn();
    }
    await play.settle();
    if (unhandled.length > 0) throw new Error(`nobody takes what was thrown: ${unhandled[0].message}`);
    for (const process of play.world.processes) {
      process.isQuiet = true;
      play.world.order.drain(process);
    }
    play.world.order = new Sequential();
    subject.check(play);
  } finally {
    play.end();
  }
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

/** How a schedule is printed, and read again. */
const numberOf = ({ shape, scene, operations, first, second }) => [shape, scene, operations.join('+'), first, second].join(':');

function scheduleOf(number) {
  const [shape, scene, operations, first, second] = number.split(':');
  return { shape, scene: Number(scene), operations: operations.split('+'), first: Number(first), second: Number(second) };
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

/** About so many schedules out of blocks, spread evenly. */
function* sample(blocks, budget, seed, { needsSecond = false } = {}) {
  const all = blocks.reduce((sum, { firsts, seconds }) => sum + firsts * seconds, 0);
  const share = Math.max(1, all / budget);
  let before = 0;
  let number = 0;
  for (const { shape, scene, operations, firsts, seconds } of blocks) {
    for (;;) {
      const at = Math.floor(share * number + (share > 1 ? (hash(number, seed) / 2 ** 32) * share : 0)) - before;
      if (at >= firsts * seconds) break;
      // Every second one has no second step, unless it is nothing without.
      const second = needsSecond ? Math.max(1, at % seconds) : hash(number, 1) % 2 === 0 ? 0 : at % seconds;
      yield { shape, scene, operations, first: 1 + Math.floor(at / seconds), second };
      number++;
    }
    before += firsts * seconds;
  }
}

/** About so many schedules of a shape, and more of the operations that are to meet in it `often`. */
function* samples(subject, shape, lengths, budget, seed) {
  const blocks = blocksOf(subject, shape, lengths);
  yield* sample(blocks, budget, seed, shapes[shape]);
  for (const { scene, operations, times = 1 } of (subject.often || {})[shape] || []) {
    const meet = blocks.filter((block) => (scene === undefined || scene === block.scene) && operations.every((names, actor) => names.split('|').includes(block.operations[actor])));
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

module.exports = { Play, explore, numberOf, playOne, scheduleOf, shapes };
