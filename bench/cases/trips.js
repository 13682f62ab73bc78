'use strict';
// Round trips of 64 B between two processes, as users write them, and beside the system calls beneath. Each round
// starts the programs of bench/trips anew, since a round trip depends on where the system puts the two processes.

const { execFile, spawnSync } = require('child_process');
const os = require('os');
const path = require('path');
const { compile } = require('../contestants');
const { interleave } = require('../statistics');

const TRIPS = 10000;

const run = (command, args) =>
  new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout) => (error ? reject(error) : resolve(Number(stdout))));
  });

const program = (name) => path.join(__dirname, '..', 'trips', `${name}.js`);

/** Where the two processes of a row run: anywhere, or bound to processors. */
const anywhere = [];
const two = ['0', '1'];

function rows(floor, trips) {
  const play = (name, where) => () => run(process.execPath, [program(name), String(trips), ...where]);
  // Bound from the start, so that they know.
  const onOne = (command, args) => () => run('taskset', ['-c', '0', command, ...args]);
  const inC = (way, where) => async () => (await run(floor, [way, String(trips), ...where])) / 1000;
  const list = [
    { label: '64 B and back, promises, as users write it', subjects: { this: play('promises', anywhere), 'process.send, JSON': play('send', anywhere) }, bars: { 'process.send, JSON': 0.7 }, most: { 'process.send, JSON': 1 } },
  ];
  if (floor === null) return list;
  return list.concat([
    { label: 'blocking, two processors', subjects: { this: play('blocking', two), 'floor that sleeps': inC('futex', two) }, bars: { 'floor that sleeps': 0.2 } },
    { label: 'promises, two processors', subjects: { this: play('promises', two), 'floor that sleeps': inC('epoll', two) }, bars: { 'floor that sleeps': 0.3 } },
    { label: 'blocking, one processor', subjects: { this: onOne(process.execPath, [program('blocking'), String(trips)]), 'floor that sleeps': inC('futex', ['0', '0']) }, bars: { 'floor that sleeps': 2.5 } },
    { label: 'promises, one processor', subjects: { this: onOne(process.execPath, [program('promises'), String(trips)]), 'floor that sleeps': inC('epoll', ['0', '0']) }, bars: { 'floor that sleeps': 5 } },
  ]);
}

/** The floors in C; null where they cannot be: they are Linux's, and bound to two processors. */
function floorHere() {
  const canBind = process.platform === 'linux' && os.cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;
  return canBind ? compile('trips.c') : null;
}

module.exports = {
  name: 'trips',
  title: 'Round trips of 64 B',
  note: 'From one process to another and back. The first row is what users write, `for await … send` on one side, `await send` and `await receive` on the other, wherever the system puts the two. The floor is two processes in C that sleep and wake each other: by futexes for blocking calls, by eventfd and epoll, as an event loop does, for promises.',
  async run(bench) {
    const done = [];
    for (const { label, subjects, bars, most } of rows(floorHere(), bench.smoke ? 100 : TRIPS)) {
      done.push({ label, unit: 'µs', bars, most, numbers: await interleave(subjects, bench.rounds(9), bench.round(label)) });
    }
    return done;
  },
};
