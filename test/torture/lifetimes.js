'use strict';
// Eight equal workers on each kind of key and each structure, all transient. They let go and open again all the time, start,
// end, are reloaded and are killed (SIGKILL) at random, in containers that share /dev/shm, too. What a living worker has is
// at every moment what its key leads to, so there are never two memories under one key. After the last one there is
// nothing, or, if it was killed, memory that the next start replaces. And eight that let go or end in the same millisecond leave
// nothing. Beside that: processes that create keyless transient segments and are killed.

const fs = require('fs');
const { amount, check, ended, freshKey, freshName, nextMessage, option, random, seed, shm, start, until } = require('./support/harness');
const { runApart, startIn } = require('./support/containers');

const WORKERS = 8;
const key = option('key') && JSON.parse(option('key'));
const next = random(seed + process.pid);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How to open each kind. @type {{ [kind: string]: () => any }} */
const kinds = {
  array: () => shm.getOrCreate(64, 'Int32Array', key, { transient: true }),
  segment: () => shm.getOrCreate(64, 'Int32Array', key, { transient: true }),
  channel: () => new shm.Channel(key, { slots: 4, size: 64, transient: true }),
  topic: () => new shm.Topic(key, { size: 64, transient: true }),
  map: () => new shm.SharedMap(key, { bytes: 100000, transient: true }),
  locks: () => new shm.LockManager(key, { transient: true }),
};
const keyOf = (kind) => (kind === 'segment' ? freshKey() : freshName());
const isArray = (memory) => memory instanceof Int32Array;

function open(kind) {
  const memory = kinds[kind]();
  if (isArray(memory)) memory[0] = 7;
  else if (memory instanceof shm.SharedMap) memory.set('used', 1);
  return memory;
}

function letGo(memory) {
  if (isArray(memory)) shm.detach(key);
  else memory.detach();
}

const isCurrent = (memory) => check(shm.isCurrent(memory), 'the key leads to what this worker has', shm.stat(key));

/** Whether somebody has had this memory before. */
function isUsed(memory) {
  if (isArray(memory)) return memory[0] !== 0;
  return memory instanceof shm.SharedMap && memory.has('used');
}

/** Lets go and opens again, and looks meanwhile, until it is told to end, or is killed. */
async function churner() {
  if (option('alone')) check(!isUsed(kinds[option('kind')]()), 'what a killed worker has left is replaced by new memory');
  let memory = open(option('kind'));
  let lifetimes = 1;
  process.once('message', () => process.send(lifetimes, () => process.exit()));
  process.send('open');
  for (;;) {
    for (let looks = next(5); looks >= 0; looks--) {
      isCurrent(memory);
      if (next(4) === 0) await pause(next(3));
    }
    letGo(memory);
    if (next(8) === 0) await pause(next(4));
    memory = open(option('kind'));
    lifetimes++;
  }
}

/** Whether a worker has found something wrong, which it has printed. */
let failed = false;

/** One worker: in a container or beside them, by chance. */
function startWorker(role, kind, theirKey, more = []) {
  const args = [`--role=${role}`, `--kind=${kind}`, `--key=${JSON.stringify(theirKey)}`].concat(more);
  // Containers have segments of their own.
  const child = kind !== 'segment' && next(3) === 0 ? startIn('container', __filename, args) : start(__filename, args);
  child.gone = new Promise((resolve) => child.once('disconnect', resolve));
  child.over = ended(child);
  child.over.then(({ code }) => (failed = failed || code === 1));
  return child;
}

/** A worker that has opened the memory. Its own checks end it with a status of 1. */
async function worker(role, kind, theirKey, more) {
  const child = startWorker(role, kind, theirKey, more);
  const first = await Promise.race([nextMessage(child), child.over]);
  check(typeof first === 'string', `a worker of ${kind} has started`, first);
  return child;
}

async function endWell(counts, child) {
  const told = nextMessage(child);
  child.send('end');
  counts.lifetimes += Number(await Promise.race([told, child.over.then(({ code }) => check(false, 'a worker ended with', code))]));
  const { code } = await child.over;
  check(code === 0, 'a worker ends well', code);
  counts.ended++;
}

async function kill(counts, child) {
  child.kill('SIGKILL');
  await Promise.all([child.over, child.gone]);
  counts.killed++;
}

/** Starts, ends, reloads and kills workers of a kind at random. */
async function change(counts, kind, times) {
  const theirKey = keyOf(kind);
  const workers = new Set();
  const add = async () => workers.add(await worker('churner', kind, theirKey));
  const take = () => {
    const chosen = Array.from(workers)[next(workers.size)];
    workers.delete(chosen);
    return chosen;
  };
  const takeAll = () => {
    const all = Array.from(workers);
    workers.clear();
    return all;
  };
  for (let time = 0; time < times; time++) {
    for (const child of workers) check(child.exitCode === null, `a worker of ${kind} is at work`, child.exitCode);
    const dice = next(10);
    if (workers.size < 2 || (dice < 4 && workers.size < WORKERS)) await add();
    else if (dice < 6) await endWell(counts, take());
    else if (dice < 8) await Promise.all([add(), endWell(counts, take())]);
    else if (dice < 9) await kill(counts, take());
    else await Promise.all(takeAll().map((child) => (next(2) === 0 ? endWell : kill)(counts, child)));
    counts.changes++;
  }
  await add();
  const wasKilled = next(2) === 0;
  const last = take();
  await Promise.all(takeAll().map((child) => endWell(counts, child)));
  await (wasKilled ? kill : endWell)(counts, last);
  if (!wasKilled) check(shm.stat(theirKey) === null, `the last of ${kind} takes it along`, shm.stat(theirKey));
  const fresh = await worker('churner', kind, theirKey, ['--alone=1']);
  await endWell(counts, fresh);
  check(shm.stat(theirKey) === null, `what was left of ${kind} is replaced, and goes`, shm.stat(theirKey));
}

const [PHASE, ARRIVED, CREATED] = [0, 1, 2];

/** In each round all eight open at once, and let go at once; at last all exit at once. */
function inStep() {
  const control = shm.get(option('control'), 'Int32Array');
  const arrive = (phase) => {
    Atomics.add(control, ARRIVED, 1);
    shm.notify(control, ARRIVED);
    while (Atomics.load(control, PHASE) < phase) shm.wait(control, PHASE, Atomics.load(control, PHASE), 10000);
  };
  let phase = 0;
  process.send('ready');
  for (let round = 0; round < Number(option('rounds')); round++) {
    arrive(++phase);
    const before = shm.getTotalCreatedSize();
    const memory = open(option('kind'));
    if (shm.getTotalCreatedSize() > before) Atomics.add(control, CREATED, 1);
    arrive(++phase);
    isCurrent(memory);
    arrive(++phase);
    letGo(memory);
    arrive(++phase);
  }
  open(option('kind'));
  arrive(phase + 1);
  process.exit();
}

async function together(counts, kind, rounds) {
  const [theirKey, name] = [keyOf(kind), freshName()];
  const control = shm.create(4, 'Int32Array', name, { perm: '666' });
  const more = [`--control=${name}`, `--rounds=${rounds}`];
  const workers = await Promise.all(Array.from({ length: WORKERS }, () => worker('inStep', kind, theirKey, more)));
  const arrived = async () => {
    while (Atomics.load(control, ARRIVED) < WORKERS) {
      await shm.waitAsync(control, ARRIVED, Atomics.load(control, ARRIVED), { timeout: 200 });
      for (const child of workers) check(child.exitCode === null, `a worker of ${kind} is at work`, child.exitCode);
    }
    Atomics.store(control, ARRIVED, 0);
  };
  const goOn = () => {
    Atomics.add(control, PHASE, 1);
    shm.notify(control, PHASE);
  };
  for (let round = 0; round < rounds; round++) {
    await arrived();
    check(shm.stat(theirKey) === null, `round ${round}: all of ${kind} have let go at once`, shm.stat(theirKey));
    goOn();
    await arrived();
    // A segment counts as created by its creator until it is destroyed, so a later one is not seen to be new.
    const created = Atomics.exchange(control, CREATED, 0);
    check(kind === 'segment' || created === 1, `round ${round}: one has created ${kind}`, created);
    for (let phase = 0; phase < 2; phase++) {
      goOn();
      if (phase === 0) await arrived();
    }
    await arrived();
    goOn();
    counts['rounds of eight at once']++;
  }
  await arrived();
  goOn();
  const ends = await Promise.all(workers.map((child) => child.over));
  check(ends.every(({ code }) => code === 0), 'all end well', ends);
  check(shm.stat(theirKey) === null, `all of ${kind} that exit at once leave nothing`, shm.stat(theirKey));
  counts['eights that exit at once']++;
  shm.destroy(name);
}

/** Creates keyless transient segments until it is killed. */
function creator() {
  process.send('ready', () => {
    for (let created = 1; ; created++) {
      shm.create(64, 'Buffer', null, { transient: true });
      if (created % 1000 === 0) shm.detachAll(); // the system has no more than some thousands
    }
  });
  return new Promise(() => {});
}

async function killCreators(counts) {
  for (let times = 0; times < amount(1500, 40); times++) {
    const child = start(__filename, ['--role=creator']);
    const end = ended(child);
    await nextMessage(child);
    await pause(next(12));
    child.kill('SIGKILL');
    await end;
    const found = shm.list().filter(({ kind }) => kind === 'sysv');
    check(found.length <= 1 && found.every(({ attaches }) => attaches === 0), 'at most the one that was being created is left', found);
    counts['creators killed']++;
    counts['segments that they left'] += shm.destroyOrphans({ all: true }).length;
    check(shm.list().length === 0, 'and it can be swept', shm.list());
  }
}

async function all(counts) {
  Object.assign(counts, {
    changes: 0, ended: 0, killed: 0, lifetimes: 0, 'rounds of eight at once': 0, 'eights that exit at once': 0, 'creators killed': 0, 'segments that they left': 0,
  });
  const names = option('only') === undefined ? Object.keys(kinds) : [option('only')];
  for (const kind of names) {
    await change(counts, kind, amount(Math.ceil(2000 / names.length), 14));
    for (let times = 0; times < amount(20, 1); times++) await together(counts, kind, amount(50, 20));
  }
  check(!failed, 'no worker has found anything wrong');
  await until(() => shm.list().length === 0, 'nothing at all is left');
  if (option('only') === undefined) await killCreators(counts);
  check(fs.readdirSync('/dev/shm').every((name) => name.startsWith('.shm-typed-array-owners')), 'no file is left', fs.readdirSync('/dev/shm'));
}

runApart(__filename, all, { churner, creator, inStep });
