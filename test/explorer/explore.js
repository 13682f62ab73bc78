'use strict';
// Goes through schedules: who does what, and at which step of a call somebody dies, stops while others run, or gets an
// exception. A schedule has a number by which it can be played again: its shape, scene, operations, and steps.
//
// A subject (channel.js and so on) has
//   scenes       [name, prepare(world)]: what there is before; `prepare` returns what `check` compares with
//   operations   { name: { open, act(object, out, letter), isBlocking } }: what a process can do
//   isDue(world, sleeper)   whether what it sleeps for is there
//   check(play)  throws unless what the pages promise holds; play.actors has the outcomes

const { World } = require('./world');

/** Between two actors: what is due is done again (milliseconds). */
const A_WHILE = 1000;

/** A call with more steps than that does not end. */
const MAX_STEPS = 2000;

/** What happens in one schedule. An actor is `{ operation, plan: { step: ['die'] | ['throw'] | ['force'] | ['stop', ...actors] } }`. */
class Play {
  constructor(subject, scene, { isFresh = false, trace = null, order = undefined } = {}) {
    this.subject = subject;
    this.world = new World(order);
    this.world.isFresh = isFresh;
    this.world.isDue = (sleeper) => subject.isDue(this.world, sleeper);
    this.actors = [];
    this.hasDeath = false;
    this.prepared = subject.scenes[scene][1](this.world);
    this.world.trace = trace;
  }

  /** The same, or the first actor again, unless it is dead or asleep. */
  actInTurn(actor) {
    const [first] = this.actors;
    if (!actor.isAgain) this.act(actor);
    else if (first.outcome.ended === undefined || first.outcome.ended === 'by force') this.act(Object.assign({ by: first }, actor));
  }

  /** Has an actor do its operation; others while it is stopped. */
  act({ operation, plan = {}, by }) {
    const { subject, world } = this;
    const { open, act } = subject.operations[operation];
    world.time += A_WHILE;
    const letter = String.fromCharCode(65 + this.actors.length);
    const name = by === undefined ? letter : by.name;
    const actor = { name, letter, operation, by, out: {}, outcome: null, steps: 0, process: by === undefined ? world.process(name, open || subject.open) : by.process };
    this.actors.push(actor);
    const steps = new Map();
    for (const [step, [what, ...others]] of Object.entries(plan)) steps.set(Number(step), (process) => this.#do(what, process, others));
    actor.outcome = actor.process.run((object) => {
      actor.out = {};
      return act(object, actor.out, letter);
    }, steps);
    actor.steps = actor.process.steps;
    if (actor.steps > MAX_STEPS) throw new Error(`${operation} does not end`);
    return actor;
  }

  #do(what, process, others) {
    if (what === 'die') {
      this.hasDeath = true;
      process.die();
    } else if (what === 'throw') process.fail(new RangeError('Maximum call stack size exceeded'));
    else if (what === 'force') process.endByForce();
    else others.forEach((other) => this.act(other));
  }

  /** Those who have been woken go on. Whoever is left asleep with what it waits for at hand was forgotten. */
  async settle() {
    const { world } = this;
    for (;;) {
      world.resumeWoken((sleeper, outcome) => this.#note(sleeper, outcome));
      if (!world.hasEvents()) break;
      world.bringEvents();
      await new Promise(setImmediate);
    }
    const [forgotten] = world.forgotten();
    if (forgotten !== undefined) throw new Error(`nobody wakes ${forgotten.process.name}, which waits for what is there`);
    if (this.hasDeath) for (let look = 0; look < 2; look++) this.#lookUp();
    const [stuck] = world.sleepers.filter((sleeper) => !sleeper.isAsync && world.isDue(sleeper));
    if (stuck !== undefined) throw new Error(`${stuck.process.name} sleeps on, though it has looked`);
  }

  /** Has all who sleep look for the dead. */
  #lookUp() {
    const { world } = this;
    for (const sleeper of world.sleepers.filter(({ isAsync }) => !isAsync)) {
      world.time += A_WHILE;
      world.lookUp(sleeper, (outcome) => this.#note(sleeper, outcome));
      world.resumeWoken((other, outcome) => this.#note(other, outcome));
    }
  }

  #note({ process }, outcome) {
    const actor = this.actors.find((other) => other.process === process);
    actor.outcome = outcome;
  }

  /** Everybody is gone, so that what they have left can be looked at. */
  killAll() {
    for (const { process } of this.actors) this.world.kill(process);
    this.world.time += A_WHILE;
  }

  /** What a process does that comes afterwards. */
  afterwards(act, open = this.subject.open) {
    const process = this.world.process('afterwards', open);
    const { value, error, ended } = process.run(act);
    if (error !== undefined) throw error;
    if (ended !== undefined) throw new Error(`afterwards a call is stuck: ${ended}`);
    this.world.kill(process);
    return value;
  }

  end() {
    this.world.trace = null;
    this.world.end();
  }
}

/**
 * The shapes of schedules: `program(operations, first, second)` are the actors in their order, where `first` and `second`
 * are steps (0: none), and `reached(actors, which)` tells whether there are such steps.
 */
const shapes = {
  deaths: {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['die'] } }, { operation: b, plan: { [j]: ['die'] } }],
    reached: ([a, b], k, j) => [a.steps >= k, b.steps >= j],
  },
  stops: {
    actors: 2,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['die'] } }] } }],
    reached: ([a, b], k, j) => [a.steps >= k, b === undefined || b.steps >= j],
  },
  'stop, then death': {
    actors: 2,
    interrupted: [0, 0],
    hasSecond: true,
    program: ([a, b], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b }], [k + j]: j === 0 ? ['none'] : ['die'] } }],
    reached: ([a], k, j) => [a.steps >= k, a.steps >= k + j],
  },
  'two stops': {
    actors: 3,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b, c], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['stop', { operation: c }] } }] } }],
    reached: ([a, b], k, j) => [a.steps >= k, b === undefined || b.steps >= j],
  },
  'death in a stop': {
    actors: 3,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([a, b, c], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: b, plan: { [j]: ['die'] } }, { operation: c }] } }],
    reached: ([a, b], k, j) => [a.steps >= k, b === undefined || b.steps >= j],
  },
  'sleeper, then death': {
    actors: 3,
    sleeps: true,
    interrupted: [1, 1],
    hasSecond: false,
    program: ([s, a, c], k) => [{ operation: s }, { operation: a, plan: { [k]: ['die'] } }, { operation: c }],
    reached: ([, a], k) => [a.steps >= k, false],
  },
  'sleeper in a stop': {
    actors: 3,
    sleeps: true,
    interrupted: [1, 0],
    hasSecond: true,
    program: ([s, a, c], k, j) => [{ operation: a, plan: { [k]: ['stop', { operation: s, plan: { [j]: ['stop', { operation: c }] } }] } }],
    reached: ([a, s], k, j) => [a.steps >= k, s !== undefined && s.steps >= j],
  },
  'sleeper that is overtaken': {
    actors: 2,
    sleeps: true,
    interrupted: [0, 1],
    hasSecond: true,
    program: ([s, a], k, j) => [{ operation: s, plan: { [k]: ['stop', { operation: a, plan: { [j]: ['die'] } }] } }],
    reached: ([s, a], k, j) => [s.steps >= k, a !== undefined && a.steps >= j],
  },
  exceptions: {
    actors: 2,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([a, b], k) => [{ operation: a, plan: { [k]: ['throw'] } }, { operation: b, isAgain: true }],
    reached: ([a], k) => [a.steps >= k, false],
  },
  'ends by force': {
    actors: 2,
    interrupted: [0, 0],
    hasSecond: false,
    program: ([a, b], k) => [{ operation: a, plan: { [k]: ['force'] } }, { operation: b, isAgain: true }],
    reached: ([a], k) => [a.steps >= k, false],
  },
};

/** Plays one schedule; what its steps have reached. Throws what was wrong. */
async function playOne(subject, { shape, scene, operations, first, second }, options) {
  const play = new Play(subject, scene, options);
  const { program, reached } = shapes[shape];
  try {
    for (const actor of program(operations, first, second)) play.actInTurn(actor);
    await play.settle();
    subject.check(play);
    return reached(play.actors, first, second);
  } finally {
    play.end();
  }
}

/** How a schedule is printed, and read again. */
const numberOf = ({ shape, scene, operations, first, second }) => [shape, scene, operations.join('+'), first, second].join(':');

function scheduleOf(number) {
  const [shape, scene, operations, first, second] = number.split(':');
  return { shape, scene: Number(scene), operations: operations.split('+'), first: Number(first), second: Number(second) };
}

/** All combinations of so many operations. @param {string[]} names */
function* tuples(names, blocking, { actors, sleeps }) {
  const firsts = sleeps ? blocking : names;
  const rest = actors === 3 ? names.flatMap((b) => names.map((c) => [b, c])) : names.map((b) => [b]);
  for (const first of firsts) for (const others of rest) yield [first, ...others];
}

/** A number from others that is spread evenly. */
function hash(...numbers) {
  let value = 0x811c9dc5;
  for (const number of numbers) value = Math.imul(value ^ number, 0x01000193);
  value ^= value >>> 15;
  return value >>> 0;
}

/** How many steps each operation takes in each scene when nothing comes between, and a few more than that. */
async function lengthsOf(subject) {
  const lengths = new Map();
  for (let scene = 0; scene < subject.scenes.length; scene++) {
    for (const operation of Object.keys(subject.operations)) {
      const play = new Play(subject, scene);
      const { steps } = play.act({ operation });
      play.end();
      lengths.set(`${scene} ${operation}`, Math.ceil(steps * 1.3) + 3);
    }
  }
  return lengths;
}

/** All schedules of a shape. `reached` is told what one has reached, so that steps that are not there are left out. */
function* schedulesOf(subject, shape, lengths) {
  const { interrupted, hasSecond } = shapes[shape];
  const names = Object.keys(subject.operations);
  const blocking = names.filter((name) => subject.operations[name].isBlocking);
  for (let scene = 0; scene < subject.scenes.length; scene++) {
    for (const operations of tuples(names, blocking, shapes[shape])) {
      const [firsts, seconds] = interrupted.map((actor) => lengths.get(`${scene} ${operations[actor]}`));
      const reached = { first: true, second: true };
      for (let first = 1; first <= firsts && reached.first; first++) {
        reached.second = true;
        for (let second = 0; second <= (hasSecond ? seconds : 0) && reached.first && reached.second; second++) {
          yield { schedule: { shape, scene, operations, first, second }, reached };
        }
      }
    }
  }
}

/**
 * Plays the schedules of a subject, about `budget` of each shape, spread over all of them by `seed`; Infinity: all. Ends
 * at the first fault, unless it `goesOn`, or at a time.
 */
async function explore(subject, { budget, only = Object.keys(shapes), until = Infinity, seed = 0, goesOn = false, onFault }) {
  const counts = {};
  const lengths = await lengthsOf(subject);
  for (const shape of only.filter((name) => !(subject.without || []).includes(name))) {
    const share = budget === Infinity ? 1 : Math.ceil(Array.from(schedulesOf(subject, shape, lengths)).length / budget);
    counts[shape] = 0;
    let index = 0;
    for (const { schedule, reached } of schedulesOf(subject, shape, lengths)) {
      if (hash(index++, seed) % share !== 0) continue;
      if (Date.now() > until) return counts;
      counts[shape]++;
      try {
        [reached.first, reached.second] = await playOne(subject, schedule);
      } catch (error) {
        onFault(schedule, error);
        if (!goesOn) return counts;
      }
    }
  }
  return counts;
}

module.exports = { Play, explore, numberOf, playOne, scheduleOf, shapes };
