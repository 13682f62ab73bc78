'use strict';
// The end of a process: what is detached, what is printed, what stays.

const test = require('tape');
const { forkFixture, freshKey, freshKeys, freshName, isDeno, nextMessage, outcome, runCode, shm } = require('./support');

test('a normal exit destroys segments and tells how many; objects stay', async (t) => {
  const endings = {
    'falling off the end': '',
    'process.exit': 'process.exit();',
    'process.exit in a callback': 'setImmediate(() => process.exit());',
  };
  for (const ending of Object.keys(endings)) {
    const [number, name] = freshKeys();
    const other = freshKey();
    const { stdout, stderr, code } = await runCode(`
      shm.create(10, 'Buffer', ${number});
      shm.create(10, 'Buffer', ${other});
      shm.create(10, 'Buffer', '${name}');
      ${endings[ending]}
    `);
    t.equal(stdout, 'shm segments destroyed: 2\n', ending);
    t.equal(stderr, '');
    t.equal(code, 0);
    t.deepEqual([shm.get(number), shm.get(other)], [null, null]);
    t.equal(shm.destroy(name), true, 'the object was still there');
  }
  t.end();
});

test('an uncaught exception is a normal exit in this respect', { skip: isDeno && 'Deno emits no exit event then' }, async (t) => {
  const key = freshKey();
  const { stdout, code } = await runCode(`shm.create(10, 'Buffer', ${key}); throw new Error('on purpose');`);
  t.equal(stdout, 'shm segments destroyed: 1\n');
  t.notEqual(code, 0);
  t.equal(shm.get(key), null);
  t.end();
});

test('nothing is printed where nothing was destroyed', async (t) => {
  const [number, name] = freshKeys();
  shm.create(10, 'Buffer', number);
  const { stdout, stderr } = await runCode(`
    shm.get(${number});
    shm.create(10, 'Buffer', '${name}');
    shm.detach(shm.create(10).key);
  `);
  t.equal(stdout + stderr, '');
  t.equal(shm.get(number).length, 10);
  shm.destroy(number);
  shm.destroy(name);
  t.end();
});

test("signals are the user's: a killed process destroys nothing", async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL']) {
    const [number, name] = freshKeys();
    const child = forkFixture('peer.js');
    const ended = outcome(child);
    child.send({ call: 'create', args: [10, 'Buffer', number] });
    await nextMessage(child);
    child.send({ call: 'create', args: [10, 'Buffer', name] });
    await nextMessage(child);
    child.kill(signal);
    t.equal((await ended).signal, signal, 'the signal kills it: no handler is in its way');
    t.equal(shm.destroy(number), true, 'the segment is there');
    t.equal(shm.destroy(name), true, 'the object is there');
  }
  t.end();
});

test('a signal handler of the user can call detachAll', async (t) => {
  const key = freshKey();
  const { stdout } = await runCode(`
    shm.create(10, 'Buffer', ${key});
    process.on('SIGTERM', () => { console.log('destroyed', shm.detachAll()); process.exit(); });
    setInterval(() => {}, 1000);
    process.kill(process.pid, 'SIGTERM');
  `);
  t.equal(stdout, 'destroyed 1\n');
  t.equal(shm.get(key), null);
  t.end();
});

test("the user's exit handlers can go on using the package", async (t) => {
  const [number, name] = freshKeys();
  const { stdout, stderr } = await runCode(`
    const array = shm.create(10, 'Buffer', ${number});
    process.on('exit', () => {
      console.log(array.length === 0 || array[0] === 0, shm.getTotalSize());
      const object = shm.create(10, 'Buffer', '${name}');
      object[0] = 7;
      console.log(object[0], shm.destroy('${name}'), shm.destroy(${number}));
    });
  `);
  t.equal(stdout, 'shm segments destroyed: 1\ntrue 0\n7 true false\n');
  t.equal(stderr, '');
  t.equal(shm.get(freshName()), null);
  t.end();
});
