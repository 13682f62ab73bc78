'use strict';
// Where objects and the owners' file are: the environment may choose, and much works without any folder.

const test = require('tape');
const fs = require('fs');
const path = require('path');
const { execFileSync, spawnSync } = require('child_process');
const { freshKey, isLinux, nodeMajor, runCode, temporaryFolder } = require('./support');

const OWNERS = '.shm-typed-array-owners';
const hasClasses = nodeMajor >= 16;

function newFolder() {
  return fs.mkdtempSync(path.join(temporaryFolder(), 'place-'));
}

/** What JavaScript with `shm` in scope, which prints JSON, prints under these variables. */
async function print(code, variables) {
  const { code: status, stdout, stderr } = await runCode(code, { env: Object.assign({}, process.env, variables) });
  return status === 0 ? JSON.parse(stdout) : { status, stderr };
}

/** Every call that works without a name of an object, and what comes of it. */
function withoutNames(key, file) {
  return `
    const words = shm.create(16, 'Int32Array', ${key});
    const mapped = shm.mapFile(${JSON.stringify(file)}, 'Int32Array', { create: 4 });
    const done = [shm.list().some((one) => one.key === ${key}), shm.wait(words, 0, 1), shm.notify(words, 0)];
    for (const array of [words, mapped]) {
      const mutex = new shm.Mutex(array, 1);
      done.push(mutex.tryLock());
      mutex.unlock();
    }
    shm.destroy(${key});
    ${hasClasses ? `
    const channel = new shm.Channel(${key}, { slots: 2, size: 8 });
    done.push(channel.trySend('x'));
    channel.destroy();
    const map = new shm.SharedMap(${key}, { bytes: 20000 });
    done.push(map.set('a', 'b').get('a'));
    map.destroy();` : "done.push(true, 'b');"}
    console.log(JSON.stringify(done));`;
}

const DONE = [true, 'not-equal', 0, 'ok', 'ok', true, 'b'];

test('SHM_TYPED_ARRAY_DIR is the folder of objects and of the owners\' file', { skip: !isLinux && 'objects have no folder here' }, async (t) => {
  for (const ending of ['', '/', '//']) {
    const folder = newFolder();
    const found = await print(
      `const array = shm.create(4, 'Int8Array', '/name', { perm: '600' });
       array[3] = 7;
       const names = require('fs').readdirSync(${JSON.stringify(folder)});
       const keys = shm.list().filter((one) => one.kind === 'posix').map((one) => one.key);
       new shm.Mutex(shm.create(4, 'Int32Array', '/words'), 0).tryLock();
       console.log(JSON.stringify([names, keys, shm.stat('name').size, shm.get('/name')[3], shm.create(4, 'Int8Array', '/name')]));`,
      { SHM_TYPED_ARRAY_DIR: folder + ending },
    );
    t.deepEqual(found, [['name'], ['/name'], 12, 7, null], `with '${ending}' at its end`);
    t.deepEqual(fs.readdirSync(folder).sort(), [OWNERS, 'name', 'words'], 'objects stay, as in the usual folder');
    t.deepEqual(Array.from(fs.readFileSync(path.join(folder, 'name'))), [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    t.deepEqual(await print(`console.log(shm.destroy('/name') && shm.destroy('words'))`, { SHM_TYPED_ARRAY_DIR: folder }), true);
    t.deepEqual(fs.readdirSync(folder), [OWNERS], 'another process removes them');
  }
  t.end();
});

test('worker threads use the folder of their process, and a later change of the environment changes nothing', { skip: !isLinux && 'objects have no folder here' }, async (t) => {
  const folder = newFolder();
  const found = await print(
    `shm.create(1, 'Buffer', '/one');
     process.env.SHM_TYPED_ARRAY_DIR = '/nowhere';
     shm.create(1, 'Buffer', '/two');
     console.log(JSON.stringify(shm.list().filter((one) => one.kind === 'posix').map((one) => one.key).sort()));`,
    { SHM_TYPED_ARRAY_DIR: folder },
  );
  t.deepEqual(found, ['/one', '/two']);
  t.end();
});

test('a place that is no absolute path is an error that names its variable', async (t) => {
  for (const variable of ['SHM_TYPED_ARRAY_DIR', 'SHM_TYPED_ARRAY_OWNERS']) {
    for (const value of ['relative', './x', '~', `/${'x'.repeat(255)}`]) {
      const { status, stderr } = await print('console.log(1)', { [variable]: value });
      t.equal(status, 1, `${variable}=${value.slice(0, 10)}`);
      t.match(stderr, new RegExp(`ERR_INVALID_ARG_VALUE`));
      t.match(stderr, new RegExp(`The environment variable ${variable} must be an absolute path of at most 255 bytes\\. Received '`));
    }
    t.equal(await print('console.log(1)', { [variable]: '' }), 1, 'an empty one is none');
  }
  t.end();
});

test('SHM_TYPED_ARRAY_OWNERS is the owners\' file alone', async (t) => {
  const file = path.join(newFolder(), 'owners');
  const key = freshKey();
  t.deepEqual(await print(withoutNames(key, path.join(newFolder(), 'file')), { SHM_TYPED_ARRAY_OWNERS: file }), DONE);
  t.equal(fs.statSync(file).mode & 0o777, 0o666, 'every user may use it');
  const { status, stderr } = await print(withoutNames(freshKey(), path.join(newFolder(), 'file')), { SHM_TYPED_ARRAY_OWNERS: '/nowhere/owners' });
  t.equal(status, 1);
  t.match(stderr, /ENOENT.*\/nowhere\/owners/, 'one that cannot be had is an error that tells its path');
  t.end();
});

test('without a folder for objects all works that has no name', { skip: !isLinux && 'objects have no folder here' }, async (t) => {
  const variables = { SHM_TYPED_ARRAY_DIR: path.join(newFolder(), 'missing') };
  t.deepEqual(await print(withoutNames(freshKey(), path.join(newFolder(), 'file')), variables), DONE);
  const found = await print(
    `const told = [];
     for (const call of [() => shm.create(1, 'Buffer', '/x'), () => shm.getOrCreate(1, 'Buffer', '/x')]) {
       try { call(); } catch (error) { told.push([error.code, error.key, error.message]); }
     }
     told.push(shm.get('/x'), shm.stat('/x'), shm.destroy('/x'), shm.list().filter((one) => one.kind === 'posix').length);
     console.log(JSON.stringify(told));`,
    variables,
  );
  for (const [code, key, message] of found.slice(0, 2)) {
    t.deepEqual([code, key], ['ENOENT', '/x']);
    t.match(message, /missing.*SHM_TYPED_ARRAY_DIR.*number/, 'it says what to do');
  }
  t.deepEqual(found.slice(2), [null, null, false, 0]);
  t.end();
});

/** Whether strace works here: many containers forbid it. */
function hasStrace() {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch (_) {
    return false;
  }
}

test('where no file may be without a name, an object is made under one that begins with its own', { skip: !(isLinux && hasStrace()) && 'it takes strace' }, async (t) => {
  const folder = newFolder();
  const code = `
    const array = shm.create(4, 'Int8Array', '/snap.app.x');
    console.log(JSON.stringify([array.length, shm.create(4, 'Int8Array', '/snap.app.x'), shm.get('snap.app.x').length]));`;
  const file = path.join(newFolder(), 'code.js');
  fs.writeFileSync(file, `const shm = require(${JSON.stringify(path.join(__dirname, '..'))});${code}`);
  for (const error of ['EACCES', 'EPERM', 'EOPNOTSUPP', 'EISDIR', 'ENOSYS']) {
    const log = path.join(newFolder(), 'log');
    const args = ['-f', '-qq', '-o', log, '-e', 'trace=open,openat,linkat', '-P', folder, '-e', `inject=open,openat:error=${error}`, process.execPath, file];
    const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_DIR: folder });
    const { stdout, stderr } = spawnSync('strace', args, { env, encoding: 'utf8' });
    t.equal(stdout + stderr, '[4,null,4]\n', `${error}: the object is made`);
    t.match(fs.readFileSync(log, 'utf8'), /O_TMPFILE.*INJECTED/);
    t.deepEqual(fs.readdirSync(folder), ['snap.app.x'], 'and nothing else is left');
    fs.unlinkSync(path.join(folder, 'snap.app.x'));
  }
  t.end();
});
