'use strict';
// A process of the explorer's loads lib/ for itself, as every process does: what a file remembers belongs to one of them.
// What asks the system is played: the kernel's waits, the clock and its timers, liveness, and memory under a key.

const path = require('path');
const { atomicsOf, memoryOf } = require('./accesses');
const { sourceOf } = require('./steps');

const lib = path.join(__dirname, '..', '..', 'lib');

/** What the native functions answer, as native/node/results.rs has it by name. */
const results = { OK: 0, NOT_EQUAL: 1, TIMED_OUT: 2, NOT_EQUAL_AT_ONCE: -1, NOT_OURS: -2, NO_PLACE: -3, BEGUN: -4, DETACHED: -5 };

const KEY = '/explored';

/** The modules that are played, by their paths in lib/. @param {any} library whose `process` is asked */
function playedModules(library) {
  const kept = new Map();
  const ask = (kind, perform, isFree) => {
    const { process } = library;
    return process.ask(kind, () => perform(process.world), isFree);
  };
  const binding = {
    results,
    optionBits: { raw: 1, copyOnWrite: 2, readOnly: 4, shared: 8 },
    ownerNumber: () => library.number,
    isOwnerAlive: (owner) => ask('isAlive', ({ alive }) => alive.has(owner)),
    wait: (words, index, value, timeout) => library.process.wait(words, index, value, timeout),
    waitAsync: (words, index, value) => library.process.waitAsync(words, index, value),
    cancelWait: (id) => library.process.cancelWait(id),
    cancelDetached() {},
    notify: (words, index, count) => library.process.notify(words, index, count),
    onWaitEnded: (ended) => (library.onWaitEnded = ended),
    find: () => KEY,
    keyOf: () => KEY,
    isCurrent: () => true,
  };
  const view = (type) => {
    const { buffer } = library.process.world;
    return type === 'Buffer' ? Buffer.from(buffer) : new Int32Array(buffer);
  };
  const memory = {
    get: (_key, type) => (ask('memory', ({ buffer }) => buffer !== null, true) ? view(type) : null),
    create: (count, type) => (ask('create', (world) => world.create(type === 'Buffer' ? count : 4 * count), true) ? view(type) : null),
    getOrCreate: (count, type) => memory.create(count, type) || view(type),
    keyOf: () => KEY,
    beforeDetach() {},
    detach() {},
    destroy: () => true,
  };
  const clock = {
    LONGEST_TIMER: 2 ** 31 - 1,
    now: () => ask('now', ({ time }) => time, true),
    time: () => ask('time', ({ time }) => time, true),
    setImmediate: (callback) => void library.process.immediates.push(callback),
    setTimeout: (callback, delay, ...given) => library.process.addTimer(() => callback(...given), delay, false),
    setInterval: (callback, delay) => library.process.addTimer(callback, delay, true),
    clearTimeout: (timer) => library.process.timers.delete(timer),
    clearInterval: (timer) => library.process.timers.delete(timer),
  };
  // As lib/ has it, but a process that dies in there does not go on.
  const owners = {
    ownNumber: () => library.number,
    isAlive(owner) {
      try {
        return binding.isOwnerAlive(owner);
      } catch (error) {
        if (library.process.unwinding !== null) throw error;
        return true;
      }
    },
  };
  let numbers = 0;
  return {
    'runtime/binding.js': binding,
    'runtime/owner.js': owners,
    'runtime/clock.js': clock,
    'runtime/thread.js': { oncePerThread: (name, make) => kept.get(name) || kept.set(name, make()).get(name) },
    'runtime/cleanup.js': { detachAtExit() {}, isMainThread: () => true, setQuiet() {} },
    'memory/index.js': memory,
    'memory/stat.js': { stat: () => null },
    // One processor: nobody spins, which would be many steps that change nothing.
    os: { availableParallelism: () => 1 },
    crypto: { randomInt: () => 1000 * library.number + ++numbers, randomBytes: (size) => Buffer.alloc(size, 7) },
  };
}

/** The files that are played, the same for all. */
const played = new Set(['runtime/binding.js', 'runtime/owner.js', 'runtime/clock.js', 'runtime/thread.js', 'runtime/cleanup.js', 'memory/index.js', 'memory/stat.js'].map((name) => path.join(lib, name)));

/** Whether a file is the same for all processes: neither it nor what it loads has any state, or is played. */
function isStateless(file) {
  if (!stateless.has(file)) {
    stateless.set(file, true); // for those that load each other
    const { hasState, needs } = sourceOf(file);
    stateless.set(file, !hasState && Array.from(needs.values()).every((needed) => !played.has(needed) && isStateless(needed)));
  }
  return stateless.get(file);
}

const stateless = new Map();

/** The files that all processes have in common. */
const common = new Map();

/** Where loads and stores may pass each other, lib/ keeps them in order: so it does here. */
const processOfArm = Object.create(process, { arch: { value: 'arm64' } });

/** Nothing is collected as long as a run takes. */
class NoRegistry {
  register() {}
  unregister() {}
}

class Library {
  #modules = new Map();
  #atomics = atomicsOf(this);
  /** Accesses to elements of arrays; a subject's own may use them, too. */
  memory = memoryOf(this);

  constructor(number) {
    /** The number of the process that has it, as an owner. */
    this.number = number;
    /** @type {any} */
    this.process = null;
    this.onWaitEnded = (_id, _result) => {};
    this.uses = 0;
    for (const [name, exports] of Object.entries(playedModules(this))) this.#modules.set(name.endsWith('.js') ? path.join(lib, name) : name, { exports });
  }

  /** A file of lib/, as this process has loaded it: 'channel', 'map/layout'. */
  require(name) {
    return this.#load(fileNamed(name));
  }

  #load(file) {
    const modules = isPlayed(file) || !isStateless(file) ? this.#modules : common;
    const found = modules.get(file);
    if (found !== undefined) return found.exports;
    const module = { exports: {} };
    modules.set(file, module);
    const source = sourceOf(file);
    source.run(module, module.exports, (name) => this.#required(source, name), processOfArm, this.#atomics, NoRegistry, this.memory);
    return module.exports;
  }

  #required(source, name) {
    const file = source.needs.get(name);
    if (file !== undefined) return this.#load(file);
    const module = this.#modules.get(name);
    return module === undefined ? require(name) : module.exports;
  }
}

const isPlayed = (file) => played.has(file);

const files = new Map();

function fileNamed(name) {
  if (!files.has(name)) files.set(name, require.resolve(path.join(lib, name)));
  return files.get(name);
}

/** Libraries that can be used again: to load one takes longer than most runs. */
const pool = [];
let loaded = 0;

/** After so many uses a library is left: what it keeps for each object would become too much. */
const MAX_USES = 64;

/** A library for a process. @param {boolean} isNew nothing may be left in it by another one */
function libraryFor(process, isNew, number = FIRST_NUMBER + loaded++) {
  const library = (!isNew && pool.pop()) || new Library(number);
  library.process = process;
  library.uses++;
  return library;
}

/** Takes a library back from a process that has ended. A call that a death has ended is as one that was ended by force. */
function giveBack(library) {
  if (library.uses < MAX_USES) pool.push(library);
}

const FIRST_NUMBER = 101;

/** A file of lib/ for who looks at memory from outside: its constants. */
const outside = Object.assign(new Library(0), { process: { world: { buffer: null } } });
const constants = (name) => outside.require(name);

module.exports = { constants, giveBack, libraryFor, results };
