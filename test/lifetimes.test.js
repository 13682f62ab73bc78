'use strict';
// How long memory lives: until the exit of its creator, until its last user is gone, or until nobody
// is found to have it.

const { spawn, spawnSync } = require('child_process');
const test = require('tape');
const {
  forkCode, freshKey, freshKeys, freshName, isBun, isDeno, isLinux, nextMessage, outcome, runCode, shm, thrownBy, until, Worker,
} = require('./support');

const linuxOnly = { skip: !isLinux && 'macOS attaches no removed segment, and tells of no lease' };

/** Runs JavaScript that creates what `keys` name, and whose process is killed then; resolves when it is. */
function leave(keys, bytes) {
  return runCode(`
    ${JSON.stringify(keys)}.forEach((key) => shm.create(${bytes}, 'Buffer', key).fill(7));
    process.kill(process.pid, 'SIGKILL');`);
}

/** Forks a process that has `key` by the given call, and ends by `process.exit` at a message. */
async function userOf(key, call = 'getOrCreate') {
  const child = forkCode(`
    const array = shm.${call};
    process.on('message', () => process.exit());
    process.send(array === null ? null : array[0]);`.replace('KEY', JSON.stringify(key)));
  const ended = outcome(child);
  const first = await nextMessage(child);
  return {
    child,
    first,
    exit: () => {
      child.send('exit');
      return ended;
    },
  };
}

const getOrCreate = "getOrCreate(100, 'Buffer', KEY, { transient: true })";
const get = 'get(KEY)';

test('a transient object goes with its last user, whoever created it', async (t) => {
  const name = freshName();
  const creator = await userOf(name, getOrCreate);
  const array = shm.getOrCreate(100, 'Buffer', name, { transient: true });
  const other = await userOf(name, get);
  array[0] = 7;
  t.equal((await creator.exit()).stdout, '', 'silently');
  t.equal(shm.stat(name).transient, true, 'it is marked');
  const third = await userOf(name, getOrCreate);
  t.equal(third.first, 7, 'who comes later has the same memory');
  t.equal(shm.detach(name), 1, 'others have it');
  await third.exit();
  t.equal(shm.stat(name).size, 108, 'one is left, who did not say the word');
  await other.exit();
  t.equal(shm.stat(name), null);
});

test('a transient object ends with a detach, a worker, an exit and an uncaught error', async (t) => {
  const [name, other] = [freshName(), freshName()];
  shm.create(10, 'Buffer', name, { transient: true });
  t.deepEqual([shm.getTotalCreatedSize(), shm.detach(name), shm.stat(name), shm.getTotalCreatedSize()], [18, 0, null, 0]);
  shm.create(10, 'Buffer', name, { transient: true });
  shm.get(name, 'Buffer', { copyOnWrite: true });
  t.equal(shm.detach(name), 0, 'all views of this thread');
  shm.create(10, 'Buffer', name, { transient: true });
  shm.detachAll();
  t.equal(shm.stat(name), null);
  const create = `shm.create(10, 'Buffer', '${name}', { transient: true });`;
  for (const ending of ['', 'process.exit();', "throw new Error('expected');", "process.on('SIGTERM', () => process.exit()); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);"]) {
    await runCode(create + ending);
    t.equal(shm.stat(name), null, ending || 'the end of the program');
  }
  t.equal((await runCode(`${create} process.on('exit', () => { shm.create(1, 'Buffer', '${other}', { transient: true })[0] = 1; });`)).stderr, '');
  t.equal(shm.stat(other), null, 'also what an exit handler has made');
});

test('a copy that may only read is a user, too', linuxOnly, async (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name, { transient: true });
  const reader = await userOf(name, "get(KEY, 'Buffer', { copyOnWrite: true })");
  t.equal(shm.detach(name), 1);
  await reader.exit();
  t.equal(shm.stat(name), null, 'and removes the name as the last one');
});

test('later exit handlers can use a transient object', async (t) => {
  const name = freshName();
  const { stdout } = await runCode(`
    const array = shm.create(10, 'Buffer', '${name}', { transient: true });
    array[0] = 7;
    process.on('exit', () => console.log(array[0], array.length));`);
  t.equal(stdout, '7 10\n');
  t.equal(shm.stat(name), null);
});

test('each thread is a user of its own', { skip: Worker === null && 'no worker threads here' }, async (t) => {
  const name = freshName();
  const { stdout, stderr } = await runCode(`
    const { Worker, isMainThread, parentPort } = require('worker_threads');
    const open = () => shm.getOrCreate(10, 'Buffer', '${name}', { transient: true });
    if (isMainThread) {
      const worker = new Worker(__filename);
      worker.once('message', () => {
        open();
        console.log(shm.detach('${name}'), shm.stat('${name}') !== null);
        worker.postMessage('end');
      });
      worker.once('exit', () => console.log(shm.stat('${name}')));
    } else {
      open();
      parentPort.once('message', () => {});
      parentPort.postMessage('open');
    }`);
  t.equal(stdout, '1 true\nnull\n', stderr);
});

test('a process whose threads have a transient object ends without it', { skip: (Worker === null && 'no worker threads here') || (isBun && 'Bun ends without the exit handlers of the process') }, async (t) => {
  const name = freshName();
  await runCode(`
    const { Worker, isMainThread, parentPort } = require('worker_threads');
    shm.getOrCreate(10, 'Buffer', '${name}', { transient: true });
    if (isMainThread) new Worker(__filename).once('message', () => process.exit());
    else {
      setInterval(() => {}, 1000);
      parentPort.postMessage('open');
    }`);
  t.equal(shm.stat(name), null);
});

test('what destroy has removed, and what has taken its name, stays as it is', async (t) => {
  const name = freshName();
  const user = await userOf(name, getOrCreate);
  t.equal(shm.destroy(name), true, 'whoever has it');
  shm.create(20, 'Buffer', name);
  await user.exit();
  t.equal(shm.stat(name).size, 28);
  shm.getOrCreate(10, 'Buffer', name, { transient: true });
  t.equal(shm.detach(name), 1, 'an object that is not transient does not become so');
  shm.getOrCreate(10, 'Buffer', name, { transient: true });
  t.equal(shm.stat(name).size, 28, 'nor is it replaced');
  shm.destroy(name);
});

test('what could not be shown leaves no name', async (t) => {
  const name = freshName();
  const user = await userOf(name, getOrCreate);
  t.equal(thrownBy(() => shm.getOrCreate(1000, 'Buffer', name, { transient: true })).code, 'ERR_SHM_SIZE');
  t.equal(thrownBy(() => shm.get(name, 'Buffer', { count: 1000 })).code, 'ERR_OUT_OF_RANGE');
  await user.exit();
  t.equal(shm.stat(name), null);
});

test('the line at the exit tells of segments made without options only', async (t) => {
  const [plain, optional, transient] = [freshKey(), freshKey(), freshKey()];
  const { stdout } = await runCode(`
    shm.create(10, 'Buffer', ${plain});
    shm.create(10, 'Buffer', ${optional}, { populate: true });
    shm.getOrCreate(10, 'Buffer', ${transient}, { transient: true });
    if (${isLinux}) shm.create(10, 'Buffer', null, { transient: true });`);
  t.equal(stdout, 'shm segments destroyed: 1\n');
  t.deepEqual([plain, optional, transient].map((key) => shm.stat(key)), [null, null, null]);
  t.equal((await runCode(`shm.getOrCreate(10, 'Buffer', ${transient}, { transient: true });`)).stdout, '');
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

test('the key of a transient segment can be got, not made', linuxOnly, (t) => {
  const { key } = shm.create(10, 'Buffer', null, { transient: true });
  for (const options of [undefined, { transient: true }]) t.equal(shm.getOrCreate(10, 'Buffer', key, options).length, 10, 'what is there can be got');
  shm.detach(key);
  for (const create of [() => shm.create(10, 'Buffer', key), () => shm.getOrCreate(10, 'Buffer', key), () => shm.create(10, 'Buffer', key, { transient: true })]) {
    const error = thrownBy(create);
    t.equal(error.code, 'ERR_INVALID_ARG_VALUE');
    t.match(error.message, /the kernel chooses the keys/);
  }
  t.end();
});

test('a key of a transient segment that has become a string is warned of', { skip: linuxOnly.skip || ((isBun || isDeno) && 'this runtime shows warnings its own way') }, async (t) => {
  const { key } = shm.create(10, 'Buffer', null, { transient: true });
  const { stdout } = await runCode(`process.on('warning', ({ code }) => console.log(code)); shm.get('${key}');`);
  t.equal(stdout, 'SHM_STRING_KEY\n');
  shm.destroy(key);
});

test('on macOS transient segments without a key, and orphans, are refused with advice', { skip: isLinux && 'Linux has both' }, (t) => {
  const error = thrownBy(() => shm.create(10, 'Buffer', null, { transient: true }));
  t.equal(error.code, 'ENOTSUP');
  t.match(error.message, /take a name/);
  t.equal(thrownBy(() => shm.list({ orphans: true })).code, 'ENOTSUP');
  t.equal(thrownBy(() => shm.destroyOrphans()).code, 'ENOTSUP');
  t.end();
});

/** Runs JavaScript that makes what `keys` name transient, and whose process is killed then. */
function leaveTransient(keys) {
  return runCode(`
    ${JSON.stringify(keys)}.forEach((key) => shm.create(100, 'Buffer', key, { transient: true }).fill(7));
    process.kill(process.pid, 'SIGKILL');`);
}

test('what a killed process has left is replaced, all zero', async (t) => {
  for (const key of freshKeys()) {
    for (const call of ['create', 'getOrCreate']) {
      await leaveTransient([key]);
      t.equal(shm.stat(key) !== null, true, 'it is left');
      const array = shm[call](50, 'Buffer', key, { transient: true });
      t.deepEqual([array.length, Number(array.every((byte) => byte === 0))], [50, 1], `${call} ${key}`);
      t.equal(shm.create(50, 'Buffer', key, { transient: true }), null, 'it is in use now');
      t.equal(shm.getOrCreate(50, 'Buffer', key, { transient: true }).buffer, array.buffer);
      shm.detach(key);
      t.equal(shm.stat(key), null);
    }
    await leaveTransient([key]);
    t.equal(shm.get(key)[5], 7, 'without the word it is got');
    t.equal(shm.detach(key), 0, 'and goes then');
  }
});

test('what others have attached is not replaced', async (t) => {
  for (const key of freshKeys()) {
    const user = await userOf(key, getOrCreate);
    t.equal(shm.create(50, 'Buffer', key, { transient: true }), null, String(key));
    shm.getOrCreate(50, 'Buffer', key, { transient: true })[0] = 9;
    t.equal(shm.get(key).length, 100);
    shm.detach(key);
    await user.exit();
    t.equal(shm.stat(key), null);
  }
});

test('an object that another program has mapped is not replaced', { skip: linuxOnly.skip || (spawnSync('python3', ['--version']).status !== 0 && 'needs python3') }, async (t) => {
  const name = freshName();
  await leaveTransient([name]);
  const program = spawn('python3', ['-uc', `
import mmap, sys
file = open('/dev/shm${name}', 'rb')
mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
file.close()
print('mapped')
sys.stdin.read()`], { stdio: 'pipe' });
  const ended = outcome(program);
  await new Promise((resolve) => program.stdout.once('data', resolve));
  t.equal(shm.create(50, 'Buffer', name, { transient: true }), null);
  t.equal(shm.getOrCreate(50, 'Buffer', name, { transient: true })[5], 7);
  t.equal(shm.detach(name), 1, 'and its name stays');
  program.stdin.end();
  await ended;
  t.equal(shm.create(50, 'Buffer', name, { transient: true }).length, 50);
  shm.detach(name);
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
  for (const key of freshKeys()) {
    await leaveTransient([key]);
    const children = Array.from({ length: 10 }, (_, number) => forkCode(`
      process.on('message', () => {
        const array = shm.getOrCreate(64, 'Int32Array', ${JSON.stringify(key)}, { transient: true });
        array[${number}] = 1;
        process.send(shm.getTotalCreatedSize() > 0);
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
    shm.detach(key);
    children.forEach((child) => child.send('exit'));
    await Promise.all(ends);
    t.equal(shm.stat(key), null, 'all ten that end at once leave nothing');
  }
});

test('without a free descriptor transient memory is not taken for somebody else’s', linuxOnly, async (t) => {
  const [first, second] = [freshName(), freshName()];
  const { stdout } = await runCode(`
    const fs = require('fs');
    shm.create(10, 'Buffer', ${JSON.stringify(first)}, { transient: true });
    const files = [];
    try {
      for (;;) files.push(fs.openSync('/dev/null'));
    } catch (_) {}
    let found;
    try {
      found = shm.create(10, 'Buffer', ${JSON.stringify(second)}, { transient: true });
    } catch (error) {
      found = error.code;
    }
    files.forEach((file) => fs.closeSync(file));
    console.log(found);`);
  t.equal(stdout, 'EMFILE\n');
});
