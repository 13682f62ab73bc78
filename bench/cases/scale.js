'use strict';
// As many attachments as a process may have, and one segment as large as fits: what they cost in
// all, and what happens past the limit.

const fs = require('fs');
const os = require('os');
const { spawnSync } = require('child_process');
const { root } = require('../contestants');

const MANY = 60000;
const LARGE = 16 * 2 ** 30;

/** Runs code with `shm` in scope in a process of its own; what it prints, as a value. */
function inProcess(code) {
  const program = `const shm = require(${JSON.stringify(root)}); console.log(JSON.stringify((() => { ${code} })()))`;
  const child = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', maxBuffer: 1e8 });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout.split('\n')[0]);
}

const timed = (work) => `const start = process.cpuUsage(); ${work}; const { user, system } = process.cpuUsage(start); return (user + system) * 1000;`;

function attachMany(bench) {
  const objects = bench.keys('posix', bench.smoke ? 10 : MANY);
  objects.create(1);
  const attach = `for (let i = 0; i < ${objects.all.length}; i++) shm.get(${JSON.stringify(objects.first)} + i)`;
  const rows = [
    { label: `${objects.all.length.toLocaleString('en')} objects attached`, numbers: { this: [inProcess(timed(attach))] } },
    { label: '… and detached', numbers: { this: [inProcess(`${attach}; ${timed('shm.detachAll()')}`)] } },
  ];
  objects.destroy();
  return rows;
}

/** Makes one object after the other until the kernel refuses; what the user is told. */
function pastTheLimit(bench) {
  const limit = Number(fs.readFileSync('/proc/sys/vm/max_map_count', 'utf8'));
  if (bench.smoke || limit > 100000) return null;
  const objects = bench.keys('posix', limit + 1);
  // At the limit the JavaScript engine, too, is refused memory, and ends the process. So what makes
  // room again is compiled before, and comes first.
  const code = `
    const name = (i) => ${JSON.stringify(objects.first)} + i;
    const create = (i) => shm.create(1, 'Buffer', name(i));
    const makeRoom = (last) => { for (let i = last; i > last - 1000 && i >= 0; i--) shm.detach(name(i)); };
    create(0);
    makeRoom(0);
    for (let i = 1; ; i++) {
      try {
        create(i);
      } catch (error) {
        makeRoom(i - 1);
        return i + ' attached, then: ' + error.message;
      }
    }`;
  try {
    return inProcess(code);
  } finally {
    objects.destroy();
  }
}

function attachLarge(bench) {
  const bytes = bench.smoke ? 2 ** 20 : LARGE;
  const label = `one segment of ${bytes / 2 ** 20} MB, untouched: created and detached`;
  if (os.totalmem() < bytes) return [];
  const key = bench.track(bench.keys('sysv', 1).first);
  const work = `shm.create(${bytes / 8}, 'Float64Array', ${key}); shm.detach(${key})`;
  return [{ label, numbers: { this: [inProcess(timed(work))] } }];
}

async function run(bench) {
  if (process.platform !== 'linux') return [];
  const rows = attachMany(bench).concat(attachLarge(bench));
  const told = pastTheLimit(bench);
  if (told !== null) console.log(`Past the limit: ${told}\n`);
  return rows.map((row) => Object.assign({ unit: 'ms', scale: 1e6 }, row));
}

module.exports = {
  name: 'scale',
  title: 'At scale',
  judged: false,
  note: 'A process may have vm.max_map_count mappings, 65,530 as a rule.',
  run,
};
