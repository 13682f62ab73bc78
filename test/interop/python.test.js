'use strict';
// Python programs (examples/python) and Node.js share memory, both ways.

const fs = require('fs');
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

function freeHugePages() {
  const match = /HugePages_Free: +(\d+)/.exec(isLinux ? fs.readFileSync('/proc/meminfo', 'utf8') : '');
  return match === null ? 0 : Number(match[1]);
}

test('Node.js opens a segment that is made of huge pages, and detaches it', { skip: lacks('python3') || (freeHugePages() < 2 && 'root sets huge pages aside: sysctl vm.nr_hugepages=4') }, (t) => {
  const key = freshKey();
  const size = 3 << 20; // not a whole number of them
  const code = `import sysv_ipc; m = sysv_ipc.SharedMemory(${key | 0}, sysv_ipc.IPC_CREX | sysv_ipc.SHM_HUGETLB, size=${size}); m.write(b"x" * ${size})`;
  run(pythonWithPackages(), '-c', code);
  const array = shm.get(key);
  t.equal(array.length, size);
  t.equal(array[size - 1], 'x'.charCodeAt(0));
  t.equal(shm.detach(key), 0);
  t.equal(array.length, 0);
  t.equal(shm.getTotalSize(), 0);
  t.end();
});
