'use strict';
// The lease that tells whether anybody has an object, and what can go wrong with it: the signal to its
// holder, the refusal to who opens the object, other users, and several that ask at once.

const { spawn, spawnSync } = require('child_process');
const path = require('path');
const test = require('tape');
const { cli, rootOnly } = require('./command');
const { forkCode, freshName, isLinux, nextMessage, outcome, runCode, shm, thrownBy } = require('./support');

const linuxOnly = { skip: !isLinux && 'only Linux grants leases' };
/** The tests whose process becomes another user. */
const asAnother = { skip: rootOnly.skip || (process.setgroups === undefined && 'this runtime cannot become somebody else') };
const python = { skip: linuxOnly.skip || (spawnSync('python3', ['--version']).status !== 0 && 'needs python3, which can hold a lease') };

/** What the processes of a test begin with: the functions behind orphans, of one object. */
const internal = `const binding = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'runtime', 'binding'))});`;
const isOrphan = (name) => `binding.isOrphan('${name}', (binding.stat('${name}') || { inode: 0 }).inode)`;

/** An object that nobody has. */
function abandoned(options) {
  const name = freshName();
  shm.create(10, 'Buffer', name, options);
  shm.detach(name);
  return name;
}

test('whoever asks survives that others open the object meanwhile', linuxOnly, async (t) => {
  const name = abandoned();
  // A signal to a process that has asked for it tells that the two have met.
  const asking = forkCode(`${internal}
    let met = 0;
    process.on('SIGURG', () => met++);
    process.on('message', () => process.exit());
    (function ask() {
      for (let times = 0; times < 1000; times++) ${isOrphan(name)};
      if (met > 3) process.send(met);
      else setImmediate(ask);
    })();
    process.send('asking');`);
  const opening = forkCode(`
    const { closeSync, openSync } = require('fs');
    process.on('message', () => process.exit());
    (function open() {
      for (let times = 0; times < 1000; times++) closeSync(openSync('/dev/shm${name}', 'r'));
      setImmediate(open);
    })();`);
  const ends = [outcome(asking), outcome(opening)];
  await nextMessage(asking);
  t.equal(await nextMessage(asking) > 3, true, 'the signal has come, and is not SIGIO, which kills');
  [asking, opening].forEach((child) => child.send('exit'));
  const [{ signal, code }] = await Promise.all(ends);
  t.deepEqual([code, signal], [0, null]);
  shm.destroy(name);
});

test('get waits for the end of a lease', linuxOnly, async (t) => {
  const name = abandoned();
  const asking = forkCode(`${internal}
    process.on('message', () => process.exit());
    (function ask() {
      for (let times = 0; times < 1000; times++) ${isOrphan(name)};
      setImmediate(ask);
    })();
    process.send('asking');`);
  const ended = outcome(asking);
  await nextMessage(asking);
  let got = 0;
  for (let times = 0; times < 2000; times++) {
    if (shm.get(name) !== null) got++;
    shm.detach(name);
  }
  t.equal(got, 2000, 'and is never refused');
  asking.send('exit');
  await ended;
  shm.destroy(name);
});

/** A program that holds a lease and ignores SIGIO, or gives the lease back then. */
function leaseholder(name, answer) {
  return spawn('python3', ['-uc', `
import fcntl, os, signal, sys
file = os.open('/dev/shm${name}', os.O_RDONLY)
signal.signal(signal.SIGIO, lambda *_: ${answer})
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('held')
sys.stdin.read()`], { stdio: 'pipe' });
}

test('get gets what another program had leased, as soon as it gives the lease back', python, async (t) => {
  const name = abandoned();
  const holder = leaseholder(name, 'fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)');
  const ended = outcome(holder);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  t.equal(shm.get(name).length, 10);
  holder.stdin.end();
  await ended;
  shm.destroy(name);
});

test('get says what is wrong with a lease that is not given back', python, async (t) => {
  const name = abandoned();
  const holder = leaseholder(name, 'None');
  const ended = outcome(holder);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const error = thrownBy(() => shm.get(name));
  t.equal(error.code, 'EAGAIN');
  t.match(error.message, /lease/);
  t.equal(shm.list({ orphans: true }).some(({ key }) => key === name), false, 'it is no orphan');
  t.equal(shm.create(10, 'Buffer', name, { transient: true }), null);
  holder.stdin.end();
  await ended;
  shm.destroy(name);
});

test('another user is told of its own objects only, and replaces no others', asAnother, async (t) => {
  const theirs = freshName();
  const ours = abandoned({ perm: '666' });
  const { stdout, stderr } = await runCode(`${internal}
    require('fs').chmodSync('/dev/shm${ours}', 0o1666);
    const list = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'memory', 'list'))});
    // Loaded before the change of user, who might not be able to read it.
    shm.create(1, 'Buffer', '${theirs}', { perm: '600' });
    shm.destroy('${theirs}');
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    shm.create(10, 'Buffer', '${theirs}');
    shm.detach('${theirs}');
    require('fs').chmodSync('/dev/shm${theirs}', 0o1640); // as a SIGKILL leaves it
    const both = ['${ours}', '${theirs}'];
    console.log(list.list({ orphans: true }).map(({ key }) => key).filter((key) => both.includes(key)).join() === '${theirs}');
    console.log(shm.create(20, 'Buffer', '${ours}', { transient: true }));
    console.log(binding.isOrphan('${ours}', binding.stat('${ours}').inode));
    try {
      binding.destroyOrphan('${ours}', binding.stat('${ours}').inode);
    } catch ({ code, message }) {
      console.log(code, /owner/.test(message));
    }
    console.log(shm.create(20, 'Buffer', '${theirs}', { transient: true }).length);`);
  t.equal(stdout, 'true\nnull\nnull\nEPERM true\n20\n', stderr);
  t.equal(shm.stat(ours).size, 18);
  t.equal(shm.stat(theirs), null, 'a normal exit of its last user has removed it');
  shm.destroy(ours);
});

test('the command says of which objects the kernel does not tell', asAnother, async (t) => {
  const name = abandoned();
  const { stdout } = await runCode(`
    const ls = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'cli', 'ls'))});
    shm.stat('${name}');
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    process.stderr.write = (text) => console.log(text);
    ls.run({ keys: [], flags: { orphans: true } });`);
  t.match(stdout, /The kernel tells only its owner and root who has an object attached/);
  t.match(stdout, new RegExp(name), 'what /proc shows of nobody is shown');
  const { stderr } = await cli('ls', '--orphans');
  t.doesNotMatch(stderr, /The kernel tells only/, 'root it tells');
  shm.destroy(name);
});

test('two that sweep at once destroy each orphan once, and all', linuxOnly, async (t) => {
  const names = Array.from({ length: 50 }, () => abandoned());
  const sweep = `${internal}
    process.once('message', () => {
      let destroyed = 0;
      for (const name of ${JSON.stringify(names)}) {
        const found = binding.stat(name);
        if (found !== null && binding.destroyOrphan(name, found.inode)) destroyed++;
      }
      process.send(destroyed, () => process.disconnect());
    });
    process.send('ready');`;
  const sweepers = [forkCode(sweep), forkCode(sweep)];
  const ends = sweepers.map(outcome);
  await Promise.all(sweepers.map(nextMessage));
  const answers = sweepers.map(nextMessage);
  sweepers.forEach((child) => child.send('go'));
  const [one, other] = await Promise.all(answers);
  // On a busy machine each may leave one to the other; the next sweep finds it.
  const left = names.filter((name) => shm.stat(name) !== null);
  t.equal(one + other + left.length, names.length);
  const binding = require('../lib/runtime/binding');
  t.ok(left.length < names.length && left.every((name) => binding.destroyOrphan(name, binding.stat(name).inode)), `${left.length} were left`);
  t.deepEqual(names.filter((name) => shm.stat(name) !== null), []);
  await Promise.all(ends);
});

test('an orphan is destroyed only if it is still the one that was looked at', linuxOnly, (t) => {
  const binding = require('../lib/runtime/binding');
  const name = abandoned();
  const { inode } = binding.stat(name);
  t.equal(binding.isOrphan(name, inode + 1), false);
  t.equal(binding.destroyOrphan(name, inode + 1), false);
  t.equal(binding.destroyOrphan(name, inode), true);
  t.deepEqual([binding.destroyOrphan(name, inode), binding.isOrphan(name, inode)], [false, false]);
  t.end();
});

test('a segment that is being made is no orphan, unless its creator has ended', python, async (t) => {
  const make = (after) => `
import ctypes, sys
libc = ctypes.CDLL(None)
print(libc.shmget(0, 100, 0o1600))
${after}`;
  const creator = spawn('python3', ['-uc', make('sys.stdin.read()')], { stdio: 'pipe' });
  const id = Number(await new Promise((resolve) => creator.stdout.once('data', resolve)));
  const isListed = () => shm.list({ orphans: true }).some((status) => status.kind === 'sysv' && status.id === id);
  t.equal(isListed(), false, 'nobody has ever attached it');
  const ended = outcome(creator);
  creator.stdin.end();
  await ended;
  t.equal(isListed(), true);
  t.equal(require('../lib/runtime/binding').destroyOrphan(null, id), true);
  t.equal(isListed(), false);
});
