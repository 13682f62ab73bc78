'use strict';
// A process that may have only so much data from its start on (ulimit -d). See test/torture/full.js, too.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { execArgv, execPath, freshKeys, isBun, isDeno, isLinux, outcome, shm, temporaryFolder, thrownBy } = require('./support');

const skip = (!isLinux && 'the limits are those of Linux') || ((isBun || isDeno) && 'their engine takes more addresses than can be limited') ||
  (process.env.SHM_TEST_REFUSE_EXTERNAL !== undefined && 'the engine has no 1.5 GB to lend under that limit');

/** Runs code in a process with that limit of the shell, in kilobytes. */
function runLimited(limit, kilobytes, code) {
  const file = path.join(temporaryFolder(), `limited-${limit}.js`);
  fs.writeFileSync(file, `'use strict';\nconst shm = require(${JSON.stringify(path.join(__dirname, '..'))});\n${code}\n`);
  return outcome(spawn('sh', ['-c', `ulimit -${limit} ${kilobytes} && exec "$0" "$@"`, execPath].concat(execArgv, file)));
}

test('1.5 GB attached and detached under ulimit -d do not kill the engine', { skip }, async (t) => {
  for (const key of freshKeys()) {
    const { code, signal, stdout, stderr } = await runLimited('d', 1024 * 1024, `
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      (async () => {
        for (let round = 0; round < 3; round++) {
          const array = shm.create(3 * 2 ** 29, 'Uint8Array', ${JSON.stringify(key)}, { reserve: false });
          array[array.length - 1] = 7;
          if (!shm.destroy(${JSON.stringify(key)})) throw new Error('not destroyed');
          // The engine wants memory of its own, before the addresses have been given back and after.
          const kept = [];
          for (let i = 0; i < 100; i++) kept.push(new Array(100000).fill({ i }));
          await turn();
          if (kept.length !== 100) throw new Error('lost');
        }
        console.log('done');
      })();
    `);
    t.deepEqual([code, signal, stdout], [0, null, 'done\n'], stderr);
  }
});

test('a mapping that is refused gives up those that are kept in reserve, and the next one makes them anew', { skip }, (t) => {
  const inReserve = () => fs.readFileSync('/proc/self/maps', 'utf8').split('\n').filter((line) => line.includes('/dev/zero')).length;
  const [, name] = freshKeys();
  shm.create(1, 'Buffer', name);
  const kept = inReserve();
  t.ok(kept > 60, `${kept} mappings`);
  const [, huge] = freshKeys();
  fs.writeFileSync(`/dev/shm${huge}`, '');
  fs.truncateSync(`/dev/shm${huge}`, 2 ** 47); // more than there are addresses
  const error = thrownBy(() => shm.get(huge, 'Buffer', { raw: true }));
  t.match(error.message, /^ENOMEM: .* Out of address space \(ulimit -v\) or of mappings \(vm\.max_map_count = \d+\)$/);
  t.equal(inReserve(), 1, 'the one for a detach stays');
  t.equal(shm.detach(name), 1);
  shm.create(1, 'Buffer', freshKeys()[1]);
  t.equal(inReserve(), kept);
  t.end();
});

const code = `
  const told = (action) => { try { return action(); } catch (error) { return error.message; } };
  const key = '/shm-test-' + process.pid;
`;

/** Runs code as root in a shell that has done something first; what it prints. */
function runAfter(commands, code, cwd = '.') {
  const file = path.join(temporaryFolder(), 'limited.js');
  fs.writeFileSync(file, `'use strict';\nconst shm = require(${JSON.stringify(path.join(__dirname, '..'))});\n${code}\n`);
  return outcome(spawn('unshare', ['-mi', 'sh', '-c', `${commands} && cd ${cwd} && exec "$0" "$@"`, execPath].concat(execArgv, file)));
}

const cannotMount = !isLinux || spawnSync('unshare', ['-mi', 'true']).status !== 0;

test('an object larger than what is free is refused before anything is reserved', { skip: cannotMount && 'mounting takes Linux and root' }, async (t) => {
  const { stdout, stderr } = await runAfter('mount -t tmpfs -o size=200m none /dev/shm', `${code}
    const { Worker } = require('worker_threads');
    const { bavail, bsize } = require('fs').statfsSync ? require('fs').statfsSync('/dev/shm') : {};
    const message = told(() => shm.create(2 ** 28, 'Buffer', key));
    const free = Number(/(\\d+) are free/.exec(message)[1]);
    // Each failing create would fill the folder for a while.
    const small = new Worker(\`
      const shm = require(\${JSON.stringify(require.resolve(${JSON.stringify(path.join(__dirname, '..'))}))});
      let made = 0;
      try { for (; made < 2000; made++) { shm.create(100, 'Buffer', '/small'); shm.destroy('/small'); } } catch (error) { made = error.message; }
      require('worker_threads').parentPort.postMessage(made);\`, { eval: true });
    let ended = false;
    let huge = 0;
    small.once('message', (made) => { ended = true; console.log(JSON.stringify({ message, free, told: bavail * bsize, made, huge })); });
    (function again() { if (ended) return; told(() => shm.create(2 ** 28, 'Buffer', key)); huge++; setImmediate(again); })();`);
  const found = JSON.parse(stdout || '{}');
  t.match(String(found.message), /^ENOSPC: .*268435464 bytes were asked for, \d+ are free in \/dev\/shm/, stderr);
  if (found.told) t.equal(found.free, found.told, 'the number is that of the file system');
  t.equal(found.made, 2000, `${found.huge} huge ones beside them disturb no small one`);
});

/** The folder of a new control group with a limit of 150 MB, and its file for processes; null if none can be made. */
function controlGroup() {
  const files = [['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'], ['/sys/fs/cgroup', 'memory.max']];
  for (const [parent, limit] of files) {
    const folder = path.join(parent, `shm-test-${process.pid}`);
    try {
      fs.mkdirSync(folder);
      fs.writeFileSync(path.join(folder, limit), '150000000');
      return folder;
    } catch (_) {
      spawnSync('rmdir', [folder]);
    }
  }
  return null;
}

test('a file on a full tmpfs is refused before anything is reserved', { skip: cannotMount && 'mounting takes Linux and root' }, async (t) => {
  const folder = path.join(temporaryFolder(), 'small');
  fs.mkdirSync(folder);
  const { stdout, stderr } = await runAfter(`mount -t tmpfs -o size=20m none ${folder}`, `
    const fs = require('fs');
    const told = (action) => { try { return action().length; } catch (error) { return error.message; } };
    fs.writeFileSync('sparse', '');
    fs.truncateSync('sparse', 3e7);
    console.log(told(() => shm.mapFile('new', 'Buffer', { create: 3e7 })));
    console.log(told(() => shm.mapFile('sparse', 'Buffer', { write: true, reserve: true })));
    console.log(told(() => shm.mapFile('sparse', 'Buffer', { populate: true })));
    console.log(fs.readdirSync('.').length, fs.statSync('sparse').blocks);
    console.log(told(() => shm.mapFile('sparse', 'Buffer', { write: true, reserve: true, count: 1e6 })), fs.statSync('sparse').blocks > 0);`, folder);
  const lines = stdout.split('\n');
  for (const line of lines.slice(0, 3)) t.match(line, /^ENOSPC: .*30000000 bytes were asked for, \d+ are free on its file system/, stderr);
  t.equal(lines[3], '1 0', 'nothing was reserved');
  t.equal(lines[4], '1000000 true', 'what fits is');
});

test('memory that a control group does not allow does not end the process', { skip: cannotMount && 'control groups take Linux and root' }, async (t) => {
  const group = controlGroup();
  if (group === null) return t.comment('# SKIP no control group can be made');
  const { signal, stdout, stderr } = await runAfter(`mount -t tmpfs -o size=1g none /dev/shm && echo $$ >${group}/cgroup.procs`, `${code}
    const refused = [
      () => shm.create(3e8, 'Buffer', key),
      () => shm.create(3e8, 'Buffer', process.pid, { populate: true }),
      () => shm.create(3e8, 'Buffer', null, { populate: true, transient: true }),
      () => shm.mapFile('/dev/shm/file', 'Buffer', { create: 3e8 }),
      () => shm.mapFile(sparse, 'Buffer', { write: true, reserve: true }),
      () => shm.mapFile(sparse, 'Buffer', { populate: true }),
      () => shm.get('/sparse', 'Buffer', { raw: true, populate: true }),
    ];
    const sparse = '/dev/shm/sparse';
    require('fs').writeFileSync(sparse, '');
    require('fs').truncateSync(sparse, 3e8);
    for (const call of refused) console.log(told(call));
    console.log(String(shm.stat(process.pid)), require('fs').readdirSync('/dev/shm').filter((name) => !name.startsWith('.')).join());
    console.log(shm.create(3e7, 'Buffer', process.pid, { populate: true }).length, shm.destroy(process.pid));
    console.log(shm.create(3e7, 'Buffer', key).length, shm.destroy(key));`);
  spawnSync('rmdir', [group]);
  t.equal(signal, null, stderr);
  const lines = stdout.split('\n');
  const wants = [/^ENOSPC: .*300000008 bytes/, /^ENOMEM: .*300000000 bytes/, /^ENOMEM: .*300000000 bytes/].concat(Array(4).fill(/^ENOSPC: .*300000000 bytes/));
  wants.forEach((want, i) => {
    t.match(lines[i], want);
    t.match(lines[i], /were asked for, and there is memory for \d+ in this process's control group/);
  });
  t.equal(lines[7], 'null sparse', 'nothing is left of them');
  t.match(stdout, /\n30000000 true\n$/, 'what fits is made');
});
