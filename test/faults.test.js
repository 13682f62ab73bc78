'use strict';
// Every system call of the package fails once, with each errno that its man page names: that errno is what the
// program is told, with the name of the call, or the package does without the call.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { execPath, isBun, isDeno, isLinux, nodeMajor, outcome, temporaryFolder } = require('./support');
const { spawn } = require('child_process');

/** `{ library }` to preload, or `{ skip }`: why there is none. */
function compiled() {
  if (!isLinux || isBun || isDeno || nodeMajor < 14) return { skip: 'calls are made to fail in Node.js on Linux only' };
  if (process.env.SHM_TEST_EXEC !== undefined) return { skip: 'nothing can be preloaded into an emulated runtime' };
  const library = path.join(temporaryFolder(), 'inject.so');
  const source = path.join(__dirname, 'torture', 'inject', 'inject.c');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
    return { library };
  } catch (error) {
    return { skip: `needs a C compiler and glibc (${error.code || 'cc failed'})` };
  }
}

const { library, skip = false } = compiled();

test('each errno of each system call is told as what it is', { skip }, async (t) => {
  const orders = path.join(temporaryFolder(), 'orders');
  fs.writeFileSync(orders, Buffer.alloc(256));
  const owners = path.join(temporaryFolder(), 'owners');
  const env = Object.assign({}, process.env, { LD_PRELOAD: library, SHM_INJECT: orders, SHM_TYPED_ARRAY_OWNERS: owners });
  const child = spawn(execPath, [path.join(__dirname, 'fixtures', 'faults.js')], { env, stdio: 'pipe' });
  const { code, signal, stdout, stderr } = await outcome(child);
  t.deepEqual([code, signal], [0, null], stderr);
  const results = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const { missing, unnamed } = results.pop();
  for (const { call, errno, act, expected, found, skipped } of results) {
    if (skipped) t.comment(`# SKIP ${act}: this system does not call ${call}`);
    else t.equal(found, expected, `${call} ${errno}: ${act}`);
  }
  if (process.env.LLVM_PROFILE_FILE) t.comment('# SKIP whether each system call has a row: an addon that counts its lines imports others');
  else t.deepEqual(missing, [], 'each system call that the addon imports has a row');
  t.equal(unnamed, 0, 'each that it makes by syscall(2) has a name, and a row');
  t.ok(results.length > 200, `${results.length} failures`);
});
