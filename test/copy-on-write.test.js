'use strict';
// The option copyOnWrite: a private view of memory.

const fs = require('fs');
const test = require('tape');
const { forkCode, freshKey, freshKeys, freshName, isDead, isLinux, nextMessage, runCode, shm, thrownBy } = require('./support');

const linuxOnly = { skip: !isLinux && 'reads /dev/shm' };

test('copyOnWrite: reads the memory, and keeps what it writes to itself', (t) => {
  for (const key of freshKeys()) {
    const ours = shm.create(10000, 'Buffer', key);
    ours.fill(7);
    const copy = shm.get(key, 'Buffer', { copyOnWrite: true });
    t.equal(copy.length, 10000);
    t.ok(copy.every((element) => element === 7));
    copy.fill(8);
    t.ok(ours.every((element) => element === 7));
    ours[9999] = 9;
    t.equal(copy[9999], 8, 'a page that was written has parted for good');
    const again = shm.get(key, 'Buffer', { copyOnWrite: true, offset: 9999 });
    t.equal(again[0], 8, 'one private mapping for all such views of this thread');
    t.equal(shm.get(key)[9999], 9);
    t.equal(shm.getTotalSize(), 2 * (typeof key === 'string' ? 10008 : 10000));
    t.equal(shm.destroy(key), true);
    t.ok([ours, copy, again].every(isDead));
    t.equal(shm.getTotalSize(), 0);
  }
  t.end();
});

test('copyOnWrite and raw go together', linuxOnly, (t) => {
  const name = freshName();
  fs.writeFileSync(`/dev/shm${name}`, 'hello');
  const copy = shm.get(name, 'Buffer', { raw: true, copyOnWrite: true, populate: true });
  copy.write('jelly');
  t.equal(copy.toString(), 'jelly');
  t.equal(fs.readFileSync(`/dev/shm${name}`, 'latin1'), 'hello');
  shm.destroy(name);
  t.end();
});

test('the private copy of a segment is no attach, and its end destroys nothing', (t) => {
  const key = freshKey();
  const ours = shm.create(10, 'Buffer', key);
  const code = `
    shm.get(${key}, 'Buffer', { copyOnWrite: true })[0] = 1;
    console.log(shm.detach(${key}), shm.detach(${key}), shm.get(${key}).length, shm.detach(${key}));`;
  return runCode(code).then(({ stdout, stderr }) => {
    t.equal(stdout, '1 -1 10 1\n', stderr);
    t.equal(ours[0], 0);
    t.equal(shm.detach(key), 0);
  });
});

test('looking at a segment that nobody has attached, by copy on write, does not destroy it', (t) => {
  const key = freshKey();
  return runCode(`shm.create(10, 'Buffer', ${key})[0] = 7; process.kill(process.pid, 'SIGKILL');`).then(() => {
    t.equal(shm.stat(key).attaches, 0);
    t.equal(shm.get(key, 'Buffer', { copyOnWrite: true })[0], 7);
    t.equal(shm.detach(key), 1);
    t.ok(shm.stat(key), 'it is still there');
    t.equal(shm.destroy(key), true);
  });
});

test('copyOnWrite needs only the permission to read', { skip: typeof process.setuid !== 'function' && 'no setuid' }, (t) => {
  const keys = freshKeys();
  const umask = process.umask(0);
  keys.forEach((key) => (shm.create(10, 'Buffer', key, process.getuid() === 0 ? '644' : '444')[0] = 7));
  process.umask(umask);
  const code = `
    if (process.getuid() === 0) process.setuid(65534);
    for (const key of ${JSON.stringify(keys)}) {
      try { shm.get(key); console.log('writable'); } catch (error) { console.log(error.code); }
      const copy = shm.get(key, 'Buffer', { copyOnWrite: true });
      copy[1] = 8;
      console.log(copy[0] + copy[1], shm.detach(key));
    }`;
  return runCode(code).then(({ stdout, stderr }) => {
    t.equal(stdout, 'EACCES\n15 1\nEACCES\n15 1\n', stderr);
    keys.forEach((key) => t.equal(shm.get(key)[1], 0));
    keys.forEach((key) => shm.destroy(key));
  });
});

test('readOnly: shows what others write, and keeps to itself what is written here', async (t) => {
  const name = freshName();
  const ours = shm.create(20000, 'Buffer', name);
  const child = await watcher(name);
  for (const value of [1, 2, 3]) {
    ours[0] = ours[19999] = value;
    child.send('read');
    t.deepEqual(await nextMessage(child), [value, value], 'it follows');
  }
  child.send('write');
  t.deepEqual(await nextMessage(child), [9, 3]);
  t.deepEqual([ours[0], ours[19999]], [3, 3], 'what is written there reaches nobody');
  child.disconnect();
  shm.destroy(name);
  t.end();
});

/** A process that watches an object: it tells of two of its bytes, after it has written one if it is to. */
async function watcher(name) {
  const child = forkCode(`
    const watched = shm.get(${JSON.stringify(name)}, 'Buffer', { readOnly: true });
    process.on('message', (what) => {
      if (what === 'write') watched[0] = 9;
      process.send([watched[0], watched[19999]]);
    });
    process.send('ready');`);
  await nextMessage(child);
  return child;
}

test('readOnly and copyOnWrite have mappings of their own', (t) => {
  const name = freshName();
  const ours = shm.create(10, 'Buffer', name);
  const trial = shm.get(name, 'Buffer', { copyOnWrite: true });
  const watched = shm.get(name, 'Buffer', { readOnly: true });
  trial[0] = 5;
  ours[0] = 7;
  t.deepEqual([trial[0], watched[0], shm.get(name, 'Buffer', { readOnly: true })[0]], [5, 7, 7]);
  t.equal(shm.getTotalSize(), 3 * 18);
  t.equal(shm.destroy(name), true);
  t.ok([ours, trial, watched].every(isDead));
  t.end();
});

test('readOnly needs only the permission to read', { skip: typeof process.setuid !== 'function' && 'no setuid' }, async (t) => {
  const name = freshName();
  const mask = process.umask(0);
  shm.create(10, 'Int32Array', name, { perm: '644' })[1] = 7;
  process.umask(mask);
  const { stdout, stderr } = await runCode(`
    if (process.getuid() === 0) process.setuid(65534);
    const found = shm.get('${name}', 'Int32Array', { readOnly: true });
    const told = [found[1]];
    for (const call of [() => shm.get('${name}'), () => shm.wait(found, 0, 0, 0), () => shm.notify(found, 0)]) {
      try { told.push(call().length); } catch (error) { told.push(error.code); }
    }
    console.log(told.join());`);
  const plain = process.getuid() === 0 ? 'EACCES' : '40'; // its owner may write it
  t.equal(stdout, `7,${plain},ERR_INVALID_ARG_VALUE,ERR_INVALID_ARG_VALUE\n`, stderr);
  shm.destroy(name);
  t.end();
});

test('readOnly contradicts what is for writers, and is not for segments', (t) => {
  const [key, name] = freshKeys();
  shm.create(10, 'Buffer', key);
  shm.create(10, 'Buffer', name);
  for (const options of [{ readOnly: true, copyOnWrite: true }, { readOnly: true, hugePages: true }]) {
    t.match(thrownBy(() => shm.get(name, 'Buffer', options)).message, /^The options of get contradict each other: .*"readOnly"/);
  }
  t.equal(thrownBy(() => shm.get(name, 'Buffer', { readOnly: 1 })).code, 'ERR_INVALID_ARG_TYPE');
  t.match(thrownBy(() => shm.create(1, 'Buffer', name, { readOnly: true })).message, /create has no option 'readOnly' \(get has it\)/);
  const error = thrownBy(() => shm.get(key, 'Buffer', { readOnly: true }));
  t.deepEqual([error.code, error.key], ['ENOTSUP', key]);
  t.match(error.message, /copyOnWrite/, 'it says what there is instead');
  t.equal(shm.get(name, 'Buffer', { readOnly: false }).length, 10);
  shm.destroy(key);
  shm.destroy(name);
  t.end();
});
