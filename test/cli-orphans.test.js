'use strict';
// Who has what attached, as ls and rm see it, and what they say of those that they cannot see.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { cli, command, linuxOnly, noScript } = require('./command');
const { execArgv, execPath, forkCode, freshKey, freshName, isLinux, nextMessage, outcome, runCode, shm, temporaryFolder } = require('./support');
const { spawn, spawnSync } = require('child_process');

const asRoot = isLinux && process.getuid() === 0;
const noMachine = !asRoot || spawnSync('unshare', ['-i', '-m', 'true']).status !== 0;
const ownMachine = { skip: noMachine && 'needs root and unshare(1), to have a machine of its own' };
const noProc = !asRoot || !process.setgroups || spawnSync('unshare', ['-mpf', 'mount', '-t', 'proc', 'proc', '/proc']).status !== 0;
const ownProc = { skip: noProc && 'needs root who may mount /proc, and a runtime that can become somebody else' };
const noContainer = isLinux && spawnSync('unshare', ['-Urpf', '--mount-proc', 'true']).status === 0 ? false : 'needs namespaces (unshare -Urp)';

/** Runs JavaScript where nobody else's memory is; it has `shm`, `cli`, `runCode` and `answerOnTerminal`. */
function onOwnMachine(code) {
  const start = 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$0" "$@"';
  const required = (name) => `require(${JSON.stringify(path.join(__dirname, name))})`;
  return runCode(`
    const { spawnSync } = require('child_process');
    const { answerOnTerminal, command } = ${required('command')};
    const { runCode } = ${required('support')};
    const cli = (...args) => spawnSync(command[0], command.slice(1).concat(args), { stdio: 'inherit' });
    if (process.argv[2] !== 'inside') {
      const words = ${JSON.stringify([execPath].concat(execArgv))}.concat(__filename, 'inside');
      const { status } = spawnSync('unshare', ['-i', '-m', 'sh', '-c', ${JSON.stringify(start)}].concat(words), { stdio: 'inherit' });
      process.exitCode = status;
    } else (async () => {${code}})();`);
}

/** Creates segment 77, which nobody has afterwards. */
const leave77 = "await runCode('shm.create(10, \"Buffer\", 77); process.kill(process.pid, \"SIGKILL\");');";

test('ls --orphans shows what nobody has attached, whatever became of its creator', linuxOnly, async (t) => {
  const [used, left, inherited, unused] = [freshName(), freshName(), freshKey(), freshKey()];
  const all = [used, left, inherited, unused];
  shm.create(10, 'Buffer', used);
  shm.create(10, 'Buffer', left);
  shm.detach(left);
  const child = forkCode(`
    shm.create(10, 'Buffer', ${inherited});
    shm.create(10, 'Buffer', ${unused});
    process.send('created');
    setInterval(() => {}, 1000);`);
  await nextMessage(child);
  shm.get(inherited);
  const orphans = async (...flags) => {
    const entries = JSON.parse((await cli('ls', '--json', '--orphans', ...flags)).stdout);
    return all.map((key) => entries.some((entry) => entry.key === key));
  };
  t.deepEqual(await orphans(), [false, true, false, false]);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.on('exit', resolve));
  t.deepEqual(await orphans('--mine'), [false, true, false, true]);
  all.forEach((key) => shm.destroy(key));
});

test("rm --orphans destroys this package's orphans, narrowed by --prefix, and with --all the others", ownMachine, async (t) => {
  const { stdout, stderr } = await onOwnMachine(`
    const fs = require('fs');
    fs.writeFileSync('/dev/shm/table.csv', 'id,name\\n1,Ada\\n');
    ['/one', '/two', '/app-one', '/attached', 78].forEach((key) => shm.create(10, 'Buffer', key));
    ['/one', '/two', '/app-one'].forEach((name) => shm.detach(name));
    ${leave77}
    await runCode('const words = shm.create(10, "Int32Array", 79); words[0] = 0x4e414843; process.kill(process.pid, "SIGKILL");');
    const step = (...args) => {
      console.log('#', args.join(' '));
      cli(...args);
    };
    step('ls', '--orphans');
    step('ls', '--prefix', 'app-');
    step('ls', '--prefix', 'none', '--mine');
    step('rm', '--orphans', '--yes', '--prefix', 'app-');
    step('rm', '--orphans', '--yes', '--prefix', '/none');
    step('rm', '--orphans', '--yes');
    step('rm', '--orphans', '--yes', '--all');
    step('ls');`);
  const [, orphans, listed, unlisted, prefixed, none, ours, all, left] = stdout.split(/^# .*\n/m).map((text) => text.split('\n').filter((line) => line !== '').sort());
  t.deepEqual(orphans.map((line) => line.split(' ')[0]), ['/app-one', '/one', '/table.csv', '/two', '77', '79', 'KEY'], stderr);
  t.deepEqual(listed.map((line) => line.split(' ')[0]), ['/app-one', 'KEY']);
  t.deepEqual(unlisted, ['There is no shared memory of such a name that this user owns.']);
  t.deepEqual(prefixed, ['destroyed /app-one']);
  t.deepEqual(none, ['There are no orphans to destroy.']);
  t.deepEqual(ours, ['destroyed /one', 'destroyed /two', 'destroyed 79']);
  t.deepEqual(all, ['destroyed /table.csv', 'destroyed 77']);
  t.deepEqual(left.map((line) => line.split(' ')[0]), ['/attached', '78', 'KEY']);
  t.match(stderr, /^2 orphans carry no mark of this package: --all destroys them, too\.$/m);
});

test('rm --orphans leaves what is attached during the question', { skip: ownMachine.skip || noScript }, async (t) => {
  const { stdout } = await onOwnMachine(`
    ['/one', '/two'].forEach((name) => shm.create(10, 'Buffer', name));
    shm.detachAll();
    ${leave77}
    const attach = () => [77, '/one'].forEach((key) => shm.get(key));
    const { code, stdout } = await answerOnTerminal(['rm', '--orphans', '--all'], () => attach() || 'y\\n');
    console.log([code, stdout].join(' '));`);
  t.match(stdout, /^1 /);
  t.match(stdout, /rm: 77 was not destroyed: somebody has attached it meanwhile: \d+ /);
  t.match(stdout, /rm: \/one was not destroyed: somebody has attached it meanwhile: \d+ /);
  t.match(stdout, /destroyed \/two\r\n/);
});

test('an object on a device of any number is told as the kernel tells its mappings', linuxOnly, (t) => {
  const { identityOf } = require('../lib/cli/processes');
  const { lstatSync } = fs;
  /** Minor and major number, as man 3 makedev packs them. */
  const identityOn = (major, minor) => {
    fs.lstatSync = () => ({ dev: (minor & 0xff) + major * 2 ** 8 + (minor >> 8) * 2 ** 20, ino: 5 });
    try {
      return identityOf({ kind: 'posix', key: '/any' });
    } finally {
      fs.lstatSync = lstatSync;
    }
  };
  const told = [[0, 5], [0, 0x2c], [0, 0x1b7], [0x103, 0xfffff], [8, 0x100]].map(([major, minor]) => identityOn(major, minor));
  t.deepEqual(told, ['00:05 5', '00:2c 5', '00:1b7 5', '103:fffff 5', '08:100 5']);
  t.end();
});

test('in a container ls and rm say that they cannot see everybody', { skip: noContainer }, async (t) => {
  const inContainer = (...args) => outcome(spawn('unshare', ['-Urpf', '--mount-proc'].concat(command, args), { stdio: 'pipe' }));
  for (const args of [['ls'], ['rm', '--orphans', '--mine']]) {
    t.match((await inContainer(...args)).stderr, /Processes outside this container cannot be seen/, args.join(' '));
  }
});

/** What `ls` says on stderr with a /proc of its own, mounted with these options, as a user of this number. */
async function lsWithProc(options, uid) {
  const start = 'mount -t proc -o "$0" proc /proc && exec "$@"';
  // Loaded before the change of user, who might not be able to read it.
  const { code, stderr } = await runCode(`
    const ls = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'cli', 'ls'))});
    shm.stat('/none');
    if (process.argv[2] !== 'inside') {
      const words = ${JSON.stringify([execPath].concat(execArgv))}.concat(__filename, 'inside');
      process.exitCode = require('child_process').spawnSync('unshare', ['-mpf', 'sh', '-c', ${JSON.stringify(start)}, '${options}'].concat(words), { stdio: 'inherit' }).status;
    } else {
      process.setgroups([65534]);
      process.setgid(65534);
      process.setuid(${uid});
      ls.run({ keys: [], flags: {} });
    }`);
  if (code !== 0) throw new Error(stderr);
  return stderr;
}

test('ls says that /proc hides processes, to those from whom it does', ownProc, async (t) => {
  const hidden = /\/proc is mounted with hidepid/;
  t.match(await lsWithProc('hidepid=2', 65534), hidden);
  t.doesNotMatch(await lsWithProc('hidepid=0', 65534), hidden);
  t.doesNotMatch(await lsWithProc('hidepid=2,gid=65534', 65534), hidden, 'this group is exempt');
  t.doesNotMatch(await lsWithProc('hidepid=2', 0), hidden);
});

/** Whether there are threads of the kernel here: in a container there are none. */
const kernelThreads = isLinux && fs.existsSync('/proc/2/comm') && fs.readFileSync('/proc/2/comm', 'utf8') === 'kthreadd\n';

test('threads of the kernel are not among those that cannot be looked into', { skip: !kernelThreads && 'there are no threads of the kernel to be seen' }, async (t) => {
  const { stdout, stderr } = await runCode(`
    const fs = require('fs');
    const { readFileSync } = fs;
    const PF_KTHREAD = 0x200000;
    const isProcess = (pid) => {
      try {
        const stat = readFileSync('/proc/' + pid + '/stat', 'utf8');
        const [state, , , , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return (flags & PF_KTHREAD) === 0 && state !== 'Z';
      } catch (_) {
        return false;
      }
    };
    const count = () => fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && isProcess(name)).length;
    // Some kernels refuse root the maps of their threads; here all maps are refused.
    fs.readFileSync = (file, ...rest) => {
      if (/maps$/.test(file)) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      return readFileSync(file, ...rest);
    };
    const { findProcesses } = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'cli', 'processes'))});
    // Processes start and end meanwhile, so the two numbers may differ now and then.
    let isSame = false;
    for (let tries = 0; tries < 50 && !isSame; tries++) isSame = Number(/\\d+/.exec(findProcesses().unseen)) === count();
    console.log(isSame ? 'the same' : findProcesses().unseen + count());`);
  t.equal(stdout, 'the same\n', stderr);
});

test('list says why it cannot, without /proc/sysvipc', ownMachine, async (t) => {
  const key = freshKey();
  shm.create(10, 'Buffer', key);
  const { code, stdout, stderr } = await runCode(`
    const { spawnSync } = require('child_process');
    if (process.argv[2] !== 'inside') {
      const words = ${JSON.stringify([execPath].concat(execArgv))}.concat(__filename, 'inside');
      process.exitCode = spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs tmpfs /proc/sysvipc && exec "$0" "$@"'].concat(words), { stdio: 'inherit' }).status;
    } else {
      console.log(shm.stat(${key}).size);
      try {
        shm.list();
      } catch ({ code, message }) {
        console.log(code, message);
      }
    }`);
  t.equal(code, 0, stderr);
  t.match(stdout, /^10\nERR_SHM_UNAVAILABLE The list of segments, \/proc\/sysvipc\/shm, is not there: mount \/proc/);
  shm.destroy(key);
});

test('the command looks where SHM_TYPED_ARRAY_DIR says', linuxOnly, async (t) => {
  const folder = path.join(temporaryFolder(), 'objects of (mine)');
  fs.mkdirSync(folder);
  const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_DIR: folder });
  const { code, stdout, stderr } = await runCode(`
    const cli = (...args) => require('child_process').spawnSync(${JSON.stringify(command[0])}, ${JSON.stringify(command.slice(1))}.concat(args), { encoding: 'utf8' }).stdout;
    shm.create(10, 'Buffer', '/here');
    const [entry] = JSON.parse(cli('stat', '--json', '/here'));
    console.log(String(entry.processes.map(({ pid }) => pid === process.pid)), entry.orphan);
    console.log(String(JSON.parse(cli('ls', '--json')).filter(({ kind }) => kind === 'posix').map(({ key }) => key)));
    shm.detach('/here');
    console.log(cli('rm', '--yes', '/here'));`, { env });
  t.equal(code, 0, stderr);
  t.equal(stdout, "true false\n/here\ndestroyed /here\n\n");
});
