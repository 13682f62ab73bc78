'use strict';
// A process that may have only so much data from its start on (ulimit -d). See test/torture/full.js, too.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { execArgv, execPath, freshKeys, isBun, isDeno, isLinux, outcome, temporaryFolder } = require('./support');

const skip = (!isLinux && 'the limits are those of Linux') || ((isBun || isDeno) && 'their engine takes more addresses than can be limited') ||
  (process.env.SHM_TEST_REFUSE_EXTERNAL !== undefined && 'the engine has no 1.5 GB to lend under that limit');

/** Runs code in a process with that limit of the shell, in kilobytes. */
function runLimited(limit, kilobytes, code) {
  const file = path.join(temporaryFolder(), `limited-${limit}.js`);
  fs.writeFileSync(file, `'use strict';\nconst shm = require(${JSON.stringify(path.join(__dirname, '..'))});\n${code}\n`);
  return outcome(spawn('sh', ['-c', `ulimit -${limit} ${kilobytes} && exec "$0" "$@"`, execPath].concat(execArgv, file)));
}

test('1.5 GB attached and detached under ulimit -d do not kill the engine', { skip }, async (t) => {
  for (const key of freshKeys()) {
    const { code, signal, stdout, stderr } = await runLimited('d', 1024 * 1024, `
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      (async () => {
        for (let round = 0; round < 3; round++) {
          const array = shm.create(3 * 2 ** 29, 'Uint8Array', ${JSON.stringify(key)}, { reserve: false });
          array[array.length - 1] = 7;
          if (!shm.destroy(${JSON.stringify(key)})) throw new Error('not destroyed');
          // The engine wants memory of its own, before the addresses have been given back and after.
          const kept = [];
          for (let i = 0; i < 100; i++) kept.push(new Array(100000).fill({ i }));
          await turn();
          if (kept.length !== 100) throw new Error('lost');
        }
        console.log('done');
      })();
    `);
    t.deepEqual([code, signal, stdout], [0, null, 'done\n'], stderr);
  }
});
