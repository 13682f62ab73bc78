'use strict';
// Copies of the package in one thread, as test runners make them: they load lib/ anew for every file and
// keep the addon. What one does is not the other's; what a thread has one of, they share.

const test = require('tape');
const { copyOfPackage, freshKey, freshKeys, freshName, isBun, isDead, isDeno, runCode, shm } = require('./support');

const other = copyOfPackage({ addon: false });

test('a copy is another module on the same addon', (t) => {
  t.notEqual(other, shm);
  t.notEqual(other.create, shm.create);
  t.end();
});

test("one copy's detach, forced or not, leaves the other's arrays alone", (t) => {
  for (const key of freshKeys()) {
    const mine = shm.create(100, 'Uint8Array', key);
    for (const end of [() => other.detach(key), () => other.detachAll()]) {
      const theirs = other.get(key);
      t.notEqual(theirs.buffer, mine.buffer, `${key}: a mapping of its own`);
      mine[1]++;
      t.equal(theirs[1], mine[1], 'of the same memory');
      end();
      t.ok(isDead(theirs));
      t.equal(mine.length, 100);
      t.equal(other.detach(key), -1, 'there is nothing more to detach');
    }
    other.get(key);
    t.equal(other.destroy(key), true);
    mine[2] = 7;
    t.deepEqual([mine.length, mine[2]], [100, 7], 'a destroyed one stays as long as it is attached');
    t.equal(shm.get(key), null);
    shm.detach(key);
  }
  t.end();
});

test('each copy counts its own attaches and bytes', (t) => {
  const [key, name] = [freshKey(), freshName()];
  shm.create(100, 'Buffer', key);
  shm.create(100, 'Buffer', name);
  t.deepEqual([other.getTotalSize(), other.getTotalCreatedSize()], [0, 0]);
  other.get(key);
  other.get(name);
  other.get(key, 'Int32Array');
  t.deepEqual([other.getTotalSize(), other.getTotalCreatedSize()], [208, 0]);
  t.equal(shm.stat(key).attaches, 2);
  t.equal(shm.detach(key), 1, "the other's attach is left");
  t.deepEqual([shm.getTotalSize(), other.getTotalSize()], [108, 208]);
  t.equal(other.detach(key), 0, 'the last one destroys it');
  t.equal(other.detachAll(), 0);
  t.deepEqual([shm.getTotalSize(), other.getTotalSize()], [108, 0]);
  t.equal(shm.destroy(name), true);
  t.end();
});

test("a wait ends by its own copy's detach only", async (t) => {
  for (const key of freshKeys()) {
    const mine = shm.create(4, 'Int32Array', key);
    const theirs = other.get(key, 'Int32Array');
    const wait = shm.waitAsync(mine, 0, 0);
    const ended = other.waitAsync(theirs, 0, 0).then(() => null, (error) => error.code);
    other.detach(key);
    t.equal(await ended, 'ERR_SHM_DETACHED', `${key}`);
    while (shm.notify(mine, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    t.equal(await wait, 'ok');
    shm.destroy(key);
  }
});

test('an owner of a lock is the thread, whatever copy it locks with', (t) => {
  const key = freshKey();
  const mine = new shm.Mutex(shm.create(4, 'Int32Array', key), 0);
  const theirs = new other.Mutex(other.get(key, 'Int32Array'), 0);
  mine.lockSync();
  const numbers = [shm.get(key, 'Int32Array')[0], other.get(key, 'Int32Array')[0]];
  t.equal(numbers[0], numbers[1]);
  t.equal(theirs.tryLock(), null, 'the lock is held');
  mine.unlock();
  t.equal(theirs.tryLock(), 'ok');
  t.equal(other.get(key, 'Int32Array')[0], numbers[0], 'by the same number');
  theirs.unlock();
  other.detachAll();
  shm.destroy(key);
  t.end();
});

/** A program in which `copy()` loads the package anew on the same addon. */
const copies = `
  const copy = () => {
    Object.keys(require.cache).filter((file) => !file.endsWith('.node')).forEach((file) => delete require.cache[file]);
    return require(${JSON.stringify(require('path').join(__dirname, '..'))});
  };
`;

test('at the exit one listener detaches what all copies have', async (t) => {
  const [first, second, name] = [freshKey(), freshKey(), freshName()];
  const { code, stdout, stderr } = await runCode(`${copies}
    const before = process.listenerCount('exit');
    const loaded = Array.from({ length: 20 }, copy);
    for (const each of loaded) each.destroy(each.create(10, 'Buffer', ${first}).key);
    console.log(process.listenerCount('exit') - before);
    shm.create(10, 'Buffer', ${first});
    loaded[0].create(10, 'Buffer', ${second});
    loaded.forEach((each) => each.get(${first}));
    const array = loaded[1].create(10, 'Buffer', '${name}');
    process.on('exit', () => console.log((array[0] = 7), loaded[2].get('${name}')[0]));
  `);
  t.deepEqual([code, stdout, stderr], [0, '1\nshm segments destroyed: 2\n7 7\n', '']);
  t.deepEqual([shm.stat(first), shm.stat(second)], [null, null]);
  t.equal(shm.destroy(name), true);
});

test('copies that are dropped leave their memory attached until the exit', { skip: (isBun || isDeno) && 'asks V8 to collect' }, async (t) => {
  const { code, stdout, stderr } = await runCode(`${copies}
    require('v8').setFlagsFromString('--expose-gc');
    const gc = require('vm').runInNewContext('gc');
    const keys = ${JSON.stringify(Array.from({ length: 10 }, freshKey))};
    const arrays = keys.map((each) => copy().create(10, 'Buffer', each).fill(7));
    for (let i = 0; i < 5; i++) gc();
    console.log(arrays.every((array) => array[9] === 7), keys.every((each) => shm.stat(each).attaches === 1));
  `);
  t.deepEqual([code, stdout, stderr], [0, 'true true\nshm segments destroyed: 10\n', '']);
});

test('a file whose load was ended by force is loaded again', { skip: (isBun || isDeno) && 'this runtime does not terminate scripts' }, async (t) => {
  const { stdout, stderr } = await runCode(`
    const Module = require('module');
    const file = require.resolve(${JSON.stringify(require.resolve('../lib/wait'))});
    const unfinished = new Module(file);
    require.cache[file] = Object.assign(unfinished, { filename: file, loaded: false });
    const array = shm.create(1, 'Int32Array', ${JSON.stringify(freshName())});
    console.log(shm.notify(array, 0), require.cache[file] !== unfinished);
    shm.destroy(array);
  `);
  t.equal(stdout, '0 true\n', stderr);
});
