'use strict';
// get: views of existing memory, in this process and in others; headers that cannot be believed.

const fs = require('fs');
const test = require('tape');
const { forkFixture, freshKey, freshKeys, freshName, isDead, isLinux, nextMessage, runCode, shm, thrownBy } = require('./support');

test('get returns null where there is nothing', (t) => {
  for (const key of freshKeys()) t.equal(shm.get(key), null, `${key}`);
  t.end();
});

test('a further get is another view of the same mapping, counted once', (t) => {
  for (const key of freshKeys()) {
    const first = shm.create(100, 'Uint8Array', key);
    const size = shm.getTotalSize();
    const second = shm.get(key);
    const third = shm.get(key, 'Float32Array');
    t.equal(shm.getTotalSize(), size, `${key}`);
    t.equal(second.buffer, first.buffer);
    first[0] = 7;
    t.equal(second[0], 7);
    t.equal(third.length, 25);
    shm.destroy(key);
    t.ok([first, second, third].every(isDead), 'one detach ends them all');
  }
  t.end();
});

test('as many whole elements as fit', (t) => {
  for (const key of freshKeys()) {
    shm.create(15, 'Buffer', key);
    t.equal(shm.get(key).length, 15);
    t.equal(shm.get(key, 'Float64Array').length, 1);
    t.equal(shm.get(key, 'Int32Array').length, 3);
    t.equal(shm.get(key, 'Uint16Array').length, 7);
    shm.destroy(key);
    shm.create(7, 'Buffer', key);
    t.equal(shm.get(key, 'Float64Array').length, 0);
    shm.destroy(key);
  }
  t.end();
});

test('memory outlives the arrays that were dropped', (t) => {
  for (const key of freshKeys()) {
    shm.create(10, 'Uint8Array', key)[9] = 9;
    if (global.gc) global.gc();
    t.equal(shm.get(key)[9], 9);
    shm.destroy(key);
  }
  t.end();
});

test('another process sees the same memory', async (t) => {
  for (const key of freshKeys()) {
    const array = shm.create(1000, 'Float64Array', key);
    array[999] = 1.5;
    const child = forkFixture('peer.js');
    child.send({ call: 'get', args: [key, 'Float64Array'] });
    const seen = await nextMessage(child);
    t.equal(seen.length, 1000);
    child.send({ read: 999 });
    t.equal((await nextMessage(child)).value, 1.5);
    child.send({ write: 0, value: 2.5 });
    await nextMessage(child);
    t.equal(array[0], 2.5, `${key}`);
    child.disconnect();
    await new Promise((resolve) => child.once('exit', resolve));
    t.equal(array[0], 2.5);
    shm.destroy(key);
  }
  t.end();
});

test('an object made anew by another process is the new one', async (t) => {
  for (const key of freshKeys()) {
    const old = shm.create(10, 'Uint8Array', key);
    old[0] = 1;
    const child = forkFixture('peer.js');
    child.send({ call: 'destroy', args: [key] });
    t.equal((await nextMessage(child)).result, true);
    t.equal(shm.get(key), null, `${key}`);
    child.send({ call: 'create', args: [20, 'Uint8Array', key] });
    await nextMessage(child);
    child.send({ write: 0, value: 2 });
    await nextMessage(child);
    const now = shm.get(key);
    t.equal(now.length, 20);
    t.deepEqual([old[0], now[0]], [1, 2], 'the old one is as it was');
    shm.destroy(key);
    child.disconnect();
    t.ok(isDead(old) && isDead(now), 'a detach of the key ends both');
    t.equal(shm.getTotalSize(), 0);
  }
  t.end();
});

test('the header is the length in bytes, native endian, and the data follows', { skip: !isLinux && 'reads /dev/shm' }, (t) => {
  const name = freshName();
  shm.create(3, 'Uint16Array', name).set([1, 2, 3]);
  const bytes = fs.readFileSync(`/dev/shm${name}`);
  const expected = new Uint8Array(14);
  new Uint32Array(expected.buffer, 0, 2)[require('os').endianness() === 'LE' ? 0 : 1] = 6;
  new Uint16Array(expected.buffer, 8).set([1, 2, 3]);
  t.deepEqual(Array.from(bytes), Array.from(expected));
  shm.destroy(name);
  t.end();
});

test('an object without a header that fits is refused, and the error names raw', { skip: !isLinux && 'writes /dev/shm' }, (t) => {
  const header = (...bytes) => Buffer.from(bytes);
  const objects = {
    empty: Buffer.alloc(0),
    'one byte': Buffer.alloc(1),
    'seven bytes': Buffer.alloc(7),
    'a header of 0': Buffer.alloc(100),
    'one byte too few': Buffer.concat([header(91, 0, 0, 0, 0, 0, 0, 0), Buffer.alloc(92)]),
    'one byte too many': Buffer.concat([header(93, 0, 0, 0, 0, 0, 0, 0), Buffer.alloc(92)]),
    'its own size': Buffer.concat([header(100, 0, 0, 0, 0, 0, 0, 0), Buffer.alloc(92)]),
    '2³²−1': Buffer.concat([header(255, 255, 255, 255, 0, 0, 0, 0), Buffer.alloc(92)]),
    '2⁶⁴−1': Buffer.concat([Buffer.alloc(8, 255), Buffer.alloc(92)]),
    '2⁶⁴−8': Buffer.concat([header(248, 255, 255, 255, 255, 255, 255, 255), Buffer.alloc(92)]),
    text: Buffer.from('This object was made by another program, and its first bytes are words.'),
  };
  for (const what of Object.keys(objects)) {
    const name = freshName();
    fs.writeFileSync(`/dev/shm${name}`, objects[what]);
    const error = thrownBy(() => shm.get(name));
    t.equal(error.code, 'ERR_SHM_LAYOUT', `${what}: ${error.message}`);
    t.ok(error.message.includes('{ raw: true }'));
    t.equal(error.key, name);
    t.equal(shm.getTotalSize(), 0);
    t.equal(shm.destroy(name), true, 'but it can be destroyed');
  }
  const name = freshName();
  fs.writeFileSync(`/dev/shm${name}`, Buffer.concat([header(92, 0, 0, 0, 0, 0, 0, 0), Buffer.alloc(92, 7)]));
  const array = shm.get(name);
  t.equal(array.length, 92);
  t.ok(array.every((byte) => byte === 7));
  shm.destroy(name);
  t.end();
});

test('only regular files are opened, and links are not followed', { skip: !isLinux && 'writes /dev/shm' }, (t) => {
  const { execFileSync } = require('child_process');
  const target = freshName();
  shm.create(10, 'Buffer', target);
  const kinds = {
    'a link': (path) => fs.symlinkSync(`/dev/shm${target}`, path),
    'a dangling link': (path) => fs.symlinkSync('/nowhere', path),
    'a folder': (path) => fs.mkdirSync(path),
    'a FIFO': (path) => execFileSync('mkfifo', [path]),
  };
  for (const kind of Object.keys(kinds)) {
    const name = freshName();
    kinds[kind](`/dev/shm${name}`);
    const error = thrownBy(() => shm.get(name));
    t.ok(['ELOOP', 'EISDIR', 'EINVAL'].includes(error.code), `${kind}: ${error.message}`);
    t.equal(shm.create(1, 'Buffer', name), null, 'the name is taken');
    if (kind === 'a folder') {
      t.ok(thrownBy(() => shm.destroy(name)).code, 'a folder is not unlinked');
      fs.rmdirSync(`/dev/shm${name}`);
    } else {
      t.equal(shm.destroy(name), true);
    }
  }
  t.equal(shm.get(target).length, 10);
  shm.destroy(target);
  t.end();
});

test('memory that this user may not open is EACCES', { skip: (!isLinux || process.getuid() !== 0) && 'needs root to become another user' }, async (t) => {
  const [number, name] = [freshKey(), freshName()];
  shm.create(10, 'Buffer', number, '600');
  shm.create(10, 'Buffer', name, '600');
  const outcome = await runCode(`
    process.setgid(65534);
    process.setuid(65534);
    for (const key of [${number}, '${name}']) {
      for (const call of [() => shm.get(key), () => shm.destroy(key)]) {
        try { call(); console.log('allowed'); } catch (error) { console.log(error.code, error.syscall); }
      }
      console.log(shm.create(1, 'Buffer', key));
    }
  `);
  const lines = outcome.stdout.trim().split('\n');
  t.ok(/^EACCES (shmget|shmctl|shmat)$/.test(lines[0]), lines[0]);
  t.ok(/^(EPERM|EACCES) (shmget|shmctl)$/.test(lines[1]), lines[1]);
  t.equal(lines[3], 'EACCES open');
  t.ok(/^(EPERM|EACCES) unlink$/.test(lines[4]), lines[4]);
  t.deepEqual([lines[2], lines[5]], ['null', 'null']);
  t.equal(outcome.stderr, '');
  t.equal(shm.get(number).length + shm.get(name).length, 20, 'nothing happened to it');
  shm.destroy(number);
  shm.destroy(name);
  t.end();
});

const cutsFiles = { skip: !isLinux && 'cuts a file of /dev/shm' };

test('an attached object that was cut short is refused until it is detached', cutsFiles, (t) => {
  for (const call of [(name) => shm.get(name), (name) => shm.get(name, 'Int32Array'), (name) => shm.getOrCreate(100, 'Buffer', name)]) {
    const name = freshName();
    const array = shm.create(100000, 'Buffer', name);
    fs.truncateSync(`/dev/shm${name}`, 4096);
    const error = thrownBy(() => call(name));
    t.equal(error.code, 'ERR_SHM_LAYOUT');
    t.equal(error.key, name);
    t.match(error.message, /^'.*' has been cut to 4096 bytes since its 100008 bytes were mapped: detach it/);
    t.equal(array.length, 100000, 'it is attached as before');
    t.equal(shm.detach(name), 1);
    t.ok(isDead(array), 'and can be detached safely');
    t.match(thrownBy(() => shm.get(name)).message, /is 4096 bytes long, but its header tells of 100000/, 'anew it is refused, too');
    t.equal(shm.destroy(name), true);
  }
  t.end();
});

test('an attached raw object that was cut short is refused, too', cutsFiles, (t) => {
  const name = freshName();
  shm.create(100000, 'Buffer', name, { raw: true });
  fs.truncateSync(`/dev/shm${name}`, 4096);
  t.equal(thrownBy(() => shm.get(name, 'Buffer', { raw: true })).code, 'ERR_SHM_LAYOUT');
  shm.detach(name);
  t.equal(shm.get(name, 'Buffer', { raw: true }).length, 4096, 'detached, it is what it is now');
  shm.destroy(name);
  t.end();
});
