'use strict';
// Every system call of the package fails once, with each errno that its man page names: that errno is what the
// program is told, with the name of the call, or the package does without the call.

const { spawn } = require('child_process');
const path = require('path');
const test = require('tape');
const { compiled, envWith } = require('./injected');
const { execPath, outcome, temporaryFolder } = require('./support');

const { library, skip = false } = compiled();

test('each errno of each system call is told as what it is', { skip }, async (t) => {
  const owners = path.join(temporaryFolder(), 'owners');
  const env = Object.assign(envWith(library), { SHM_TYPED_ARRAY_OWNERS: owners });
  const child = spawn(execPath, [path.join(__dirname, 'fixtures', 'faults.js')], { env, stdio: 'pipe' });
  const { code, signal, stdout, stderr } = await outcome(child);
  t.deepEqual([code, signal], [0, null], stderr);
  const results = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const { missing, unnamed } = results.pop();
  for (const { call, errno, act, expected, found, skipped } of results) {
    if (skipped) t.comment(`# SKIP ${act}: this system does not call ${call}`);
    else t.equal(found, expected, `${call} ${errno}: ${act}`);
  }
  if (process.env.LLVM_PROFILE_FILE || process.env.SHM_TEST_UNOPTIMIZED) t.comment('# SKIP whether each system call has a row: an addon that counts its lines, or is not optimized, imports others');
  else t.deepEqual(missing, [], 'each system call that the addon imports has a row');
  t.equal(unnamed, 0, 'each that it makes by syscall(2) has a name, and a row');
  t.ok(results.length > 200, `${results.length} failures`);
});
