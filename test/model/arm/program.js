'use strict';
// Litmus tests as they are written in this folder: what a few threads do to shared memory, in the words of JavaScript, and
// what must never come of it. Here they are read, and compiled to ARMv8's accesses as each engine does it.
//
//   test NAME                        begins a test
//   says SENTENCE                    what it promises, for the table in docs/memory-model.md
//   orders SENTENCE                  what keeps that promise on ARMv8
//   start word=1 …                   what is in memory at first, if it is not 0
//   thread NAME [as ENGINE …]        a thread, if need be of certain engines only; its steps follow, each in a line
//   never x=1 y=0 …                  what x and y (what steps have read, or a place at the end) cannot be together
//   can x=1 y=0 …                    what they can be
//   instead STEP : STEP              with another step, or none, it can happen: so the test can fail
//
// Steps, each with `| FILE: CODE` behind it where the step is in the code:
//
//   x = read word [via y]            plain; `via`: where the word is depends on y
//   write word 1 [via y]             plain; 1 is a number, a name, or what a step has read
//   x = load word, store word 1      Atomics
//   x = exchange word 1, x = or word 1, x = and word 2, x = xor word 3, x = add word 1, x = cas word OLD NEW
//   where x=1                        what follows is done in this case only

/** How an engine compiles a load, a store, and what reads and writes at once. */
const engines = {
  // V8 without LSE, as on Linux; C and libatomic on the same processors: ldar, stlr, ldaxr + stlxr.
  v8: { load: 'acquire', store: 'release', update: 'exclusive' },
  // V8 with LSE, as on macOS; C and libatomic on newer processors: ldar, stlr, swpal and the like.
  'v8-lse': { load: 'acquire', store: 'release', update: 'single' },
  // JavaScriptCore makes all of them read and write at once.
  bun: { load: 'exclusive', store: 'exclusive', update: 'exclusive' },
  'bun-lse': { load: 'single', store: 'single', update: 'single' },
};

const updates = {
  exchange: (old, value) => value,
  or: (old, value) => old | value,
  and: (old, value) => old & value,
  xor: (old, value) => old ^ value,
  add: (old, value) => old + value,
};

/** The tests in a text. */
function parse(text) {
  const tests = [];
  let test;
  text.split('\n').forEach((line, number) => {
    const [, word, rest] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line.replace(/^\s*#.*/, ''));
    if (word === '') return;
    try {
      if (word === 'test') tests.push((test = { name: rest, start: {}, threads: [], condition: null, instead: [] }));
      else read(test, word, rest);
    } catch (error) {
      error.message = `line ${number + 1}, ${line.trim()}: ${error.message}`;
      throw error;
    }
  });
  return tests;
}

function read(test, word, rest) {
  if (word === 'says' || word === 'orders') test[word] = rest;
  else if (word === 'start') test.start = valuesIn(rest);
  else if (word === 'thread') {
    const [name, ...wanted] = rest.split(/ as | /);
    test.threads.push({ name, engines: wanted.length > 0 ? wanted : Object.keys(engines), steps: [] });
  } else if (word === 'never' || word === 'can') Object.assign(test, { condition: valuesIn(rest), isPossible: word === 'can' });
  else if (word === 'instead') {
    const [step, other] = rest.split(/\s*:\s*/);
    test.instead.push({ step, other: other || '' });
  } else {
    const [step, code] = `${word} ${rest}`.split(/\s*\| /);
    test.threads[test.threads.length - 1].steps.push({ text: step.replace(/\s+/g, ' ').trim(), code });
  }
}

function valuesIn(text) {
  const values = {};
  for (const part of text.split(/\s+/)) {
    const [name, value] = part.split('=');
    if (value === undefined) throw new Error(`${part} is no value of anything`);
    values[name] = constant(value);
  }
  return values;
}

const constant = (word) => (/^-?\d+$/.test(word) ? Number(word) : word);

/** The same test with another step, or without one. */
function changed(test, { step, other }) {
  let found = 0;
  const threads = test.threads.map((thread) => {
    const steps = [];
    for (const one of thread.steps) {
      if (one.text !== step) steps.push(one);
      else {
        found++;
        if (other !== '') other.split(/\s*;\s*/).forEach((text) => steps.push({ text }));
      }
    }
    return Object.assign({}, thread, { steps });
  });
  if (found !== 1) throw new Error(`${test.name}: ${found} steps are "${step}"`);
  return Object.assign({}, test, { threads, isPossible: true });
}

/**
 * The accesses of a test, each thread compiled as by the engine given for it:
 *
 *   { id, thread, place, isWrite, acquires, releases, isSingle }
 *   register   what a read reads is known by that name in its thread
 *   partner    of what reads and writes at once: the other of the two
 *   address, data, control   the reads that it depends on in this way
 *   update                   of the write of what reads and writes at once: what it is, for herd.js
 *   value(valueOf)           what a write writes, as `valueOf(read)` tells what was read
 *
 * `demands` are what has to be true of an execution: `{ read, value }`.
 */
function compile(test, chosen) {
  const accesses = [];
  const demands = [];
  const registers = {};
  test.threads.forEach((thread, number) => {
    const engine = engines[chosen[number]];
    const own = {};
    let control = [];
    const add = (access) => {
      accesses.push(Object.assign({ id: accesses.length, thread: number, address: [], data: [], control }, access));
      return accesses[accesses.length - 1];
    };
    const readAs = (register, access) => {
      const read = add(Object.assign({ isWrite: false, register }, access));
      if (register === undefined) return read;
      if (registers[register] !== undefined) throw new Error(`${test.name}: ${register} is read twice`);
      own[register] = registers[register] = read;
      return read;
    };
    /** What a word stands for: what a step has read, or itself. */
    const operand = (word) => {
      const read = own[word];
      const value = constant(word);
      return { data: read === undefined ? [] : [read], value: read === undefined ? () => value : (valueOf) => valueOf(read) };
    };
    const update = (how, { register, place, value, data = [], expected, name: kind, word }) => {
      const isSingle = how === 'single';
      const read = readAs(register, { place, acquires: true, isSingle });
      if (expected !== undefined) demands.push({ read, value: constant(expected) });
      const write = add({ place, isWrite: true, releases: true, isSingle, data, partner: read, value: (valueOf) => value(valueOf(read), valueOf) });
      write.update = { name: kind, operand: constant(word), expected: constant(expected) };
      if (expected !== undefined) write.control = control.concat(read);
      read.partner = write;
    };
    for (const { text } of thread.steps) {
      const [, , register, name, place, rest = ''] = /^((\S+) = )?(\S+) (\S+) ?(.*)$/.exec(text) || [];
      const [first, via] = rest.startsWith('via ') ? ['', rest.slice(4)] : rest.split(' via ');
      const address = via === undefined ? [] : [own[via]];
      if (name === 'read') readAs(register, { place, address });
      else if (name === 'write') add(Object.assign({ place, isWrite: true, address }, operand(first)));
      else if (name === 'load') {
        if (engine.load === 'acquire') readAs(register, { place, acquires: true });
        else update(engine.load, { register, place, value: (old) => old, name: 'same', word: 0 });
      } else if (name === 'store') {
        const { data, value } = operand(first);
        if (engine.store === 'release') add({ place, isWrite: true, releases: true, data, value });
        else update(engine.store, { place, value: (_, valueOf) => value(valueOf), data, name: 'exchange', word: first });
      } else if (updates[name] !== undefined) {
        const { data, value } = operand(first);
        update(engine.update, { register, place, value: (old, valueOf) => updates[name](old, value(valueOf)), data, name, word: first });
      } else if (name === 'cas') {
        const [old, replacement] = first.split(' ');
        const { data, value } = operand(replacement);
        update(engine.update, { register, place, value: (_, valueOf) => value(valueOf), data, expected: old, name, word: replacement });
      } else if (name === 'where') {
        const [tested, value] = place.split('=');
        demands.push({ read: own[tested], value: constant(value) });
        control = control.concat(own[tested]);
      } else throw new Error(`${test.name}: what is "${text}"?`);
    }
  });
  return { test, accesses, demands, registers };
}

/** Each choice of an engine for each thread. */
function choices({ threads }) {
  return threads.reduce((found, thread) => [].concat(...found.map((chosen) => thread.engines.map((engine) => chosen.concat(engine)))), [[]]);
}

module.exports = { changed, choices, compile, parse };
