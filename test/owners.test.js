'use strict';
// The file in which owners of locks have their numbers: removed while it is in use, where the kernel lists no locks; and
// files that are not the same, as in containers, where it lists them.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { Worker, execArgv, execPath, isLinux, outcome, runCode, temporaryFolder } = require('./support');

const cannotMount = !isLinux || spawnSync('unshare', ['-m', 'true']).status !== 0;
const skip = (cannotMount && 'to hide /proc/locks takes Linux and root') || (Worker === null && 'needs worker threads');

test('an owner is alive though the file of older owners was removed', { skip }, async (t) => {
  const owners = path.join(temporaryFolder(), 'owners');
  const file = path.join(temporaryFolder(), 'remade.js');
  const binding = JSON.stringify(path.join(__dirname, '..', 'lib', 'runtime', 'binding'));
  const lib = JSON.stringify(path.join(__dirname, '..'));
  fs.writeFileSync(file, `'use strict';
    const { Worker } = require('worker_threads');
    require(${lib}).stat(1);
    const { isOwnerAlive, ownerNumber } = require(${binding});
    ownerNumber();
    require('fs').unlinkSync(${JSON.stringify(owners)});
    const worker = new Worker(\`
      require(${lib}).stat(1);
      require('worker_threads').parentPort.on('message', () => process.exit()).postMessage(require(${binding}).ownerNumber());\`, { eval: true });
    worker.once('message', (number) => {
      const alive = isOwnerAlive(number);
      worker.once('exit', () => console.log(JSON.stringify([alive, isOwnerAlive(number)])));
      worker.postMessage('end');
    });`);
  const hide = 'mount --bind /dev/null /proc/locks && exec "$0" "$@"';
  const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_OWNERS: owners });
  const child = spawn('unshare', ['-m', 'sh', '-c', hide, execPath].concat(execArgv, file), { env });
  const { code, stdout, stderr } = await outcome(child);
  t.deepEqual([code, stdout], [0, '[true,false]\n'], stderr);
});

const binding = JSON.stringify(path.join(__dirname, '..', 'lib', 'runtime', 'binding'));

test('an owner is alive whose file is another one', { skip: !fs.existsSync('/proc/locks') && 'this system lists no locks' }, async (t) => {
  const withOwners = (name) => ({ env: Object.assign({}, process.env, { SHM_TYPED_ARRAY_OWNERS: path.join(temporaryFolder(), name) }) });
  const { stdout, stderr } = await runCode(`
    const { spawnSync } = require('child_process');
    const { ownerNumber } = require(${binding});
    const own = ownerNumber();
    const asked = (number) => spawnSync(process.execPath, ${JSON.stringify(execArgv)}.concat(__filename, String(number)), ${JSON.stringify(withOwners('theirs'))}).stdout.toString().trim();
    if (process.argv[2] !== undefined) console.log(require(${binding}).isOwnerAlive(Number(process.argv[2])));
    else console.log(asked(own), asked(own === 1 ? 2 : own - 1));`, withOwners('ours'));
  t.equal(stdout, 'true false\n', stderr);
});
