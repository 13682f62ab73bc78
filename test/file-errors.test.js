'use strict';
// What mapFile refuses, and in which words.

const { spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const test = require('tape');
const { execArgv, execPath, fileIn, freshFile, isDead, isLinux, runCode, shm, temporaryFolder, thrownBy } = require('./files');

const linuxOnly = { skip: !isLinux && 'needs a file system of Linux' };
const isRoot = typeof process.getuid === 'function' && process.getuid() === 0;

test('wrong arguments', (t) => {
  const file = freshFile(Buffer.alloc(64));
  for (const [args, Class, code, message] of [
    [[7], TypeError, 'ERR_INVALID_ARG_TYPE', /"path" argument must be a string or a file: URL\. Received 7/],
    [[''], TypeError, 'ERR_INVALID_ARG_VALUE', /'path'/],
    [['a\0b'], TypeError, 'ERR_INVALID_ARG_VALUE', /'path' must be a path, without NUL/],
    [[new URL('http://localhost/')], TypeError, 'ERR_INVALID_URL_SCHEME', /file/],
    [[file, 'Int33Array'], TypeError, 'ERR_INVALID_ARG_VALUE', /Unknown type key/],
    [[file, 'Buffer', null], TypeError, 'ERR_INVALID_ARG_TYPE', /"options"/],
    [[file, 'Buffer', { wriet: true }], TypeError, 'ERR_INVALID_ARG_VALUE', /^mapFile has no option 'wriet'\. Its options are: write, create, perm,/],
    [[file, 'Buffer', { write: 1 }], TypeError, 'ERR_INVALID_ARG_TYPE', /"options\.write" argument must be true or false/],
    [[file, 'Buffer', { create: 0 }], RangeError, 'ERR_OUT_OF_RANGE', /"options\.create"/],
    [[file, 'Buffer', { create: '8' }], TypeError, 'ERR_INVALID_ARG_TYPE', /"options\.create"/],
    [[file, 'Buffer', { create: 8, write: false }], TypeError, 'ERR_INVALID_ARG_VALUE', /contradict/],
    [[file, 'Buffer', { create: 8, count: 8 }], TypeError, 'ERR_INVALID_ARG_VALUE', /contradict/],
    [[file, 'Buffer', { perm: '600' }], TypeError, 'ERR_INVALID_ARG_VALUE', /"perm" .* takes "create"/],
    [[file, 'Buffer', { reserve: true }], TypeError, 'ERR_INVALID_ARG_VALUE', /"reserve" .* takes "write"/],
    [[file, 'Buffer', { create: 8, perm: '999' }], RangeError, 'ERR_OUT_OF_RANGE', /"options\.perm"/],
    [[file, 'Int32Array', { offset: 2 }], RangeError, 'ERR_OUT_OF_RANGE', /a multiple of 4/],
    [[file, 'Buffer', { offset: 64 }], RangeError, 'ERR_OUT_OF_RANGE', /has 64 bytes, too few for "offset" 64$/],
    [[file, 'Buffer', { offset: 2 ** 40 }], RangeError, 'ERR_OUT_OF_RANGE', /too few for "offset"/],
    [[file, 'Int32Array', { count: 17 }], RangeError, 'ERR_OUT_OF_RANGE', /too few for "offset" 0 and "count" 17 × 4 bytes/],
    [[file, 'Int32Array', { offset: 60, count: 2 }], RangeError, 'ERR_OUT_OF_RANGE', /too few for "offset" 60/],
  ]) {
    const error = thrownBy(() => shm.mapFile(...args));
    t.ok(error instanceof Class && error.code === code, `${error}`);
    t.match(error.message, message);
  }
  t.equal(shm.unmapFile(file), false, 'nothing was mapped');
  t.end();
});

test('there is none: null', (t) => {
  t.equal(shm.mapFile(fileIn('nothing')), null);
  t.equal(shm.mapFile(path.join(freshFile('a file'), 'in a file')), null);
  t.equal(shm.unmapFile(fileIn('nothing')), false);
  const error = thrownBy(() => shm.mapFile(path.join(fileIn('no-folder'), 'file'), 'Buffer', { create: 1 }));
  t.equal(error.code, 'ENOENT');
  t.match(error.message, /There is no such directory/);
  t.end();
});

test('empty, too small, cut short', (t) => {
  const empty = freshFile('');
  const error = thrownBy(() => shm.mapFile(empty));
  t.deepEqual([error.code, error.path], ['ERR_SHM_LAYOUT', empty]);
  t.equal(thrownBy(() => shm.mapFile(freshFile('seven b'), 'Float64Array')).code, 'ERR_SHM_LAYOUT');
  t.equal(shm.mapFile(freshFile('seventeen bytes !'), 'Float64Array').length, 2, 'as many whole elements as there are');
  const small = freshFile(Buffer.alloc(40));
  const size = thrownBy(() => shm.mapFile(small, 'Int32Array', { create: 11 }));
  t.deepEqual([size.code, size.path], ['ERR_SHM_SIZE', small]);
  t.match(size.message, /exists and has 40 bytes, fewer than the 44 asked for/);
  t.equal(thrownBy(() => shm.mapFile(empty, 'Int32Array', { create: 1 })).code, 'ERR_SHM_SIZE');
  const file = freshFile(Buffer.alloc(20000, 7));
  const array = shm.mapFile(file);
  fs.truncateSync(file, 5000);
  const cut = thrownBy(() => shm.mapFile(file));
  t.equal(cut.code, 'ERR_SHM_LAYOUT');
  t.match(cut.message, /has been cut to 5000 bytes since its first 20000 were mapped: unmapFile it/);
  t.equal(shm.unmapFile(file), true);
  t.ok(isDead(array));
  t.equal(shm.mapFile(file).length, 5000);
  shm.detachAll();
  t.end();
});

test('what is no regular file is refused, and not waited for', (t) => {
  const fifo = fileIn('fifo');
  const socket = fileIn('socket');
  t.equal(spawnSync('mkfifo', [fifo]).status, 0);
  const server = net.createServer().listen(socket, () => {
    for (const [file, code] of [[fifo, 'EINVAL'], [socket, 'EINVAL'], ['/dev/null', 'EINVAL'], ['/dev/tty', 'EINVAL'], [temporaryFolder(), 'EISDIR']]) {
      for (const options of [undefined, { write: true }, { create: 1 }]) {
        const error = thrownBy(() => shm.mapFile(file, 'Buffer', options));
        t.deepEqual([error.code, error.path], [code, file], error.message);
      }
    }
    server.close(() => t.end());
  });
});

test('a file system that cannot map: ENODEV, with what to do', linuxOnly, (t) => {
  const file = '/sys/kernel/mm/transparent_hugepage/enabled';
  if (!fs.existsSync(file)) return t.end();
  const error = thrownBy(() => shm.mapFile(file));
  t.equal(error.code, 'ENODEV');
  t.match(error.message, /cannot map files like this: read it/);
  return t.end();
});

test('a file with holes is written only if that was asked for', (t) => {
  const file = freshFile('');
  fs.truncateSync(file, 2 ** 20);
  if (fs.statSync(file).blocks * 512 >= 2 ** 20) {
    t.comment('# SKIP this file system has no files with holes');
    return t.end();
  }
  const error = thrownBy(() => shm.mapFile(file, 'Buffer', { write: true }));
  t.deepEqual([error.code, error.path], ['ERR_SHM_SPARSE', file]);
  t.match(error.message, /{ reserve: true } fills them, { reserve: false } takes the risk/);
  t.equal(thrownBy(() => shm.mapFile(file, 'Buffer', { create: 5 })).code, 'ERR_SHM_SPARSE', 'an existing one is no new one');
  t.equal(shm.mapFile(file).length, 2 ** 20, 'to read it is another thing');
  shm.mapFile(file, 'Buffer', { write: true, reserve: false })[2 ** 19] = 7;
  t.ok(fs.statSync(file).blocks * 512 < 2 ** 20);
  shm.unmapFile(file);
  if (isLinux) {
    t.equal(shm.mapFile(file, 'Buffer', { write: true, reserve: true })[2 ** 19], 7, 'what is there stays');
    t.ok(fs.statSync(file).blocks * 512 >= 2 ** 20, 'filled');
    shm.unmapFile(file);
    t.ok(shm.mapFile(file, 'Buffer', { write: true }), 'reserved is as good as written');
    shm.unmapFile(file);
  }
  const sparse = fileIn('sparse');
  shm.mapFile(sparse, 'Buffer', { create: 2 ** 20, reserve: false });
  t.ok(fs.statSync(sparse).blocks * 512 < 2 ** 20, 'a new one, if that was asked for');
  shm.unmapFile(sparse);
  return t.end();
});

test('permission to read is enough, unless it is written', { skip: typeof process.setuid !== 'function' && 'no setuid' }, async (t) => {
  const file = freshFile('hello');
  fs.chmodSync(file, isRoot ? 0o644 : 0o444);
  for (let folder = path.dirname(file); folder !== path.dirname(temporaryFolder()); folder = path.dirname(folder)) fs.chmodSync(folder, 0o755);
  const code = `
    if (process.getuid() === 0) process.setuid(65534);
    const array = shm.mapFile(${JSON.stringify(file)});
    array.write('jelly');
    console.log(array.toString());
    for (const options of [[${JSON.stringify(file)}, { write: true }], ['/${isLinux ? 'proc' : 'System'}/new', { create: 1 }]]) {
      try { shm.mapFile(options[0], 'Buffer', options[1]); } catch (error) { console.log(error.code, /\\/dev\\/shm/.test(error.message), error.message); }
    }`;
  const { stdout, stderr } = await runCode(code);
  const [text, written] = stdout.split('\n');
  t.equal(text, 'jelly', stderr);
  t.match(written, /^EACCES false .*may not write it/);
  t.equal(fs.readFileSync(file, 'latin1'), 'hello');
  t.end();
});

/** Runs code on a file system of its own, mounted at `place` where nobody else sees it. */
function mounted(options, code) {
  const place = fileIn('mount');
  fs.mkdirSync(place);
  const program = `
    const shm = require(${JSON.stringify(path.join(__dirname, '..'))});
    const fs = require('fs');
    const told = (action) => { try { return action(); } catch (error) { return error.code + ' ' + error.message; } };
    const place = ${JSON.stringify(place)};
    console.log(JSON.stringify((() => { ${code} })()));`;
  const file = freshFile(program);
  fs.renameSync(file, `${file}.js`);
  const mount = `mount -t tmpfs -o ${options} none '${place}' && shift && exec "$@"`;
  const child = spawnSync('unshare', ['-m', 'sh', '-c', mount, 'sh', '-', execPath].concat(execArgv, [`${file}.js`]), { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout.split('\n')[0]);
}

const cannotMount = !isLinux || spawnSync('unshare', ['-m', 'true']).status !== 0;
const mounts = { skip: cannotMount && 'mounting takes Linux and root' };

test('a full disk is an error when a file is made or filled, not a SIGBUS later', mounts, (t) => {
  const [made, filled, left] = mounted('size=1m', `
    fs.writeFileSync(place + '/sparse', '');
    fs.truncateSync(place + '/sparse', 2 ** 22);
    return [
      told(() => shm.mapFile(place + '/new', 'Buffer', { create: 2 ** 22 })),
      told(() => shm.mapFile(place + '/sparse', 'Buffer', { write: true, reserve: true })),
      fs.readdirSync(place),
    ];`);
  t.match(made, /^ENOSPC .*4194304 bytes were asked for, \d+ are free on its file system\. Make room there/);
  t.match(filled, /^ENOSPC .*4194304 bytes were asked for/);
  t.notOk(/dev\/shm/.test(made + filled));
  t.deepEqual(left, ['sparse'], 'nothing half-made is left');
  t.end();
});

test('a file system that is read-only', mounts, (t) => {
  const [read, written, made] = mounted('size=1m', `
    fs.writeFileSync(place + '/file', 'hello');
    require('child_process').execFileSync('mount', ['-o', 'remount,ro', place]);
    return [
      told(() => shm.mapFile(place + '/file').toString()),
      told(() => shm.mapFile(place + '/file', 'Buffer', { write: true })),
      told(() => shm.mapFile(place + '/new', 'Buffer', { create: 1 })),
    ];`);
  t.equal(read, 'hello');
  t.match(written, /^EROFS .*without { write: true } it can be mapped/);
  t.match(made, /^EROFS .*no file can be made there/);
  t.end();
});

test('what can never be made is an error at once, not after many tries', (t) => {
  const folder = fs.mkdtempSync(path.join(temporaryFolder(), 'never-'));
  fs.writeFileSync(path.join(folder, 'file'), 'abcd');
  fs.symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'link'));
  fs.symlinkSync('circle', path.join(folder, 'circle'));
  const cases = { 'file/': /EISDIR|ENOTDIR/, 'file/.': /ENOTDIR/, 'file/x': /ENOTDIR/, 'nothing/': /EISDIR/, 'nothing/.': /ENOENT/, 'nothing/x': /ENOENT/, link: /ENOENT/, circle: /ELOOP/, '.': /EISDIR/, '': /EISDIR/ };
  for (const name of Object.keys(cases)) {
    const since = Date.now();
    const error = thrownBy(() => shm.mapFile(`${folder}/${name}`, 'Buffer', { create: 2 ** 20 }));
    t.match(error.code, cases[name], `'${name}': ${error.message}`);
    t.equal(error.path, `${folder}/${name}`);
    t.ok(Date.now() - since < 1000, 'at once');
  }
  t.deepEqual(fs.readdirSync(folder).sort(), ['circle', 'file', 'link'], 'nothing was made');
  t.end();
});
