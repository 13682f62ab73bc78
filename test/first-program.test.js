'use strict';
// The README's first program goes on where it was when it is killed and started again.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { fresh, freshly } = require('./docs-names');
const { blocksOf } = require('./markdown');
const { execArgv, execPath, isDeno, nodeMajor, outcome, projectFolder, shm, until } = require('./support');

const skip =
  (nodeMajor < 16 && 'cluster.isPrimary and Atomics on these arrays came with Node 16') ||
  (isDeno && 'Deno forks otherwise') ||
  (process.env.SHM_TEST_EXEC !== undefined && 'cluster starts the executable itself, without its wrapper');

test('the first program goes on after kill -9', { skip }, async (t) => {
  const { code } = blocksOf('README.md').find((block) => block.language === 'js');
  const names = fresh(code);
  const file = path.join(projectFolder(), 'first.js');
  fs.writeFileSync(file, freshly(code, names));
  const start = () => {
    const child = spawn(execPath, execArgv.concat(file), { stdio: 'pipe' });
    const end = outcome(child);
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    return { child, end, numbers: () => (output.match(/\d+(?=\n)/g) || []).map(Number) };
  };

  const first = start();
  await until(() => first.numbers().some((number) => number >= 50), 'it has counted to 50');
  first.child.kill('SIGKILL');
  t.equal((await first.end).signal, 'SIGKILL');
  const before = first.numbers();
  t.equal(before[0], 0, 'the first time it starts at 0');

  const second = start();
  const { code: status, stderr } = await second.end;
  const after = second.numbers();
  t.equal(status, 0, stderr);
  t.ok(after[0] >= before[before.length - 1], `it was at ${before[before.length - 1]} and goes on at ${after[0]}`);
  t.ok(after[after.length - 1] >= 500, `it ends at ${after[after.length - 1]}`);
  t.deepEqual(after.slice().sort((a, b) => a - b), after, 'and never goes back');
  names.forEach((name) => t.equal(shm.stat(name), null, 'the memory is gone at the end'));
});
