'use strict';
// A master with four workers on each kind of memory is killed with all of them (SIGKILL) at random moments, and
// started again: what was transient is gone, of the others there is one, new, and one sweep leaves no orphan. Then
// the same in containers that share /dev/shm only; and processes that create transient segments and nothing else.

const fs = require('fs');
const { amount, check, ended, freshKey, freshName, nextMessage, option, random, seed, shm, start, tell, until } = require('./support/harness');
const { runApart, startIn } = require('./support/containers');

const WORKERS = 4;
const WORDS = 1000;
const keys = option('keys') && JSON.parse(option('keys'));
const next = random(seed);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const isAllZero = (array) => array.every((word) => word === 0);

/** Makes one memory of each kind anew, and starts workers on them. */
function master() {
  const arrays = keys.map((key) => shm.create(WORDS, 'Int32Array', key, { replaceOrphan: true }));
  check(arrays.every((array) => array !== null && isAllZero(array)), 'what nobody has is replaced, all zero', arrays);
  const transient = shm.create(WORDS, 'Int32Array', null, { transient: true });
  arrays.concat(transient).forEach((array) => array.fill(process.pid));
  const args = ['--role=worker', `--keys=${JSON.stringify(keys.concat(transient.key))}`, `--master=${process.pid}`];
  const workers = Array.from({ length: WORKERS }, () => start(__filename, args));
  Promise.all(workers.map(nextMessage)).then(() => process.send('ready'));
  return new Promise(() => {});
}

/** Has all of them, and counts. */
function worker() {
  const arrays = keys.map((key) => shm.get(key, 'Int32Array'));
  check(arrays.every((array) => array !== null && array[0] === Number(option('master'))), 'the memory of its master', arrays);
  process.send('attached');
  setInterval(() => arrays.forEach((array) => Atomics.add(array, 1, 1)), 1);
  return new Promise(() => {});
}

/** What is left when nobody is: the keys, and segments that were killed between their creation and their mark. */
function left(counts, names) {
  const orphans = shm.list({ orphans: true });
  const nameless = orphans.filter(({ key }) => key === null);
  check(nameless.length <= 1, 'a kill leaves one transient segment at most', nameless);
  counts['transients that were being created'] += nameless.length;
  const all = shm.list().filter(({ key }) => key !== null);
  check(all.every(({ key }) => names.includes(key)) && new Set(all.map(({ key }) => key)).size === all.length, 'nothing else is left', all);
  check(orphans.length === all.length + nameless.length, 'what is left is an orphan', orphans, all);
}

function sweep(counts) {
  counts['orphans swept'] += shm.destroyOrphans({ all: true }).length;
  check(shm.list({ orphans: true }).length === 0, 'one sweep is enough', shm.list({ orphans: true }));
}

async function killMasters(counts, names) {
  let alive = 0;
  for (let kill = 0; kill < amount(500, 10); kill++) {
    // A group of its own, so that one call kills them all.
    const child = start(__filename, ['--role=master', `--keys=${JSON.stringify(names)}`], { detached: true });
    const end = ended(child);
    let ready = false;
    child.once('message', () => (ready = true));
    const waitsForAll = next(2) === 0;
    if (waitsForAll) await until(() => ready || child.exitCode !== null, 'the workers');
    await pause(next(waitsForAll ? 20 : 300));
    process.kill(-child.pid, 'SIGKILL');
    const { signal } = await end;
    check(signal === 'SIGKILL', 'the master was at work', signal);
    await until(() => !isGroup(child.pid), 'the end of its workers');
    if (ready) alive++;
    left(counts, names);
    counts['masters killed']++;
    // Every now and then; else the next master finds what is left.
    if (next(4) === 0) sweep(counts);
  }
  counts['with all workers'] += alive;
  sweep(counts);
}

function isGroup(id) {
  try {
    process.kill(-id, 0);
    return true;
  } catch (_) {
    return false;
  }
}

/** One of five containers that start at once: makes the object anew, or gets it. */
function member() {
  const made = shm.create(WORDS, 'Int32Array', keys[0], { replaceOrphan: true });
  const array = made || shm.get(keys[0], 'Int32Array');
  const isNew = made === null || isAllZero(made.subarray(1));
  process.send({ made: made !== null, isNew, number: Atomics.add(array, 0, 1) });
  process.on('message', () => {
    array.fill(7);
    process.send('filled');
  });
  return new Promise(() => {});
}

/** Tells whether the object seems to be an orphan, as seen from a container. */
function look() {
  const isOrphan = shm.list({ orphans: true }).some(({ key }) => key === keys[0]);
  return tell(isOrphan);
}

async function seenFromContainer(name) {
  const child = startIn('container', __filename, ['--role=look', `--keys=${JSON.stringify([name])}`]);
  const seen = await nextMessage(child);
  await ended(child);
  return seen;
}

async function killContainers(counts, name) {
  for (let kill = 0; kill < amount(100, 3); kill++) {
    const args = ['--role=member', `--keys=${JSON.stringify([name])}`];
    const members = Array.from({ length: WORKERS + 1 }, () => startIn('container', __filename, args));
    const gone = members.map((child) => new Promise((resolve) => child.once('disconnect', resolve)));
    const answers = await Promise.all(members.map(nextMessage));
    check(answers.filter(({ made }) => made).length === 1, 'one creates', answers);
    check(answers.every(({ isNew }) => isNew), 'it is new', answers);
    check(new Set(answers.map(({ number }) => number)).size === answers.length, 'the others get it', answers);
    if (kill % 10 === 0) check((await seenFromContainer(name)) === false, 'it is in use, in another container');
    const filled = members.map(nextMessage);
    members.forEach((child) => child.send('fill'));
    await Promise.all(filled);
    members.forEach((child) => child.kill('SIGKILL'));
    await Promise.all(gone);
    await until(() => shm.list({ orphans: true }).length === 1, 'the end of all containers');
    if (kill % 10 === 0) check((await seenFromContainer(name)) === true, 'it is an orphan in every container');
    counts['containers killed'] += members.length;
  }
  sweep(counts);
}

/** Creates transient segments until it is killed. */
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
  for (let kill = 0; kill < amount(1500, 40); kill++) {
    const child = start(__filename, ['--role=creator']);
    const end = ended(child);
    await nextMessage(child);
    await pause(next(12));
    child.kill('SIGKILL');
    await end;
    const found = shm.list();
    check(found.length <= 1 && found.every(({ key, attaches }) => key === null && attaches === 0), 'at most the one that was being created is left', found);
    counts['creators killed']++;
    counts['segments that they left'] += shm.destroyOrphans({ all: true }).length;
    check(shm.list().length === 0, 'and it can be swept');
  }
}

async function all(counts) {
  Object.assign(counts, {
    'masters killed': 0, 'with all workers': 0, 'transients that were being created': 0, 'orphans swept': 0, 'containers killed': 0, 'creators killed': 0, 'segments that they left': 0,
  });
  const names = [freshName(), freshKey()];
  await killMasters(counts, names);
  await killContainers(counts, names[0]);
  await killCreators(counts);
  check(fs.readdirSync('/dev/shm').every((name) => name.startsWith('.shm-typed-array-owners')), 'no file is left', fs.readdirSync('/dev/shm'));
}

runApart(__filename, all, { creator, look, master, member, worker });
