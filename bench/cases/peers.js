'use strict';
// What others have that is not an npm package: APCu (PHP's shared cache, Debian's php8.2-apcu), Redis over a Unix socket,
// iceoryx2 (Rust, built here where it is asked for), navigator.locks. What is not installed is left out, with the reason.

const { spawnSync } = require('child_process');
const path = require('path');
const { cache } = require('../contestants');
const { measure, missing, run } = require('../programs');

const folder = path.join(__dirname, '..', 'peers');
const CALLS = 200000;
const TRIPS = 20000;

const program = (command, name, ...args) => () => run(command, [path.join(folder, name), ...args.map(String)]);
const node = (...args) => program(process.execPath, ...args);

/** APCu on the command line, with room for the keys: by default it has few slots, and is four times slower. */
const apcu = ['-d', 'apc.enable_cli=1', '-d', 'apc.entries_hint=200000', '-d', 'apc.shm_size=512M', path.join(folder, 'apcu.php')];

function ofMap(calls) {
  const reason = missing('php', ['-d', 'apc.enable_cli=1', '-r', 'exit(function_exists("apcu_fetch") ? 0 : 1);'], 'APCu (apt install php8.2-cli php8.2-apcu)');
  const bars = { get: 1.4, set: 1.5, increment: 1.3 };
  const rows = Object.keys(bars).map((call) => ({
    label: `SharedMap ${call}, 100 B, 100,000 keys`,
    unit: 'ns',
    subjects: { this: node('map.js', call, calls), ...(reason === null && { APCu: () => run('php', apcu.concat(call, String(calls))) }) },
    bars: { APCu: bars[call] },
  }));
  return { rows, reason };
}

function ofRedis(calls) {
  const reason = missing('redis-server', ['--version'], 'Redis (apt install redis-server)');
  const subjects = { this: node('map.js', 'get', calls), 'Redis, Unix socket': node('redis.js', 'get', Math.ceil(calls / 20)) };
  const row = { label: 'SharedMap get, one after the other', unit: 'ns', subjects, bars: { 'Redis, Unix socket': null } };
  return { rows: reason === null ? [row] : [], reason };
}

/** The ping-pong by iceoryx2, built with cargo; `{ reason }` where it is not wanted, or cannot be built. */
function iceoryx2(bench) {
  if (!bench.wants('iceoryx2')) return { reason: 'left out: iceoryx2: --iceoryx2 builds it, in a few minutes' };
  const args = ['build', '--release', '--locked', '--target-dir', path.join(cache, 'iceoryx2'), '--manifest-path', path.join(folder, 'iceoryx2', 'Cargo.toml')];
  const built = spawnSync('cargo', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return built.status === 0 ? { command: path.join(cache, 'iceoryx2', 'release', 'iceoryx2-ping-pong'), reason: null } : { reason: 'left out: iceoryx2: cargo cannot build it' };
}

function ofPingPong(bench, trips) {
  const { command, reason } = iceoryx2(bench);
  const rows = ['Topic', 'Channel'].map((kind) => ({
    label: `${kind}, 8 KB in place, one way, busy`,
    unit: 'ns',
    subjects: { this: node('ping-pong.js', kind, trips), ...(reason === null && { iceoryx2: () => run(command, [String(trips)]) }) },
    bars: { iceoryx2: kind === 'Topic' ? 1 : 1.1 },
  }));
  return { rows, reason };
}

/** navigator.locks are Node.js 24's: this one, or `--node24=PATH`. */
function ofLocks(bench, calls) {
  const command = bench.option('node24') || process.execPath;
  const reason = missing(command, ['-e', 'process.exit(typeof navigator === "object" && navigator.locks ? 0 : 1)'], `navigator.locks, which is Node.js 24’s and not that of ${command}: give one by --node24=PATH`);
  const subjects = { this: program(command, 'locks.js', 'this', calls), 'navigator.locks': program(command, 'locks.js', 'web', calls) };
  const row = { label: '`locks.request`, free lock', unit: 'ns', subjects, bars: { 'navigator.locks': 2 } };
  return { rows: reason === null ? [row] : [], reason };
}

module.exports = {
  name: 'peers',
  title: 'Beside what others have',
  note: 'Nanoseconds of one call, or of one way. APCu is PHP’s cache in shared memory, with `apc.entries_hint` set. iceoryx2 is a Rust program that sends itself 8 KB in place; both sides look all the time.',
  async run(bench) {
    const calls = bench.smoke ? 1000 : CALLS;
    const parts = [ofMap(calls), ofRedis(calls), ofPingPong(bench, bench.smoke ? 100 : TRIPS), ofLocks(bench, calls / 10)];
    for (const { reason } of parts) if (reason !== null) console.log(reason);
    return measure(bench, [].concat(...parts.map(({ rows }) => rows)));
  },
};
