'use strict';
// One schedule: what each actor does, and what happens before which of its steps.
//
// A subject (channel.js and so on) has
//   scenes       [name, prepare(world)]: what there is before; `prepare` returns what `check` compares with
//   operations   { name: { open, act(object, out, letter), isBlocking } }: what a process can do
//   isDue(world, sleeper)   whether what it sleeps for is there
//   check(play)  throws unless what the pages promise holds; play.actors has the outcomes
//   checkUse(play)  throws unless it can be used, when all others are dead
//   leavesNothing  the operations after which a process has nothing in its hands, whatever has failed
//   leave(object)  lets go of what a process has, after a run

const { Sequential } = require('./orders');
const { A_WHILE, Unwinding } = require('./process');
const { World } = require('./world');

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
 * `{ step: ['die'] | ['throw'] | ['force'] | ['stop', ...actors] | ['is taken for dead', ...actors] | ['pause'] | ['go on'] }`;
 * `later` is one for what it does after its first sleep. Who pauses goes on when another one says so, or after all the others.
 */
class Play {
  constructor(subject, scene, { isFresh = false, trace = null, order = undefined, watch = (out) => out, actors = [] } = {}) {
    this.subject = subject;
    this.world = new World(order);
    this.world.isFresh = isFresh;
    this.world.isDue = (sleeper) => subject.isDue(this.world, sleeper);
    /** @type {any[]} */
    this.actors = actors;
    this.watch = watch;
    this.hasDeath = false;
    this.hasFailure = false;
    /** Whether somebody was taken for dead who was stopped, and went on. */
    this.hasZombie = false;
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
      actor.out = this.watch({ kept: actor.kept }, actor.process);
      return act(object, actor.out, letter, actor.process.library.memory);
    }, this.#planned(plan), later && this.#planned(later));
    actor.out.hasReturned = true; // noted: what its promises do comes afterwards
    actor.steps = actor.process.steps;
    return actor;
  }

  #planned(plan) {
    return new Map(Object.entries(plan).map(([step, [what, ...others]]) => [Number(step), (process) => this.#do(what, process, others)]));
  }

  #do(what, process, others) {
    if (what === 'die') this.#die(process);
    else if (what === 'throw') this.#fail(process);
    else if (what === 'force') {
      this.hasFailure = true;
      process.endByForce();
    } else if (what === 'pause') {
      if (!this.isSettling) process.pause();
    } else if (what === 'go on') this.#goOnPaused();
    else if (what === 'is taken for dead') this.#takeForDead(process, others);
    else this.#stop(process, others);
  }

  #fail(process) {
    this.hasFailure = true;
    process.fail(new RangeError('Maximum call stack size exceeded'));
  }

  #die(process) {
    this.hasDeath = true;
    process.die();
  }

  /** Others act while a process is stopped. */
  #stop(process, others) {
    for (const other of others) {
      if (other.looks) this.#lookUpAtOnce();
      else if (other.dies) this.#die(process);
      else if (other.throws) this.#fail(process);
      else this.act(other);
    }
  }

  /** The same, and as long as it is stopped they are told that it is dead. */
  #takeForDead(process, others) {
    const { world } = this;
    this.hasZombie = true;
    process.wasTakenForDead = true;
    world.died(process, false);
    this.#stop(process, others);
    world.alive.add(process.number);
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
    if (forgotten !== undefined && !this.hasZombie) throw new Error(`nobody wakes ${forgotten.process.name}, which waits for what is there`);
    if (!this.hasDeath && !this.hasZombie && !this.hasFailure) return; // a lock that was left behind wakes nobody, either
    for (let died = -1; died !== world.deaths; ) {
      died = world.deaths;
      for (let look = 0; look < 3; look++) await this.#lookUp();
    }
    world.hasLooked = true;
    const stuck = world.sleepers.find((sleeper) => !sleeper.process.hasFailed && world.isDue(sleeper));
    if (stuck !== undefined && !this.hasZombie) throw new Error(`${stuck.process.name} sleeps on, though it has looked`);
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
    for (const sleeper of world.sleepers.filter(({ process }) => !process.hasFailed)) {
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
    process.isAlone = true;
    const { value, error } = process.run(act);
    process.kill();
    if (error !== undefined) throw error;
    return value;
  }

  end() {
    this.world.trace = null;
    this.world.end(this.subject.leave);
  }
}

/** Plays a program of actors in a scene. Throws what was wrong. */
async function play(subject, scene, program, options) {
  const played = new Play(subject, scene, options);
  unhandled.length = 0;
  try {
    for (const actor of program) {
      played.actInTurn(actor);
      await turn();
    }
    await played.settle();
    if (unhandled.length > 0) throw new Error(`nobody takes what was thrown: ${unhandled[0].message}`);
    for (const process of played.world.processes) {
      process.isQuiet = true;
      played.world.order.drain(process);
    }
    played.world.order = new Sequential();
    if (played.hasZombie) checkZombie(played);
    else subject.check(played);
  } finally {
    played.end();
  }
}

/**
 * Somebody was taken for dead, and went on in what others had recovered: then nothing is promised of what was in its hands,
 * nor of what it meets there. But every failure has a code, and what comes later can use the structure.
 */
function checkZombie(played) {
  const { actors, subject } = played;
  for (const { outcome, out } of actors) {
    for (const error of [outcome.error, out.error]) if (isUnforeseen(error)) throw error;
  }
  played.killAll();
  subject.checkUse(played);
}

/** Errors without a code are of the subjects: what they have found is told in the README. */
const isUnforeseen = (error) => error !== undefined && error.code === undefined && error.constructor !== Error && !(error instanceof Unwinding);

module.exports = { Play, play };
