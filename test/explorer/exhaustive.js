'use strict';
// Goes through all schedules of two actors, and leaves out those that are equal to one that has been played:
//
//   a death   before a step is equal to one before the step after it, if the step only reads, since nobody reads what the
//             dead one knew
//   a stop    before a step is equal to one before the step after it, if the step is an access to memory that nobody
//             has to do with who acts meanwhile: neither reads what it writes, nor writes what it touches
//
// In between nothing may be noted in `out`, which `check` knows, nor the clock be read, which the others put forward, nor
// anybody else do anything.

const { Sequential } = require('./orders');
const { play } = require('./play');
const { shapes } = require('./shapes');

const ACCESSES = new Set(['get', 'set', 'load', 'store', 'compareExchange', 'exchange', 'add', 'sub', 'and', 'or', 'xor']);

/** A step that is never come to. */
const NEVER = 1e9;

/** Notes what all processes do, in the order in which they do it. */
class Recorder extends Sequential {
  /** @type {{ process: any, step?: string, address?: number, size?: number, isWrite?: boolean }[]} */
  events = [];

  load(process, array, index, isAcquire) {
    this.#note(process, array, index, false);
    return super.load(process, array, index, isAcquire);
  }

  store(process, array, index, value, isRelease) {
    this.#note(process, array, index, true);
    super.store(process, array, index, value, isRelease);
  }

  exchange(process, array, index, compute) {
    const old = super.exchange(process, array, index, compute);
    this.#note(process, array, index, array[index] !== old);
    return old;
  }

  loadBytes(process, bytes, start, end) {
    this.#noteBytes(process, bytes, start, end - start, false);
    return super.loadBytes(process, bytes, start, end);
  }

  storeBytes(process, bytes, start, values) {
    this.#noteBytes(process, bytes, start, values.length, true);
    super.storeBytes(process, bytes, start, values);
  }

  /** A call begins, or goes on. */
  comesBack() {
    this.events.push({ process: null });
  }

  now(process, array, index) {
    this.#note(process, array, index, false);
    return super.now(process, array, index);
  }

  #note(process, array, index, isWrite) {
    this.events.push({ process, address: array.byteOffset + index * array.BYTES_PER_ELEMENT, size: array.BYTES_PER_ELEMENT, isWrite });
  }

  #noteBytes(process, bytes, start, size, isWrite) {
    this.events.push({ process, address: bytes.byteOffset + start, size, isWrite });
  }
}

/** Plays a program; what its actors have done. */
async function record(subject, scene, program) {
  const order = new Recorder();
  const { events } = order;
  /** @type {any[]} */
  const actors = [];
  const trace = (process, step, isFree) => events.push({ process, step: isFree ? undefined : step });
  const watch = (out, process) => new Proxy(out, { set: (target, name, value) => (events.push({ process }), (target[name] = value), true) });
  try {
    await play(subject, scene, program, { order, trace, watch, actors });
    return { error: null, actors, events };
  } catch (error) {
    return { error, actors, events };
  }
}

/** The steps of one actor: where each begins in the events, what it accesses, and whether anything comes between it and the next. */
function stepsOf({ events }, process) {
  const steps = [];
  let last = null;
  events.forEach((event, at) => {
    if (event.process !== process) return;
    if (event.step !== undefined) {
      if (last !== null) last.isFollowed = events[at - 1].process === process;
      steps.push((last = { at, name: event.step, accesses: [], isNoted: false, isFollowed: false }));
    } else if (last !== null && event.address !== undefined) last.accesses.push(event);
    else if (last !== null) last.isNoted = true;
  });
  return steps;
}

const onlyReads = ({ name, accesses, isNoted, isFollowed }) => isFollowed && !isNoted && (name === 'isAlive' || (ACCESSES.has(name) && accesses.every(({ isWrite }) => !isWrite)));

const meet = (one, other) => (one.isWrite || other.isWrite) && one.address < other.address + other.size && other.address < one.address + one.size;

/** Up to which step a stop before step `first` is equal to one later on. */
function equalUntil(recorded, process, steps, first) {
  const meanwhile = [];
  for (let at = steps[first - 1].at + 1; at < recorded.events.length && recorded.events[at].process !== process; at++) {
    if (recorded.events[at].address !== undefined) meanwhile.push(recorded.events[at]);
  }
  let until = first;
  for (let index = first - 1; index < steps.length; index++, until++) {
    const { name, accesses, isNoted, isFollowed } = steps[index];
    if (isNoted || !isFollowed || !ACCESSES.has(name) || accesses.some((access) => meanwhile.some((other) => meet(access, other)))) break;
  }
  return until;
}

/** Plays all schedules of a pair of operations; calls `played(first, second, error)` for each. How many there are, with those left out. */
async function explorePair(subject, shape, scene, operations, played) {
  const { program } = shapes[shape];
  const run = async (first, second) => {
    const recorded = await record(subject, scene, program(operations, first, second));
    played(first, second, recorded.error);
    return recorded;
  };
  const base = await record(subject, scene, program(operations, NEVER, 0));
  const firsts = stepsOf(base, base.actors[0].process);
  let all = 0;
  /** Up to which first step a schedule with this second step stands for others. */
  const until = [];
  let seconds = [];
  const isDeath = shape === 'deaths';
  // Last, the first one lives, and the second one dies.
  for (let first = 1; first <= firsts.length + (isDeath ? 1 : 0); first++) {
    const isEqual = first > 1 && (isDeath ? onlyReads(firsts[first - 2]) : first <= (until[0] || 0));
    if (!isEqual) {
      const whole = await run(first, 0);
      const [a, b] = whole.actors.map(({ process }) => process);
      const steps = stepsOf(whole, a);
      if (!isDeath) until[0] = equalUntil(whole, a, steps, first);
      seconds = shape === 'stop, then death' ? steps.slice(first - 1) : stepsOf(whole, b);
    }
    all += seconds.length + 1;
    if (shape === 'stop, then death' && isEqual) {
      all--;
      seconds = seconds.slice(1); // the same death, from a step later on
      continue;
    }
    if (isDeath && isEqual) continue;
    for (let second = 1; second <= seconds.length; second++) {
      if (second > 1 && onlyReads(seconds[second - 2])) continue;
      if (shape === 'stops' && first <= (until[second] || 0)) continue;
      const recorded = await run(first, second);
      if (shape !== 'stops') continue;
      const [{ process }] = recorded.actors;
      until[second] = equalUntil(recorded, process, stepsOf(recorded, process), first);
    }
  }
  return all;
}

/** All pairs of a shape: how many schedules were played, and for how many they stand. */
async function exploreAll(subject, shape, onFault) {
  const names = Object.keys(subject.operations);
  const counts = { played: 0, all: 0 };
  for (let scene = 0; scene < subject.scenes.length; scene++) {
    for (const operations of names.flatMap((a) => names.map((b) => [a, b]))) {
      const played = (first, second, error) => {
        counts.played++;
        if (error !== null) onFault({ shape, scene, operations, first, second }, error);
      };
      counts.all += await explorePair(subject, shape, scene, operations, played);
    }
  }
  return counts;
}

module.exports = { PAIRS: ['deaths', 'stops', 'stop, then death'], exploreAll, explorePair };
