'use strict';
// What attaching costs in garbage collections: V8 counts the memory of an array as its own, and
// collects everything once in a while as that grows.

const { spawnSync } = require('child_process');
const { PUBLISHED, root } = require('../contestants');

const MAJOR = 4; // perf_hooks' NODE_PERFORMANCE_GC_MAJOR

/**
 * Attaches `count` untouched segments of `bytes` bytes beside `live` objects, all of them kept, and prints
 * the processor time in ns and the number of major collections.
 */
const program = (folder, perm, { count, bytes, live }) => `
  const { PerformanceObserver, performance } = require('perf_hooks');
  const shm = require(${JSON.stringify(folder)});
  const objects = [];
  for (let i = 0; i < ${live}; i++) objects.push({ number: i, text: 'object ' + i });
  gc();
  let major = 0;
  const kindOf = (entry) => (entry.detail ? entry.detail.kind : entry.kind);
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (major += kindOf(entry) === ${MAJOR}))).observe({ entryTypes: ['gc'] });
  shm.detach(shm.create(1, 'Buffer', null, ${perm}).key); // loads what is loaded when it is first wanted
  const start = process.cpuUsage();
  const arrays = [];
  for (let i = 0; i < ${count}; i++) arrays.push(shm.create(${bytes}, 'Buffer', null, ${perm}));
  const { user, system } = process.cpuUsage(start);
  setTimeout(() => {
    shm.detachAll();
    process.stderr.write(JSON.stringify([(user + system) * 1000, major, objects.length + arrays.length]));
  }, 100);
`;

function measure(folder, perm, sizes) {
  const child = spawnSync(process.execPath, ['--expose-gc', '-e', program(folder, perm, sizes)], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stderr);
}

async function run(bench) {
  if (process.platform !== 'linux') return [];
  const sizes = bench.smoke ? { count: 2, bytes: 2 ** 20, live: 1000 } : { count: 16, bytes: 2 ** 30, live: 2e6 };
  const contestants = { this: [root, '{ reserve: false }'], shared: [root, '{ reserve: false, shared: true }'] };
  if (bench.published.folder) contestants[PUBLISHED] = [bench.published.folder, "'660'"];
  const [times, collections] = [{}, {}];
  for (let round = 0; round < bench.rounds(3); round++) {
    for (const [name, [folder, perm]] of Object.entries(contestants)) {
      const [time, major] = measure(folder, perm, sizes);
      (times[name] = times[name] || []).push(time);
      (collections[name] = collections[name] || []).push(major);
    }
  }
  const label = `${sizes.count} segments of ${sizes.bytes / 2 ** 20} MB created`;
  return [
    { label, unit: 'ms', scale: 1e6, numbers: times },
    { label: '… and the major collections in it', unit: '', numbers: collections },
  ];
}

module.exports = {
  name: 'gc',
  title: 'Garbage collection',
  judged: false,
  note: 'Processor time of attaching 16 GB of untouched memory beside 2 million live objects, and how often all of them were looked at. *shared* is this package with `{ shared: true }`, whose memory V8 does not count.',
  run,
};
