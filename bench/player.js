'use strict';
// Does the works of the benchmark through one version of the package: `node player.js FOLDER`.
//
// Reads lines `WORK COUNT PASSES KEY` from standard input, does WORK with COUNT keys, all of them
// PASSES times, and answers each line with the nanoseconds of processor time that took, as
// floor/floor.c does. A KEY is the first of COUNT numbers, or the beginning of names that a number
// completes.

const readline = require('readline');

const shm = require(process.argv[2]);
const SIZE = 4096;
const LARGE = 400000000;

// After so many the event loop has a turn, as it has in any program: that is where finalizers run,
// and so it belongs into the time.
const BATCH = 500;

function createDetach(key) {
  shm.create(SIZE, 'Buffer', key);
  shm.detach(key);
}

function createDestroy(key) {
  shm.create(SIZE, 'Buffer', key);
  shm.destroy(key);
}

function get(key) {
  return shm.get(key, 'Buffer');
}

function getDetach(key) {
  shm.get(key, 'Buffer');
  shm.detach(key);
}

function createFill(key, options) {
  shm.create(LARGE, 'Buffer', key, options).fill(1);
  shm.destroy(key);
}

const works = {
  'sysv-create-detach': createDetach,
  'posix-create-destroy': createDestroy,
  'sysv-get': get,
  'posix-get': get,
  'sysv-get-detach': getDetach,
  'posix-get-detach': getDetach,
  'sysv-create-fill': (key) => createFill(key),
  'posix-create-fill': (key) => createFill(key),
  'posix-create-fill-populate': (key) => createFill(key, { populate: true }),
  'posix-create-fill-huge': (key) => createFill(key, { hugePages: true, populate: true }),
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function timed(work, keys, passes) {
  const start = process.cpuUsage();
  for (let pass = 0; pass < passes; pass++) {
    for (let done = 0; done < keys.length; ) {
      const end = Math.min(done + BATCH, keys.length);
      for (; done < end; done++) work(keys[done]);
      await turn();
    }
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1000;
}

function keysFrom(first, count) {
  return Array.from({ length: count }, (_, i) => (first.startsWith('/') ? `${first}${i}` : Number(first) + i));
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [work, count, passes, first] = line.split(' ');
  timed(works[work], keysFrom(first, Number(count)), Number(passes)).then((ns) => console.log(String(ns)));
});
