'use strict';
// Files as arrays: reading them at random, in short pieces and by several processes, and mapping them
// again. Run as a program, this does one work in a process of its own: `node file.js WORK WAY FILE`.

const { fork, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { cache } = require('../contestants');
const { interleave } = require('../statistics');

const MB = 2 ** 20;
const READERS = 4;
const MMAP_IO = '1.1.7';

/** Installs mmap-io, whose own settings are too old for the C++ of today's Node; its folder, or null. */
function mmapIo() {
  const folder = path.join(cache, `mmap-io-${process.version}`);
  const installed = path.join(folder, 'node_modules', 'mmap-io');
  const loads = () => spawnSync(process.execPath, ['-e', `require(${JSON.stringify(installed)})`]).status === 0;
  if (loads()) return installed;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const args = ['install', '--ignore-scripts=false', '--no-audit', '--no-fund', `mmap-io@${MMAP_IO}`];
  spawnSync('npm', args, { cwd: folder, env: Object.assign({ CXXFLAGS: '-std=gnu++20' }, process.env) });
  return loads() ? installed : null;
}

/** How to have a file in memory, as a Buffer. */
const ways = {
  this: (file) => require('../..').mapFile(file),
  heap: (file) => fs.readFileSync(file),
  'fs.readFileSync': (file) => fs.readFileSync(file),
  'mmap-io': (file) => {
    const io = require(path.join(cache, `mmap-io-${process.version}`, 'node_modules', 'mmap-io'));
    const descriptor = fs.openSync(file, 'r');
    return io.map(fs.fstatSync(descriptor).size, io.PROT_READ, io.MAP_SHARED, descriptor, 0, io.MADV_NORMAL);
  },
};

/** Positions all over a file, the same in every process (a linear congruential generator). */
function* positions(count, size) {
  let state = 12345;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state % size;
  }
}

function timed(count, work) {
  work(count / 10);
  const start = process.cpuUsage();
  work(count);
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / count;
}

/** Each gives the nanoseconds of one time. */
const works = {
  random(way, file, count) {
    const bytes = ways[way](file);
    const numbers = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const mask = numbers.length - 1;
    for (let i = 0; i < numbers.length; i += 1024) numbers[i]; // every page is there
    let sum = 0;
    const time = timed(count, (times) => {
      let state = 12345;
      for (let i = 0; i < times; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        sum += numbers[(state >>> 4) & mask];
      }
    });
    return sum === 0.5 ? 0 : time;
  },
  pieces(way, file, count) {
    const { size } = fs.statSync(file);
    const all = Array.from(positions(1024, size - 16));
    const piece = Buffer.alloc(16);
    if (way === 'this') {
      const bytes = ways.this(file);
      return timed(count, (times) => {
        for (let i = 0; i < times; i++) bytes.copy(piece, 0, all[i & 1023], all[i & 1023] + 16);
      });
    }
    const descriptor = fs.openSync(file, 'r');
    return timed(count, (times) => {
      for (let i = 0; i < times; i++) fs.readSync(descriptor, piece, 0, 16, all[i & 1023]);
    });
  },
  again(way, file, count) {
    const call = way === 'this' ? require('../..').mapFile : fs.statSync;
    return timed(count, (times) => {
      for (let i = 0; i < times; i++) call(file);
    });
  },
};

function inProcess(work, way, file, count) {
  const child = spawnSync(process.execPath, [__filename, work, way, file, String(count)], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout.split('\n')[0]);
}

/** Bytes of memory that several processes take together, each with the whole file (PSS). */
async function memoryOf(way, file) {
  const children = Array.from({ length: READERS }, () => fork(__filename, ['hold', way, file]));
  try {
    await Promise.all(children.map((child) => new Promise((resolve) => child.once('message', resolve))));
    const pss = (child) => Number(/^Pss:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8'))[1]);
    return children.map(pss).reduce((sum, kilobytes) => sum + kilobytes, 0) * 1024;
  } finally {
    children.forEach((child) => child.kill('SIGKILL'));
  }
}

/** A process that has read the whole file, and goes on having it. */
function hold(way, file) {
  const bytes = way === 'none' ? Buffer.alloc(0) : ways[way](file);
  // The sum is told: a compiler leaves out what nobody wants to know.
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i];
  process.send(sum);
  process.on('message', () => bytes);
}

async function memoryRow(file, size) {
  const none = await memoryOf('none', file);
  const numbers = { file: [size] };
  for (const way of ['this', 'fs.readFileSync']) numbers[way] = [(await memoryOf(way, file)) - none];
  return { label: `${READERS} processes that read all of it: memory more than without`, unit: 'MB', scale: MB, numbers, bars: { file: 1.1, 'fs.readFileSync': null } };
}

async function run(bench) {
  const size = (bench.smoke ? 1 : 256) * MB;
  const file = path.join(cache, `file-${process.pid}`);
  fs.mkdirSync(cache, { recursive: true });
  const others = bench.smoke || mmapIo() === null ? [] : ['mmap-io'];
  if (others.length === 0 && !bench.smoke) console.log(`mmap-io ${MMAP_IO} could not be built for ${process.version}\n`);
  const measure = async (label, work, bars, count) => {
    const subjects = {};
    for (const way of Object.keys(bars).concat('this')) subjects[way] = async () => inProcess(work, way, file, bench.smoke ? 10 : count);
    const numbers = await interleave(subjects, bench.rounds(15), bench.round(label));
    return { label, unit: 'ns', scale: 1, numbers, bars };
  };
  try {
    fs.writeFileSync(file, Buffer.alloc(size, 7));
    const bars = Object.assign({ heap: 1.1 }, ...others.map((name) => ({ [name]: 1 })));
    const rows = [
      await measure('4 bytes at random', 'random', bars, 3e6),
      await measure('16 bytes at random', 'pieces', { 'fs.readSync': 0.5 }, 1e6),
      await measure('`mapFile` of a mapped file', 'again', { 'fs.statSync': 1.5 }, 3e5),
    ];
    return process.platform === 'linux' ? rows.concat(await memoryRow(file, size)) : rows;
  } finally {
    fs.unlinkSync(file);
  }
}

module.exports = {
  name: 'file',
  title: 'A file of 256 MB as an array',
  note: '“heap” is the same file, read into an ordinary Buffer. mmap-io is a package that maps files; its arrays end the process when they outlive their memory.',
  run,
};

if (require.main === module) {
  const [work, way, file, count] = process.argv.slice(2);
  if (work === 'hold') hold(way, file);
  else console.log(works[work](way, file, Number(count)));
}
