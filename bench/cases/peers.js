'use strict';
// What others have that is not an npm package: APCu (PHP's shared cache, Debian's php8.2-apcu), Redis over a Unix socket,
// iceoryx2 (Rust, built here where it is asked for), navigator.locks. What is not installed is left out, with the reason.

const { execFile, spawnSync } = require('child_process');
const path = require('path');
const { cache } = require('../contestants');
const { interleave } = require('../statistics');

const folder = path.join(__dirname, '..', 'peers');
const CALLS = 200000;
const TRIPS = 20000;

const run = (command, args) =>
  new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout) => (error ? reject(error) : resolve(Number(stdout))));
  });

const node = (name, ...args) => () => run(process.execPath, [path.join(folder, name), ...args.map(String)]);

/** APCu on the command line, with room for the keys: by default it has few slots, and is four times slower. */
const apcu = ['-d', 'apc.enable_cli=1', '-d', 'apc.entries_hint=200000', '-d', 'apc.shm_size=512M', path.join(folder, 'apcu.php')];

/** Why a command is not there; null if it is. */
function missing(command, args, what) {
  const found = spawnSync(command, args, { encoding: 'utf8' });
  return found.status === 0 ? null : `${what} is left out: ${found.error ? found.error.message : `${found.stdout}${found.stderr}`.trim().split('\n')[0]}`;
}

/** The ping-pong by iceoryx2; null if it cannot be built. */
function iceoryx2() {
  const built = spawnSync('cargo', ['build', '--release', '--locked', '--target-dir', path.join(cache, 'iceoryx2'), '--manifest-path', path.join(folder, 'iceoryx2', 'Cargo.toml')], { stdio: ['ignore', 'ignore', 'inherit'] });
  return built.status === 0 ? path.join(cache, 'iceoryx2', 'release', 'iceoryx2-ping-pong') : null;
}

/** The rows: what is measured beside what, or why not. */
function rowsOf(bench) {
  const calls = bench.smoke ? 1000 : CALLS;
  const trips = bench.smoke ? 100 : TRIPS;
  const rows = [];
  const noPhp = missing('php', ['-d', 'apc.enable_cli=1', '-r', 'exit(function_exists("apcu_fetch") ? 0 : 1);'], 'APCu');
  const bars = { get: 1.4, set: 1.5, increment: 1.3 };
  for (const call of Object.keys(bars)) {
    const subjects = { this: node('map.js', call, calls) };
    if (noPhp === null) subjects.APCu = () => run('php', apcu.concat(call, String(calls)));
    rows.push({ label: `SharedMap ${call}, 100 B, 100,000 keys`, unit: 'ns', subjects, bars: { APCu: bars[call] } });
  }
  const noRedis = missing('redis-server', ['--version'], 'Redis');
  if (noRedis === null) rows.push({ label: 'SharedMap get, one after the other', unit: 'ns', subjects: { this: node('map.js', 'get', calls), 'Redis, Unix socket': node('redis.js', 'get', Math.ceil(calls / 20)) }, bars: { 'Redis, Unix socket': null } });
  const pingPong = bench.wants('iceoryx2') ? iceoryx2() : null;
  for (const kind of ['Topic', 'Channel']) {
    const subjects = { this: node('ping-pong.js', kind, trips) };
    if (pingPong !== null) subjects.iceoryx2 = () => run(pingPong, [String(trips)]);
    rows.push({ label: `${kind}, 8 KB in place, one way, busy`, unit: 'ns', subjects, bars: { iceoryx2: kind === 'Topic' ? 1 : 1.1 } });
  }
  const hasLocks = Number(process.versions.node.split('.')[0]) >= 24;
  if (hasLocks) rows.push({ label: '`locks.request`, free lock', unit: 'ns', subjects: { this: node('locks.js', 'this', calls / 10), 'navigator.locks': node('locks.js', 'web', calls / 10) }, bars: { 'navigator.locks': 2 } });
  for (const reason of [noPhp, noRedis, bench.wants('iceoryx2') ? null : 'iceoryx2 is left out: --iceoryx2 builds it, in a few minutes', hasLocks ? null : `navigator.locks is left out: Node.js ${process.versions.node} has none`]) {
    if (reason !== null) console.log(reason);
  }
  return rows;
}

module.exports = {
  name: 'peers',
  title: 'Beside what others have',
  note: 'Nanoseconds of one call, or of one way. APCu is PHP’s cache in shared memory, with `apc.entries_hint` set. iceoryx2 is a Rust program that sends itself 8 KB in place; both sides look all the time.',
  async run(bench) {
    const done = [];
    for (const { label, unit, subjects, bars } of rowsOf(bench)) {
      done.push({ label, unit, bars, numbers: await interleave(subjects, bench.rounds(9), bench.round(label)) });
    }
    return done;
  },
};
