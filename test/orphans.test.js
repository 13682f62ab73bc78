'use strict';
// destroyOrphans sweeps after this package, and leaves what others have made.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { isOurs } = require('../lib/memory/ours');
const { freshKey, isLinux, nodeMajor, runCode, shm, temporaryFolder, thrownBy } = require('./support');

const linuxOnly = { skip: !isLinux && 'only Linux tells of orphans' };

/** A folder of objects of its own, and no segments, so that nobody else's are swept; what the code prints as JSON. */
async function inFolder(code) {
  const folder = fs.mkdtempSync(path.join(temporaryFolder(), 'orphans-'));
  const segments = path.join(temporaryFolder(), 'no-segments');
  fs.writeFileSync(segments, 'key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime\n');
  const { stdout, stderr } = await runCode(
    `require(${JSON.stringify(path.join(__dirname, '../lib/runtime/places'))}).SEGMENTS = ${JSON.stringify(segments)};
     const fs = require('fs');
     const folder = ${JSON.stringify(folder)};
     const swept = (filter) => shm.destroyOrphans(filter).map(({ key }) => key).sort();
     const leave = (name, options) => { shm.create(10, 'Buffer', name, options); shm.detach(name); };
     ${code}`,
    { env: Object.assign({}, process.env, { SHM_TYPED_ARRAY_DIR: folder }) },
  );
  return stdout === '' ? stderr : JSON.parse(stdout);
}

test('objects with our header are swept, and nothing else that lies there', linuxOnly, async (t) => {
  const [first, left, all, rest] = await inFolder(`
    leave('/ours');
    leave('/other-user-of-the-package');
    leave('/raw', { raw: true });
    fs.writeFileSync(folder + '/table.csv', 'a,b,c\\n1,2,3\\n');
    fs.writeFileSync(folder + '/data.sqlite', 'SQLite format 3\\0' + 'x'.repeat(1000));
    fs.writeFileSync(folder + '/empty', '');
    fs.writeFileSync(folder + '/short', 'abc');
    fs.writeFileSync(folder + '/zeros', Buffer.alloc(4096));
    fs.writeFileSync(folder + '/cut', Buffer.from([100, 0, 0, 0, 0, 0, 0, 0, 1, 2]));
    fs.symlinkSync('/etc/passwd', folder + '/link');
    fs.mkdirSync(folder + '/folder');
    const told = [swept(), fs.readdirSync(folder).sort()];
    console.log(JSON.stringify(told.concat([swept({ all: true }), fs.readdirSync(folder).sort()])));`);
  t.deepEqual(first, ['/other-user-of-the-package', '/ours']);
  t.deepEqual(left.filter((name) => !name.startsWith('.')), ['cut', 'data.sqlite', 'empty', 'folder', 'link', 'raw', 'short', 'table.csv', 'zeros']);
  t.deepEqual(all, ['/cut', '/data.sqlite', '/empty', '/raw', '/short', '/table.csv', '/zeros'], 'all: whatever nobody has open');
  t.deepEqual(rest.filter((name) => !name.startsWith('.')), ['folder', 'link']);
  t.end();
});

test('prefix narrows, with its slash or without', linuxOnly, async (t) => {
  const found = await inFolder(`
    ['/app-1', '/app-2', '/apple', '/other'].forEach((name) => leave(name));
    fs.writeFileSync(folder + '/app-3', 'not ours');
    const listed = shm.list({ prefix: 'app-' }).map(({ key }) => key).sort();
    console.log(JSON.stringify([listed, swept({ prefix: '/app-' }), swept({ prefix: 'app-', all: true }), swept({ prefix: 'appl' }), swept()]));`);
  t.deepEqual(found, [['/app-1', '/app-2', '/app-3'], ['/app-1', '/app-2'], ['/app-3'], ['/apple'], ['/other']]);
  t.end();
});

test('a transient object that is raw carries its mark', linuxOnly, async (t) => {
  const found = await inFolder(`
    const { spawnSync } = require('child_process');
    const code = "require(" + JSON.stringify(${JSON.stringify(path.join(__dirname, '..'))}) + ").create(10, 'Buffer', '/marked', { raw: true, transient: true }); process.kill(process.pid, 'SIGKILL');";
    const child = require('path').join(folder, '..', 'marked.js');
    fs.writeFileSync(child, code);
    spawnSync(process.execPath, ${JSON.stringify(process.versions.deno ? ['run', '-A'] : [])}.concat(child));
    console.log(JSON.stringify(swept()));`);
  t.deepEqual(found, ['/marked']);
  t.end();
});

test('what somebody has attached stays, and what this user may not read', linuxOnly, async (t) => {
  const found = await inFolder(`
    const kept = shm.create(10, 'Buffer', '/kept');
    console.log(JSON.stringify([swept(), swept({ all: true }), kept.length]));`);
  t.deepEqual(found, [[], [], 10]);
  t.end();
});

/** Leaves a segment by a process that is killed. */
function leaveSegment(code) {
  return runCode(`${code}; process.kill(process.pid, 'SIGKILL');`);
}

test('structures under a number carry theirs, plain segments do not', { skip: linuxOnly.skip || (nodeMajor < 16 && 'structures need Node 16') }, async (t) => {
  const makers = [
    (key) => `new shm.Channel(${key}, { slots: 2, size: 8 }).trySend('x')`,
    (key) => `new shm.Topic(${key}, { size: 8 }).tryPublish('x')`,
    (key) => `new shm.SharedMap(${key}, { bytes: 20000 }).set('a', 'b')`,
    (key) => `new shm.LockManager(${key}).request('a', () => {})`,
  ];
  const keys = makers.map(() => freshKey());
  await Promise.all(makers.map((make, index) => leaveSegment(make(keys[index]))));
  const plain = freshKey();
  await leaveSegment(`shm.create(100, 'Buffer', ${plain}).fill(1)`);
  // To sweep would destroy what other tests have left for a moment.
  keys.forEach((key, index) => t.equal(isOurs(shm.stat(key)), true, makers[index](key)));
  t.equal(isOurs(shm.stat(plain)), false, 'nothing tells whose a plain segment is');
  keys.concat(plain).forEach((key) => shm.destroy(key));
  t.end();
});

test('another user who locks the folder of objects stops and slows nothing', { skip: linuxOnly.skip || (require('child_process').spawnSync('flock', ['--version']).status !== 0 && 'needs flock') }, async (t) => {
  const [swept, took] = await inFolder(`
    const { spawn } = require('child_process');
    const child = spawn('flock', ['-x', folder, 'sh', '-c', 'echo locked; read x']);
    child.stdout.once('data', () => {
      for (let i = 0; i < 20; i++) leave('/one-' + i);
      const since = Date.now();
      const destroyed = swept().length;
      const took = Date.now() - since;
      child.stdin.end();
      console.log(JSON.stringify([destroyed, took]));
    });`);
  t.equal(swept, 20);
  t.ok(took < 900, `20 looks take ${took} ms: one that waited for the lock would take a second each`);
  t.end();
});

test('filters are checked', linuxOnly, (t) => {
  for (const [filter, code] of [[{ prefix: 5 }, 'ERR_INVALID_ARG_TYPE'], [{ prefix: '' }, 'ERR_OUT_OF_RANGE'], [{ prefix: 'a/b' }, 'ERR_OUT_OF_RANGE'], [{ all: 1 }, 'ERR_INVALID_ARG_TYPE'], [{ every: true }, 'ERR_INVALID_ARG_VALUE']]) {
    t.equal(thrownBy(() => shm.destroyOrphans(filter)).code, code, JSON.stringify(filter));
  }
  t.equal(thrownBy(() => shm.list({ all: true })).code, 'ERR_INVALID_ARG_VALUE');
  t.end();
});
