'use strict';
// How long memory lives: until the exit of its creator, until its last user is gone, or until nobody
// is found to have it.

const test = require('tape');
const {
  forkCode, freshKey, freshKeys, freshName, isBun, isDeno, isLinux, nextMessage, outcome, runCode, shm, thrownBy, track, until, Worker,
} = require('./support');

const linuxOnly = { skip: !isLinux && 'macOS attaches no removed segment, and tells of no lease' };

/** Runs JavaScript that creates what `keys` name, and whose process is killed then; resolves when it is. */
function leave(keys, bytes) {
  return runCode(`
    ${JSON.stringify(keys)}.forEach((key) => shm.create(${bytes}, 'Buffer', key).fill(7));
    process.kill(process.pid, 'SIGKILL');`);
}

test('destroyAtExit: a normal exit of the creator destroys objects and segments', async (t) => {
  for (const ending of ['', 'process.exit();', "process.on('SIGTERM', () => process.exit()); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);"]) {
    const keys = freshKeys();
    const [number, name] = keys;
    const { stdout, stderr } = await runCode(`
      ${JSON.stringify(keys)}.forEach((key) => shm.create(10, 'Buffer', key, { destroyAtExit: true }));
      shm.getOrCreate(10, 'Buffer', '${freshName()}', { destroyAtExit: true });
      ${ending}`);
    t.deepEqual([stdout, stderr], ['shm segments destroyed: 1\n', ''], ending);
    t.deepEqual([shm.stat(number), shm.stat(name)], [null, null]);
  }
});

test('destroyAtExit: what others have attached is destroyed as well, and counted', async (t) => {
  const [number, name] = freshKeys();
  const child = forkCode(`
    shm.create(10, 'Buffer', ${number}, { destroyAtExit: true });
    shm.create(10, 'Buffer', '${name}', { destroyAtExit: true });
    process.on('message', () => process.exit());
    process.send('created');`);
  const ended = outcome(child);
  await nextMessage(child);
  const arrays = [shm.get(number), shm.get(name)];
  child.send('exit');
  t.equal((await ended).stdout, 'shm segments destroyed: 1\n');
  t.deepEqual([shm.stat(number), shm.stat(name)], [null, null]);
  arrays.forEach((array) => (array[9] = 1));
  t.deepEqual(arrays.map((array) => array[9]), [1, 1], 'whoever has it keeps it');
  shm.detachAll();
});

test('destroyAtExit: later exit handlers can use an object, whose name is gone', async (t) => {
  const name = freshName();
  const { stdout } = await runCode(`
    const array = shm.create(10, 'Buffer', '${name}', { destroyAtExit: true });
    array[0] = 7;
    process.on('exit', () => console.log(array[0], shm.stat('${name}')));`);
  t.equal(stdout, '7 null\n');
});

test('destroyAtExit is for the creator, and for what it has created', async (t) => {
  const [found, replaced, detached] = [freshName(), freshName(), freshName()];
  [found, freshKey()].forEach((key) => shm.create(10, 'Buffer', key));
  const child = forkCode(`
    shm.getOrCreate(10, 'Buffer', '${found}', { destroyAtExit: true });
    ['${replaced}', '${detached}'].forEach((name) => shm.create(10, 'Buffer', name, { destroyAtExit: true }));
    shm.detach('${detached}');
    process.on('message', () => process.exit());
    process.send('created');`);
  const ended = outcome(child);
  await nextMessage(child);
  shm.destroy(replaced);
  shm.create(20, 'Buffer', replaced);
  child.send('exit');
  await ended;
  t.equal(shm.stat(found).size, 18, 'who has only got it does not destroy it');
  t.equal(shm.stat(replaced).size, 28, 'another one of the name stays');
  t.equal(shm.stat(detached), null, 'also what it has detached');
  [found, replaced].forEach((name) => t.equal(shm.destroy(name), true));
  shm.detachAll();
});

test('destroyAtExit in a worker thread lasts as long as the process', { skip: (Worker === null && 'no worker threads here') || (isBun && 'Bun ends without the exit handlers of the process') }, async (t) => {
  const name = freshName();
  const { stdout, stderr } = await runCode(`
    const { Worker, isMainThread } = require('worker_threads');
    if (isMainThread) {
      new Worker(__filename).on('exit', () => console.log(shm.stat('${name}').size));
    } else shm.create(10, 'Buffer', '${name}', { destroyAtExit: true });`);
  t.equal(stdout, '18\n', stderr);
  t.equal(shm.stat(name), null);
});

test('the line about destroyed segments can be switched off', async (t) => {
  const create = `shm.create(10, 'Buffer', ${freshKey()});`;
  const quiet = { env: Object.assign({}, process.env, { SHM_TYPED_ARRAY_QUIET: '1' }) };
  t.equal((await runCode(`${create} shm.setQuiet(true);`)).stdout, '', 'by the program');
  t.equal((await runCode(create, quiet)).stdout, '', 'by who starts it');
  t.equal((await runCode(`shm.setQuiet(true); ${create} shm.setQuiet(false);`)).stdout, 'shm segments destroyed: 1\n', 'and on again');
  t.equal(thrownBy(() => shm.setQuiet('yes')).code, 'ERR_INVALID_ARG_TYPE');
});

test('a transient segment is found by its key, and goes with its last user', linuxOnly, async (t) => {
  const array = shm.create(100, 'Int32Array', null, { transient: true });
  const { key } = array;
  t.equal(Number.isSafeInteger(key) && key >= 2 ** 32, true);
  t.equal(shm.getTotalCreatedSize(), 400);
  array[0] = 42;
  const { size, attaches, destroyed, key: told } = shm.stat(key);
  t.deepEqual([size, attaches, destroyed, told], [400, 1, true, key]);
  t.equal(shm.list().filter((status) => status.key === key).length, 1);
  t.equal(shm.get(key, 'Int32Array').buffer, array.buffer, 'one mapping');
  // By way of JSON, a command line and the environment.
  const child = forkCode(`
    const keys = [JSON.parse('${JSON.stringify({ key })}').key, Number(process.env.SHM_KEY)];
    const array = shm.get(keys[1], 'Int32Array');
    array[1] = array[0] + (keys[0] === array.key ? 1 : 0);
    process.on('message', () => process.kill(process.pid, 'SIGKILL'));
    process.send(shm.getTotalCreatedSize());`.replace('process.env.SHM_KEY', `'${key}'`));
  const ended = outcome(child);
  t.equal(await nextMessage(child), 0);
  t.equal(array[1], 43);
  t.equal(shm.stat(key).attaches, 2);
  t.equal(shm.detach(key), 1, 'one attach is left');
  t.equal(shm.getTotalCreatedSize(), 0);
  t.equal(shm.get(key, 'Int32Array')[1], 43, 'and it can be got again');
  child.send('end');
  t.equal((await ended).signal, 'SIGKILL');
  t.equal(shm.detach(key, true), 0, 'it was the last');
  t.deepEqual([shm.get(key), shm.stat(key), shm.detach(key), shm.destroy(key)], [null, null, -1, false]);
});

test('destroy of a transient segment only detaches', linuxOnly, async (t) => {
  const { key } = shm.create(10, 'Buffer', null, { transient: true });
  const { stdout } = await runCode(`
    console.log(shm.destroy(${key}));
    shm.get(${key})[0] = 7;
    console.log(shm.destroy(${key}), shm.detach(${key}));`);
  t.equal(stdout, 'false\nfalse -1\n');
  t.equal(shm.get(key)[0], 7);
  t.equal(shm.destroy(key), true);
});

test('a transient segment leaves nothing behind, whatever ends its users', linuxOnly, async (t) => {
  const { stdout } = await runCode(`
    const { writeSync } = require('fs');
    writeSync(1, String(shm.create(10, 'Buffer', null, { transient: true }).key));
    process.kill(process.pid, 'SIGKILL');`);
  const key = Number(stdout);
  t.equal(key >= 2 ** 32, true, stdout);
  await until(() => shm.stat(key) === null, 'its end');
  t.equal(shm.get(key), null, 'the creator was gone before anybody else had it');
});

test('a transient key of another segment finds nothing', linuxOnly, (t) => {
  const { key } = shm.create(10, 'Buffer', null, { transient: true });
  const kept = shm.create(10, 'Buffer', freshKey());
  const { id, changedAt } = shm.stat(kept.key);
  const cookie = 1 + (changedAt.getTime() / 1000) % (2 ** 21 - 1);
  t.equal(shm.get(key + 2 ** 32), null, 'another cookie: made in another second');
  t.equal(shm.get(cookie * 2 ** 32 + id), null, 'a segment that is not transient');
  t.equal(shm.destroy(kept.key) && shm.destroy(key), true);
  t.end();
});

test('waiting and locking work on a transient segment', linuxOnly, async (t) => {
  const words = shm.create(4, 'Int32Array', null, { transient: true });
  const mutex = new shm.Mutex(words, 0);
  mutex.lockSync();
  const child = forkCode(`
    const words = shm.get(${words.key}, 'Int32Array');
    const mutex = new shm.Mutex(words, 0);
    process.send(mutex.tryLock(), () => {
      mutex.lockSync();
      words[1] = 1;
      shm.notify(words, 1);
      process.exit();
    });`);
  const ended = outcome(child);
  t.equal(await nextMessage(child), null, 'it is locked');
  mutex.unlock();
  while (words[1] === 0) shm.wait(words, 1, 0, 10000);
  await ended;
  t.equal(mutex.lockSync(), 'owner-died', 'a killed owner is noticed');
  t.equal(shm.destroy(words.key), true);
});

test('transient takes no key, and goes with neither getOrCreate nor the other two', linuxOnly, (t) => {
  const transient = (key, more) => thrownBy(() => shm.create(10, 'Buffer', key, Object.assign({ transient: true }, more))).code;
  t.equal(transient(freshKey()), 'ERR_INVALID_ARG_VALUE');
  t.equal(transient(freshName()), 'ERR_INVALID_ARG_VALUE');
  t.equal(transient(null, { replaceOrphan: true }), 'ERR_INVALID_ARG_VALUE');
  t.equal(transient(null, { destroyAtExit: true }), 'ERR_INVALID_ARG_VALUE');
  t.equal(thrownBy(() => shm.getOrCreate(10, 'Buffer', freshKey(), { transient: true })).code, 'ERR_INVALID_ARG_VALUE');
  const { key } = shm.create(10, 'Buffer', null, { transient: true });
  t.equal(shm.getOrCreate(10, 'Buffer', key).length, 10, 'what is there can be got');
  shm.detach(key);
  for (const create of [() => shm.create(10, 'Buffer', key), () => shm.getOrCreate(10, 'Buffer', key)]) {
    const error = thrownBy(create);
    t.equal(error.code, 'ERR_INVALID_ARG_VALUE');
    t.match(error.message, /the kernel chooses the keys of transient segments/);
  }
  t.end();
});

test('a key of a transient segment that has become a string is warned of', { skip: linuxOnly.skip || ((isBun || isDeno) && 'this runtime shows warnings its own way') }, async (t) => {
  const { key } = shm.create(10, 'Buffer', null, { transient: true });
  const { stdout } = await runCode(`process.on('warning', ({ code }) => console.log(code)); shm.get('${key}');`);
  t.equal(stdout, 'SHM_STRING_KEY\n');
  shm.destroy(key);
});

test('on macOS transient memory and the lease are refused with advice', { skip: isLinux && 'Linux has both' }, (t) => {
  const error = thrownBy(() => shm.create(10, 'Buffer', null, { transient: true }));
  t.equal(error.code, 'ENOTSUP');
  t.match(error.message, /destroyAtExit/);
  t.equal(thrownBy(() => shm.list({ orphans: true })).code, 'ENOTSUP');
  t.equal(thrownBy(() => shm.destroyOrphans()).code, 'ENOTSUP');
  t.end();
});

test('replaceOrphan: what nobody has is replaced, all zero', async (t) => {
  for (const key of isLinux ? freshKeys() : [freshKey()]) {
    for (const call of ['create', 'getOrCreate']) {
      await leave([key], 100);
      const array = shm[call](50, 'Buffer', key, { replaceOrphan: true });
      t.deepEqual([array.length, Number(array.every((byte) => byte === 0))], [50, 1], `${call} ${key}`);
      t.equal(shm.create(50, 'Buffer', key, { replaceOrphan: true }), null, 'it is in use now');
      t.equal(shm.getOrCreate(50, 'Buffer', key, { replaceOrphan: true }).buffer, array.buffer);
      shm.destroy(key);
    }
    t.equal(shm.create(10, 'Buffer', key, { replaceOrphan: true }).length, 10, 'or there is none');
    shm.destroy(key);
  }
});

test('replaceOrphan: what others have attached stays', async (t) => {
  const keys = freshKeys();
  const child = forkCode(`
    ${JSON.stringify(keys)}.forEach((key) => shm.create(100, 'Buffer', key));
    process.on('message', () => process.exit());
    process.send('created');`);
  const ended = outcome(child);
  await nextMessage(child);
  for (const key of keys) t.equal(shm.create(50, 'Buffer', key, { replaceOrphan: true }), null, String(key));
  child.send('exit');
  await ended;
  shm.destroy(keys[1]);
});

test('replaceOrphan: an object mapped for reading only is in use', linuxOnly, async (t) => {
  const name = freshName();
  await leave([name], 100);
  shm.get(name, 'Buffer', { copyOnWrite: true });
  t.equal(shm.create(50, 'Buffer', name, { replaceOrphan: true }), null);
  shm.detach(name);
  t.equal(shm.create(50, 'Buffer', name, { replaceOrphan: true }).length, 50);
  shm.destroy(name);
});

test('orphans are listed and destroyed, and nothing else', linuxOnly, async (t) => {
  const [keys, used] = [freshKeys(), freshKeys()];
  await leave(keys, 100);
  used.forEach((key) => shm.create(10, 'Buffer', key));
  const found = (filter) => shm.list(filter).filter(({ key }) => keys.concat(used).includes(key)).map(({ key }) => key);
  t.deepEqual(found({ orphans: true }), keys);
  t.deepEqual(found({ orphans: true, mine: true }), keys);
  t.deepEqual(found({ orphans: true, olderThan: 3600000 }), []);
  t.deepEqual(found().length, 4);
  t.deepEqual(found({ mine: true }).length, 4);
  used.forEach((key) => shm.destroy(key));
  keys.forEach((key) => shm.destroy(key));
});

test('a filter of orphans is checked', linuxOnly, (t) => {
  t.equal(thrownBy(() => shm.list({ orphan: true })).code, 'ERR_INVALID_ARG_VALUE');
  t.equal(thrownBy(() => shm.destroyOrphans({ orphans: true })).code, 'ERR_INVALID_ARG_VALUE');
  t.equal(thrownBy(() => shm.destroyOrphans({ mine: 1 })).code, 'ERR_INVALID_ARG_TYPE');
  t.equal(thrownBy(() => shm.destroyOrphans({ olderThan: -1 })).code, 'ERR_OUT_OF_RANGE');
  t.equal(thrownBy(() => shm.destroyOrphans(60000)).code, 'ERR_INVALID_ARG_TYPE');
  t.end();
});

test('ten processes that start at once after a crash: one creates, nine get it', async (t) => {
  for (const key of isLinux ? freshKeys() : [freshKey()]) {
    await leave([key], 100);
    const children = Array.from({ length: 10 }, (_, number) => forkCode(`
      process.on('message', () => {
        const made = shm.create(64, 'Int32Array', ${JSON.stringify(key)}, { replaceOrphan: true });
        const array = made || shm.get(${JSON.stringify(key)}, 'Int32Array');
        array[${number}] = 1;
        process.send(made !== null);
        process.removeAllListeners('message');
        process.on('message', () => process.exit());
      });
      process.send('ready');`));
    const ends = children.map(outcome);
    await Promise.all(children.map(nextMessage));
    const answers = children.map(nextMessage);
    children.forEach((child) => child.send('go'));
    const found = await Promise.all(answers);
    t.equal(found.filter((made) => made).length, 1, 'one has created it');
    t.deepEqual(Array.from(shm.get(key, 'Int32Array').subarray(0, 11)), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], 'all have the same, which was zero');
    children.forEach((child) => child.send('exit'));
    await Promise.all(ends);
    shm.destroy(track(key));
  }
});
