'use strict';
// Round trips of 64 B between two processes, as users write them, and beside the system calls beneath. Each round
// starts the programs of bench/trips anew, since a round trip depends on where the system puts the two processes.

const { spawnSync } = require('child_process');
const os = require('os');
const path = require('path');
const { compile } = require('../contestants');
const { besideBusyLoops, measure, run } = require('../programs');

const TRIPS = 10000;

/** Bound to processors: enough that the engine, whose compiler is bound to the same one, has compiled what there is. */
const TRIPS_BOUND = 50000;

/** Beside busy loops a round trip takes up to some milliseconds. */
const TRIPS_BESIDE = 1000;

const program = (name) => path.join(__dirname, '..', 'trips', `${name}.js`);

const WITHOUT_POLLING = { SHM_BENCH_POLLING: 'off' };

/** Where the two processes of a row run: anywhere, or bound to processors. */
const anywhere = [];
const two = ['0', '1'];

/** Anywhere: the first row is what users write, the others are what polling may cost on a busy machine. */
function rowsAnywhere(trips, tripsBeside) {
  const play = (name) => () => run(process.execPath, [program(name), String(trips), ...anywhere]);
  const beside = (name, env) => () => besideBusyLoops(os.cpus().length, () => run(process.execPath, [program(name), String(tripsBeside)], env));
  const both = (name) => ({ this: beside(name), 'without polling': beside(name, WITHOUT_POLLING) });
  return [
    { label: '64 B and back, promises, as users write it', subjects: { this: play('promises'), 'process.send, JSON': play('send') }, bars: { 'process.send, JSON': 0.7 }, most: { 'process.send, JSON': 1 } },
    { label: 'blocking, beside a busy loop for each processor', subjects: both('blocking'), bars: { 'without polling': 1.05 } },
    { label: 'promises, beside a busy loop for each processor', subjects: both('promises'), bars: { 'without polling': 1.05 } },
  ];
}

/** Bound to processors, beside the floors in C. */
function rowsBound(floor, trips) {
  const play = (name, where) => () => run(process.execPath, [program(name), String(trips), ...where]);
  // Bound from the start, so that they know.
  const onOne = (name, env) => () => run('taskset', ['-c', '0', process.execPath, program(name), String(trips)], env);
  const inC = (way, where) => async () => (await run(floor, [way, String(trips), ...where])) / 1000;
  const onBoth = (name, way) => ({ this: play(name, two), 'floor that sleeps': inC(way, two) });
  const onTheSame = (name, way) => ({ this: onOne(name), 'without polling': onOne(name, WITHOUT_POLLING), 'floor that sleeps': inC(way, ['0', '0']) });
  return [
    { label: 'blocking, two processors', subjects: onBoth('blocking', 'futex'), bars: { 'floor that sleeps': 0.2 } },
    { label: 'promises, two processors', subjects: onBoth('promises', 'epoll'), bars: { 'floor that sleeps': 0.3 } },
    { label: 'blocking, one processor', subjects: onTheSame('blocking', 'futex'), bars: { 'floor that sleeps': 2.5, 'without polling': 1.05 } },
    { label: 'promises, one processor', subjects: onTheSame('promises', 'epoll'), bars: { 'floor that sleeps': 5, 'without polling': 1.05 } },
  ];
}

/** The floors in C; null where they cannot be: they are Linux's, and bound to two processors. */
function floorHere() {
  const canBind = process.platform === 'linux' && os.cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;
  return canBind ? compile('trips.c') : null;
}

module.exports = {
  name: 'trips',
  title: 'Round trips of 64 B',
  note: 'From one process to another and back. The first row is what users write, `for await … send` on one side, `await send` and `await receive` on the other, wherever the system puts the two. The floor is two processes in C that sleep and wake each other: by futexes for blocking calls, by eventfd and epoll, as an event loop does, for promises. “Without polling” is the same program where it believes that there is one processor.',
  async run(bench) {
    const [trips, tripsBeside, tripsBound] = bench.smoke ? [100, 100, 100] : [TRIPS, TRIPS_BESIDE, TRIPS_BOUND];
    const floor = floorHere();
    const rows = rowsAnywhere(trips, tripsBeside).concat(floor === null ? [] : rowsBound(floor, tripsBound));
    return measure(bench, rows.map((row) => ({ unit: 'µs', ...row })));
  },
};
