'use strict';
// Memory that an attachment takes besides the shared pages.

const { spawnSync } = require('child_process');
const { PUBLISHED, root } = require('../contestants');

/** Attaches objects and prints how many bytes of private memory each has added to the process. */
const program = (folder, first, count) => `
  const fs = require('fs');
  const shm = require(${JSON.stringify(folder)});
  const arrays = new Array(${count});
  const memory = () => {
    gc();
    gc();
    return Number(/^RssAnon:\\s+(\\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  };
  for (let i = 0; i < 100; i++) shm.get(${JSON.stringify(first)} + i);
  const before = memory();
  for (let i = 100; i < ${count}; i++) arrays[i] = shm.get(${JSON.stringify(first)} + i);
  process.stdout.write(String((memory() - before) / (${count} - 100)));
`;

function perAttachment(folder, { first, all }) {
  const args = ['--expose-gc', '-e', program(folder, first, all.length)];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout);
}

async function run(bench) {
  if (process.platform !== 'linux') return [];
  const objects = bench.keys('posix', bench.smoke ? 200 : 10000);
  objects.create(1);
  const numbers = { this: [perAttachment(root, objects)] };
  if (bench.published.folder) numbers[PUBLISHED] = [perAttachment(bench.published.folder, objects)];
  objects.destroy();
  return [{ label: 'bytes per attachment', unit: 'bytes', numbers, limit: 1024 }];
}

module.exports = {
  name: 'memory',
  title: 'Memory',
  note: 'Private memory of a process (RssAnon) for each of 10,000 attached objects whose arrays are kept: JavaScript objects, handles, and what the package notes.',
  run,
};
