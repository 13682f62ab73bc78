'use strict';
// Python programs (examples/python) and Node.js share memory, both ways.

const test = require('tape');
const { freshKey, freshName, isLinux, shm } = require('../support');
const { lacks, pythonScript, pythonWithPackages, run, start } = require('./programs');

const needsPython = { skip: lacks('python3') };
const COUNT = 1000;

for (const script of ['shared_memory', 'posix', 'sysv']) {
  const fresh = script === 'sysv' ? freshKey : freshName;

  test(`${script}.py opens what Node.js has made`, needsPython, (t) => {
    const key = fresh();
    const array = shm.create(COUNT, 'Float32Array', key);
    array.forEach((_, index) => (array[index] = index / 2));
    run(pythonWithPackages(), pythonScript(script), 'add', key);
    t.ok(array.every((element, index) => element === index / 2 + 1));
    t.ok(shm.stat(key), 'and leaves it there');
    shm.destroy(key);
    t.end();
  });
}

for (const script of ['posix', 'sysv']) {
  const fresh = script === 'sysv' ? freshKey : freshName;

  test(`Node.js opens what ${script}.py has made`, needsPython, (t) => {
    const key = fresh();
    run(pythonWithPackages(), pythonScript(script), 'make', key, COUNT);
    const array = shm.get(key, 'Float32Array', { raw: true });
    if (isLinux) t.equal(array.length, COUNT);
    t.ok(array.subarray(0, COUNT).every((element, index) => element === index));
    shm.destroy(key);
    t.end();
  });
}

test('Node.js opens what shared_memory.py has made, and Python destroys it', needsPython, async (t) => {
  const name = freshName();
  const python = await start(pythonWithPackages(), pythonScript('shared_memory'), 'make', name, COUNT);
  const array = shm.get(name, 'Float32Array', { raw: true, count: COUNT });
  t.ok(array.every((element, index) => element === index));
  python.removeAllListeners('exit');
  const ended = new Promise((resolve) => python.on('exit', resolve));
  python.stdin.end('\n');
  t.equal(await ended, 0);
  t.equal(shm.stat(name), null);
  t.equal(array[COUNT - 1], COUNT - 1, 'it is there as long as it is attached');
  shm.detach(name);
});
