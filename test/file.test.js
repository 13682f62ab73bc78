'use strict';
// mapFile and unmapFile: an ordinary file as an array.

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const test = require('tape');
const { forkFixture, fileIn, freshFile, isDead, nextMessage, nodeMajor, runCode, shm, thrownBy } = require('./files');

test('a file shows as an array of every type, and is not written', (t) => {
  const file = freshFile(Buffer.alloc(8000, 0x11));
  for (const typeKey of Object.keys(shm.BufferType)) {
    const array = shm.mapFile(file, typeKey);
    t.equal(array.constructor, global[typeKey], typeKey);
    t.equal(array.byteLength, 8000);
    t.ok(Array.from(array).every((element) => element === array[0]));
    t.deepEqual(Object.getOwnPropertyNames(array).filter((name) => !/^\d+$/.test(name)), [], 'no property of its own');
  }
  const array = shm.mapFile(file);
  array.fill(9);
  t.ok(fs.readFileSync(file).every((byte) => byte === 0x11), 'a stray write stays here');
  t.equal(shm.mapFile(file).buffer, array.buffer, 'the same mapping');
  t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], [0, 0], 'a file is no shared memory');
  t.equal(shm.unmapFile(file), true);
  t.ok(isDead(array));
  t.equal(shm.unmapFile(file), false);
  t.equal(fs.statSync(file).size, 8000, 'the file stays');
  t.end();
});

test('a file that is written shows to everybody at once', async (t) => {
  const file = freshFile(Buffer.alloc(4000));
  const array = shm.mapFile(file, 'Int32Array', { write: true });
  const reader = shm.mapFile(file, 'Int32Array');
  array[999] = -7;
  t.equal(fs.readFileSync(file).readInt32LE(3996), -7);
  t.equal(reader[999], -7, 'a page that was not written here');
  const child = forkFixture('peer.js');
  child.send({ call: 'mapFile', args: [file, 'Int32Array', { write: true }] });
  t.equal((await nextMessage(child)).length, 1000);
  child.send({ read: 999 });
  t.equal((await nextMessage(child)).value, -7);
  child.send({ write: 0, value: 5 });
  await nextMessage(child);
  t.deepEqual([array[0], reader[0]], [5, 5]);
  child.disconnect();
  fs.writeSync(fs.openSync(file, 'r+'), Buffer.from([1, 0, 0, 0]), 0, 4, 0);
  t.equal(array[0], 1, 'what is written by other means shows too');
  shm.unmapFile(file);
  t.end();
});

test('create makes a file of zeros, once; it outlives its processes', async (t) => {
  const file = fileIn('state');
  const code = `shm.mapFile(${JSON.stringify(file)}, 'Float64Array', { create: 500 })[499] += 1.5;`;
  for (let run = 0; run < 2; run++) {
    const { code: status, stderr } = await runCode(code);
    t.equal(status, 0, stderr);
  }
  t.equal(fs.statSync(file).size, 4000);
  t.ok(fs.statSync(file).blocks * 512 >= 4000, 'reserved');
  const array = shm.mapFile(file, 'Float64Array', { create: 100 });
  t.equal(array.length, 100, 'as many as are asked for, also if there are more');
  t.equal(shm.mapFile(file, 'Float64Array')[499], 3);
  shm.unmapFile(file);
  t.deepEqual(fs.readdirSync(path.dirname(file)).filter((name) => name.startsWith('.shm')), [], 'nothing else is left');
  t.end();
});

test('of processes that create a file at the same time, one does', { skip: nodeMajor < 16 && 'Atomics refuse such arrays' }, async (t) => {
  const file = fileIn('race');
  const code = `
    const array = shm.mapFile(${JSON.stringify(file)}, 'Int32Array', { create: 5000 });
    if (array.some((element, index) => index > 0 && element !== 0)) process.exit(1);
    Atomics.add(array, 0, 1);`;
  const ends = await Promise.all(Array.from({ length: 6 }, () => runCode(code)));
  ends.forEach(({ code: status, stderr }) => t.equal(status, 0, stderr));
  t.equal(shm.mapFile(file, 'Int32Array')[0], 6);
  shm.unmapFile(file);
  t.end();
});

test('perm is that of a new file, less the umask', (t) => {
  const umask = process.umask(0o027);
  for (const [perm, mode] of [['666', 0o640], [undefined, 0o640], ['600', 0o600]]) {
    const file = fileIn(`perm-${perm}`);
    shm.mapFile(file, 'Buffer', { create: 1, perm });
    t.equal(fs.statSync(file).mode & 0o777, mode, `${perm}`);
    shm.unmapFile(file);
  }
  process.umask(umask);
  t.end();
});

test('a path is relative to where the process is, and may be a URL', (t) => {
  const file = freshFile('hello');
  const before = process.cwd();
  process.chdir(path.dirname(file));
  const array = shm.mapFile(path.basename(file));
  process.chdir(before);
  t.equal(shm.mapFile(file).buffer, array.buffer);
  t.equal(shm.mapFile(pathToFileURL(file)).toString(), 'hello');
  t.equal(shm.unmapFile(pathToFileURL(file)), true);
  t.ok(isDead(array));
  t.end();
});

test('links are followed, and all paths to a file are one', (t) => {
  const file = freshFile('hello');
  const [symbolic, hard] = [fileIn('symbolic'), fileIn('hard')];
  fs.symlinkSync(file, symbolic);
  fs.linkSync(file, hard);
  const array = shm.mapFile(symbolic);
  t.equal(array.toString(), 'hello');
  t.equal(shm.mapFile(file).buffer, array.buffer);
  t.equal(shm.mapFile(hard).buffer, array.buffer);
  t.equal(shm.unmapFile(hard), true);
  t.ok(isDead(array));
  t.equal(shm.unmapFile(symbolic), false);
  const dangling = fileIn('dangling');
  fs.symlinkSync(fileIn('nothing'), dangling);
  t.equal(shm.mapFile(dangling), null);
  const error = thrownBy(() => shm.mapFile(dangling, 'Buffer', { create: 1 }));
  t.deepEqual([error.code, error.path], ['ENOENT', dangling]);
  t.match(error.message, /symbolic link/);
  t.end();
});

test('a file that has been replaced is the new one; older arrays keep the old bytes', (t) => {
  const file = freshFile('old bytes');
  const link = fileIn('current');
  fs.symlinkSync(file, link);
  const arrays = [shm.mapFile(link)];
  for (let version = 0; version < 3; version++) {
    fs.writeFileSync(`${file}.new`, `version ${version}`);
    fs.renameSync(`${file}.new`, file);
    arrays.push(shm.mapFile(link));
    t.equal(arrays[arrays.length - 1].toString(), `version ${version}`);
  }
  const other = freshFile('another');
  fs.unlinkSync(link);
  fs.symlinkSync(other, link);
  arrays.push(shm.mapFile(link));
  t.deepEqual(arrays.map(String), ['old bytes', 'version 0', 'version 1', 'version 2', 'another']);
  fs.unlinkSync(link);
  t.equal(shm.mapFile(link), null);
  t.equal(arrays[3].toString(), 'version 2');
  t.equal(shm.unmapFile(link), true, 'ends all that the path has led to');
  t.ok(arrays.every(isDead));
  t.equal(shm.unmapFile(file), false);
  t.end();
});

test('a file that grows is longer at the next mapFile', (t) => {
  const log = freshFile('one\n');
  const first = shm.mapFile(log);
  for (let line = 0; line < 2000; line += 100) {
    fs.appendFileSync(log, `line ${line}\n`.repeat(100));
    const array = shm.mapFile(log);
    t.equal(array.length, fs.statSync(log).size);
    t.equal(array.toString('latin1', array.lastIndexOf('\n', -2) + 1), `line ${line}\n`);
    const tail = shm.mapFile(log, 'Buffer', { offset: first.length });
    t.equal(tail.length, array.length - first.length);
  }
  t.equal(first.toString(), 'one\n');
  shm.unmapFile(log);
  t.end();
});

test('every offset that fits the element, and the detach after it', (t) => {
  const content = Buffer.from(Array.from({ length: 12000 }, (_, index) => index % 251));
  const file = freshFile(content);
  let wrong = 0;
  for (let offset = 0; offset < 8192; offset++) {
    const write = offset % 2 === 1;
    const array = shm.mapFile(file, 'Buffer', { offset, count: 3000, write });
    if (!array.equals(content.slice(offset, offset + 3000))) wrong++;
    if (!shm.unmapFile(file) || !isDead(array)) wrong++;
  }
  t.equal(wrong, 0);
  for (const offset of [0, 8, 4088, 4096, 8184]) {
    const array = shm.mapFile(file, 'Float64Array', { offset, count: 2 });
    t.equal(array[1], content.readDoubleLE(offset + 8), `${offset}`);
  }
  t.throws(() => shm.mapFile(file, 'Float64Array', { offset: 4 }), RangeError);
  const odd = shm.mapFile(file, 'Buffer', { offset: 4099, count: 8 });
  // Where the engine lends the memory, the file's page begins somewhere in its buffer.
  const page = odd.byteOffset - 3;
  t.equal(page % 8, 0);
  t.equal(new Int32Array(odd.buffer, page, 1)[0] & 0xff, content[4096], 'elements over the same buffer are aligned');
  shm.unmapFile(file);
  t.end();
});

test('detachAll, the end of a block and another copy of the package', (t) => {
  const file = freshFile('hello');
  const array = shm.mapFile(file, 'Buffer', { disposable: true });
  const symbol = Symbol.dispose;
  if (symbol !== undefined) {
    array[symbol]();
    t.ok(isDead(array));
  }
  const [again, written] = [shm.mapFile(file), shm.mapFile(file, 'Buffer', { write: true })];
  t.equal(shm.detachAll(), 0);
  t.ok(isDead(again) && isDead(written));
  t.equal(shm.unmapFile(file), false);
  t.equal(fs.readFileSync(file, 'latin1'), 'hello');
  t.end();
});

test('at the exit event files are still there, and their end is quiet', async (t) => {
  const file = freshFile('hello');
  const code = `
    const array = shm.mapFile(${JSON.stringify(file)}, 'Buffer', { write: true });
    process.on('exit', () => { array.write('jelly'); console.log(array.toString()); });`;
  const { code: status, stdout, stderr } = await runCode(code);
  t.deepEqual([status, stdout, stderr], [0, 'jelly\n', '']);
  t.equal(fs.readFileSync(file, 'latin1'), 'jelly');
  t.end();
});
