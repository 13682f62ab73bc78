'use strict';
// npm run test:mutations: breaks one line at a time, in a copy of the project, and fails if no test notices, unless
// survivors.json says why none can. `-- --part=3/15` tries a part of the list, `--sample=10 --seed=N` some of it, and
// arguments those whose name contains one of them. `--record` writes RESULTS.md; with `--rest`
// those are left out that it has, and with `--minutes=N` no more is begun after so long. `--jobs=N`
// tries as many at a time: tests wait more than they compute. `--untried` takes those of untried.json, and with
// `--record` moves what is noticed to the list; `--candidates FILE…` lists all mutations that rules make of a file.

const fs = require('fs');
const path = require('path');
const { root } = require('../../scripts/prebuilds');
const { endTogether } = require('../group');
const { build, openCopies, runTest } = require('./project');
const { nameOf, readResults, record, stampOfRun } = require('./results');
const { testsFor } = require('./rooms');
const { mutated, mutationsOf } = require('./sources');

/** A test that takes so many times as long as usual has hung, but not before it has run for so long (milliseconds). */
const HUNG_AFTER = 3;
const HUNG_AFTER_AT_LEAST = 20000;
const HUNG_AFTER_AT_MOST = 60000;

/** How long a test may take in the sound copy (milliseconds). */
const LIMIT = 300000;

const readJson = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, name), 'utf8'));
const writeJson = (name, value) => fs.writeFileSync(path.join(__dirname, name), `${JSON.stringify(value, null, 2)}\n`);

/** All mutations of list.json, or of another file: `{ id, file, name }`. */
function readList(name) {
  const list = readJson(name || 'list.json');
  return Object.keys(list).reduce((all, file) => all.concat(list[file].map((one) => ({ id: `${file} ${one}`, file, name: one }))), []);
}

/** Moves a mutation from untried.json to list.json. */
function moveToList({ file, name }) {
  const [untried, list] = [readJson('untried.json'), readJson('list.json')];
  untried[file] = untried[file].filter((other) => other !== name);
  if (untried[file].length === 0) delete untried[file];
  list[file] = (list[file] || []).concat(name);
  writeJson('untried.json', untried);
  writeJson('list.json', list);
}

const OPTIONS = ['candidates', 'jobs', 'minutes', 'part', 'record', 'rest', 'sample', 'seed', 'untried'];

/** `--name=value` as they are given, and what is no option. */
function readArguments(args) {
  const options = {};
  const words = [];
  for (const arg of args) {
    const match = /^--(\w+)(?:=(.*))?$/.exec(arg);
    if (match === null) words.push(arg);
    else if (OPTIONS.includes(match[1])) options[match[1]] = match[2] === undefined ? true : match[2];
    else throw new Error(`There is no option ${arg}: there are --${OPTIONS.join(', --')}`);
  }
  return { options, words };
}

/** Those of the list that are to be tried. A sample is of those that have a result: the rest are for who can look at them. */
function chosen(list, options, words) {
  const known = readResults();
  const has = (mutation) => known.has(nameOf(mutation));
  const found = inPart(options.sample ? list.filter(has) : list, options, words);
  return options.rest ? found.filter((mutation) => !has(mutation)) : found;
}

function inPart(list, { part, sample, seed = String(Date.now()) }, words) {
  const found = words.length === 0 ? list : list.filter(({ id }) => words.some((word) => id.includes(word)));
  if (part !== undefined) {
    const [number, parts] = part.split('/').map(Number);
    // Neighbours: what one file's tests are takes its time to be seen to pass, once for each part.
    return found.slice(Math.ceil(((number - 1) * found.length) / parts), Math.ceil((number * found.length) / parts));
  }
  if (sample === undefined) return found;
  console.log(`a sample of ${sample}: --sample=${sample} --seed=${seed}`);
  return shuffled(found, Number(seed)).slice(0, Number(sample));
}

/** A random order that the same seed gives again. */
function shuffled(list, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return list.map((item) => ({ item, place: random() })).sort((one, other) => one.place - other.place).map(({ item }) => item);
}

/** The project as it is: a test that fails in a broken copy has to pass here. */
class Sound {
  constructor(copies) {
    this.copies = copies;
    this.folder = copies.copy('sound');
    /** How long each test has taken that passes (milliseconds), by its name, as promises. */
    this.usual = new Map();
    this.built = null;
  }

  /** A copy whose addon is built as those are that are broken. */
  native() {
    if (this.built === null) this.built = this.build();
    return this.built;
  }

  async build() {
    const folder = this.copies.copy('sound-native');
    const refused = await build(folder);
    if (refused !== null) throw new Error(`the project does not compile: ${refused}`);
    return folder;
  }

  /** How long a test takes here. */
  usualTime(test, isNative) {
    const name = isNative ? `native ${test}` : test;
    if (!this.usual.has(name)) this.usual.set(name, this.tryOut(test, isNative));
    return this.usual.get(name);
  }

  /** The same, if it is known. */
  knownTime(test, isNative) {
    return this.usual.get(isNative ? `native ${test}` : test);
  }

  async tryOut(test, isNative) {
    const { failure, seconds } = await runTest(isNative ? await this.native() : this.folder, test, LIMIT, isNative);
    if (failure !== null) throw new Error(`${test} fails before anything is broken: ${failure}`);
    return seconds * 1000;
  }
}

/** Tries mutations one after the other, in a copy of its own. */
class Gate {
  constructor(copies, sound, results) {
    this.sound = sound;
    this.broken = copies.copy('broken');
    this.results = results;
  }

  /** Breaks one line; which test notices and how, or 'survived'. */
  async try(mutation) {
    const { file, name } = mutation;
    const source = mutated(this.sound.folder, file, name);
    const place = path.join(this.broken, file);
    const isNative = file.startsWith('native/');
    fs.writeFileSync(place, source);
    try {
      const started = Date.now();
      const refused = isNative ? await build(this.broken) : null;
      const seconds = (Date.now() - started) / 1000;
      const found = refused === null ? await this.noticed(mutation) : { by: 'the compiler', how: firstError(refused), seconds: 0 };
      return Object.assign(found, { mutation, seconds: found.seconds + seconds });
    } finally {
      fs.copyFileSync(path.join(this.sound.folder, file), place);
    }
  }

  /** After which time a test has hung (milliseconds). Where it has not run yet in the sound copy, it is given more. */
  async limitOf(test, isNative) {
    const known = this.sound.knownTime(test, isNative);
    if (known === undefined) return test.startsWith('cargo') ? LIMIT : HUNG_AFTER_AT_MOST;
    return Math.max(HUNG_AFTER * (await known), HUNG_AFTER_AT_LEAST);
  }

  /** What the test says; if it fails it has to pass in the sound copy, and if it hung, to have had time enough. */
  async tryWith(test, isNative) {
    const limit = await this.limitOf(test, isNative);
    const found = await runTest(this.broken, test, limit, isNative);
    if (found.failure === null) return found;
    await this.sound.usualTime(test, isNative);
    const enough = await this.limitOf(test, isNative);
    if (found.failure !== 'it hung' || enough <= limit) return found;
    const again = await runTest(this.broken, test, enough, isNative);
    return { failure: again.failure, seconds: found.seconds + again.seconds };
  }

  async noticed(mutation) {
    const { by } = this.results.get(nameOf(mutation)) || {};
    const isNative = mutation.file.startsWith('native/');
    const tests = testsFor(mutation.file);
    let total = 0;
    for (const test of tests.includes(by) ? [by, ...tests.filter((other) => other !== by)] : tests) {
      const { failure, seconds } = await this.tryWith(test, isNative);
      total += seconds;
      if (failure !== null) return { by: test, how: failure, seconds: total };
    }
    return { by: 'survived', how: '', seconds: total };
  }
}

function firstError(output) {
  return (/^error.*$/m.exec(output) || ['it does not compile'])[0];
}

function listCandidates(files) {
  for (const file of files) for (const name of mutationsOf(root, file)) console.log(`${file} ${name}`);
}

/** Fails for what the files beside the list name that is not in it, and for a model's BREAK that has no mutation. */
function checkNames(list, reasons, models, fail) {
  const ids = new Set(list.map(({ id }) => id));
  for (const id of reasons.keys()) if (!ids.has(id)) fail(`survivors.json has a reason for what is not in the list: ${id}`);
  const folder = path.join(__dirname, '..', 'model');
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.pml'))) {
    const model = path.basename(file, '.pml');
    const tied = models[model] || {};
    for (const [, name] of fs.readFileSync(path.join(folder, file), 'utf8').matchAll(/BREAK_(\w+)/g)) {
      if (!ids.has(tied[name])) fail(`models.json has no mutation of the list for BREAK_${name} of ${file}`);
    }
  }
}

async function main(args) {
  const { options, words } = readArguments(args);
  if (options.candidates) {
    listCandidates(words);
    return;
  }
  const list = readList(options.untried && 'untried.json');
  const reasons = new Map(Object.entries(readJson('survivors.json')));
  const failures = [];
  const fail = (message) => {
    console.log(message);
    failures.push(message);
  };
  const models = readJson('models.json');
  const stale = new Set(list.filter(({ file, name }) => !fs.existsSync(path.join(root, file)) || mutated(root, file, name) === undefined));
  for (const { id } of stale) fail(`stale, its line is gone or has changed: ${id}`);
  if (!options.untried) checkNames(list, reasons, models, fail);
  const wanted = chosen(list, options, words).filter((mutation) => !stale.has(mutation));
  const copies = openCopies();
  endTogether(copies.remove);
  const stamp = stampOfRun();
  const started = Date.now();
  const counts = { noticed: 0, survived: 0 };
  const tell = (found) => {
    const { mutation } = found;
    if (found.by === 'the compiler') {
      fail(`it does not compile: ${mutation.id}: ${found.how}`);
      return;
    }
    const isNoticed = found.by !== 'survived';
    counts[isNoticed ? 'noticed' : 'survived']++;
    console.log(`${isNoticed ? 'noticed ' : 'SURVIVED'} ${mutation.id} (${found.seconds.toFixed(1)} s)${isNoticed ? `: ${found.by}: ${found.how}` : ''}`);
    const reason = reasons.get(mutation.id);
    if (!isNoticed && reason === undefined) fail(`no test notices, and survivors.json has no reason: ${mutation.id}`);
    if (!isNoticed && reason !== undefined) console.log(`  ${reason}`);
    if (isNoticed && reason !== undefined) console.log(`  survivors.json says that nothing can tell: ${reason}`);
    if (options.record && options.untried && isNoticed) moveToList(mutation);
    // Another run may have moved some to the list meanwhile.
    if (options.record && (isNoticed || !options.untried)) record(readList(), [found], { reasons, models, stamp });
  };
  try {
    const sound = new Sound(copies);
    const results = readResults();
    const waiting = wanted.slice();
    const work = async () => {
      const gate = new Gate(copies, sound, results);
      while (waiting.length > 0 && !(Date.now() - started > options.minutes * 60000)) tell(await gate.try(waiting.shift()));
    };
    await Promise.all(Array.from({ length: Number(options.jobs || 1) }, work));
  } finally {
    copies.remove();
  }
  console.log(`${counts.noticed + counts.survived} of ${list.length} mutations in ${((Date.now() - started) / 1000).toFixed(0)} s; ${counts.survived} survived`);
  console.log(`${counts.noticed} passed, ${failures.length} failed`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
