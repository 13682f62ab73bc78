'use strict';
// The command, run as a user runs it.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { execArgv, execPath, forkCode, freshKey, freshName, isLinux, nextMessage, outcome, runCode, runScript, shm } = require('./support');
const { spawn, spawnSync } = require('child_process');

const file = path.join(__dirname, '..', 'lib', 'cli', 'cli.js');
const linuxOnly = { skip: !isLinux && 'reads /proc and /dev/shm' };

function cli(...args) {
  return runScript(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The same with a terminal at its three ends, where `input` is typed. */
function cliOnTerminal(args, input, env) {
  const command = [execPath].concat(execArgv, file, args).map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    stdio: 'pipe',
    env: Object.assign({}, process.env, { NO_COLOR: '', TERM: 'xterm' }, env),
  });
  child.stdin.write(input);
  return outcome(child);
}

const noScript = isLinux && spawnSync('script', ['--version']).status === 0 ? false : 'needs script(1) of util-linux';

test('help is on stdout, with code 0; wrong calls on stderr, with code 2', async (t) => {
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const { code, stdout } = await cli(...args);
    t.equal(code, 0);
    t.match(stdout, /^Usage: shm-typed-array COMMAND/);
  }
  for (const command of ['ls', 'stat', 'rm', 'dump', 'build']) {
    const { code, stdout } = await cli(command, '--help');
    t.equal(code, 0);
    t.ok(stdout.startsWith(`Usage: shm-typed-array ${command}`), command);
  }
  const wrong = [
    [['nonsense'], /there is no command 'nonsense'/],
    [['ls', '--nonsense'], /there is no option --nonsense/],
    [['ls', '5'], /ls takes no keys/],
    [['stat'], /which KEY\?/],
    [['rm'], /either KEYs or --orphans/],
    [['rm', '5', '--orphans'], /either KEYs or --orphans/],
    [['rm', '5', '--mine', '--yes'], /--mine is for --orphans/],
    [['rm', '--constructor', '--yes', '5'], /there is no option --constructor/],
    [['rm', '--YES', '5'], /there is no option --YES/],
    [['rm', '--yes', '--', '5'], /there is no option --/],
    [['ls', '--json=a\nb'], /--json takes no value/],
    [['stat', '0'], /"key" is out of range/],
    [['stat', '/a/b'], /one path component/],
    [['dump', '5', '--type', 'Float80Array'], /Unknown type key Float80Array/],
    [['dump', '5', '--count', '0'], /"count" is out of range/],
    [['dump', '5', '6'], /One at a time/],
    [['dump', '5', '--count'], /--count needs a value/],
    [['dump', '5', '--offset', 'x'], /--offset is a number, not 'x'/],
    [['ls', '--json=5'], /--json takes no value/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await cli(...args);
    t.deepEqual([code, stdout], [2, ''], args.join(' '));
    t.match(stderr, message);
    t.match(stderr, /Usage: shm-typed-array/);
  }
  const { stdout } = await cli('--version');
  t.equal(stdout.trim(), JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'package.json'), 'utf8')).version);
});

test('ls shows a table, and as JSON the same', linuxOnly, async (t) => {
  const key = freshKey();
  const name = freshName();
  shm.create(3000, 'Float64Array', key, '640');
  shm.create(100, 'Buffer', name, '600');
  const { code, stdout } = await cli('ls');
  t.equal(code, 0);
  t.match(stdout, /^KEY +KIND +SIZE +OWNER +PERM +ATTACHES +PROCESSES +AGE\n/);
  const line = (what) => stdout.split('\n').find((text) => text.startsWith(`${what} `)) || '';
  t.match(line(key), new RegExp(`^${key} +sysv +23\\.4 KB +\\S+ +640 +1 +${process.pid} \\S.* \\d+ s$`));
  t.match(line(name), new RegExp(`^${name} +posix +108 B +\\S+ +600 +1 +${process.pid} \\S.* \\d+ s$`));
  // eslint-disable-next-line no-control-regex
  t.notOk(/\u001b/.test(stdout), 'no colours where there is no terminal');
  const entries = JSON.parse((await cli('ls', '--json')).stdout);
  const entry = entries.find((one) => one.key === key);
  t.deepEqual([entry.kind, entry.size, entry.perm, entry.attaches, entry.orphan], ['sysv', 24000, '640', 1, false]);
  t.deepEqual(entry.processes.map(({ pid }) => pid), [process.pid]);
  t.equal(new Date(entry.changedAt).getTime(), shm.stat(key).changedAt.getTime());
  shm.destroy(key);
  shm.destroy(name);
});

test('ls --orphans shows what nobody has attached, or whose creator has ended', linuxOnly, async (t) => {
  const [used, left, ownerless] = [freshName(), freshName(), freshKey()];
  shm.create(10, 'Buffer', used);
  shm.create(10, 'Buffer', left);
  shm.detach(left);
  const keep = freshKey();
  shm.create(10, 'Buffer', keep);
  const code = `shm.create(10, 'Buffer', ${ownerless}); process.send('created'); process.on('message', () => process.exit());`;
  const child = forkCode(code);
  await nextMessage(child);
  shm.get(ownerless);
  const keys = async (...flags) => JSON.parse((await cli('ls', '--json', ...flags)).stdout).map((entry) => entry.key);
  t.notOk((await keys('--orphans')).includes(ownerless), 'its creator lives');
  child.send('go');
  await new Promise((resolve) => child.on('exit', resolve));
  const orphans = await keys('--orphans', '--mine');
  t.deepEqual([used, left, keep, ownerless].map((key) => orphans.includes(key)), [false, true, false, true]);
  [used, left, keep, ownerless].forEach((key) => shm.destroy(key));
});

test('ls --mine leaves out what belongs to others', { skip: (!isLinux || process.getuid() !== 0) && 'only root on Linux can become somebody else here' }, async (t) => {
  const [mine, theirs] = [freshName(), freshName()];
  shm.create(10, 'Buffer', mine);
  const made = await runCode(`process.setuid(65534); shm.create(10, 'Buffer', '${theirs}');`);
  t.equal(made.code, 0, made.stderr);
  const listed = (await cli('ls', '--mine')).stdout;
  t.deepEqual([listed.includes(mine), listed.includes(theirs)], [true, false]);
  t.ok((await cli('ls')).stdout.includes(theirs));
  shm.destroy(mine);
  shm.destroy(theirs);
});

test('ls into a closed pipe ends quietly', linuxOnly, async (t) => {
  const child = spawn(execPath, execArgv.concat(file, 'ls', '--json'), { stdio: 'pipe' });
  child.stdout.destroy();
  const { stderr, signal } = await outcome(child);
  t.equal(stderr.replace(/^\d+ process.*\n/, ''), '');
  // Electron, unlike Node, leaves SIGPIPE as the system has it.
  t.ok(signal === null || (process.versions.electron && signal === 'SIGPIPE'), `ended by ${signal}`);
});

test('stat tells of segments and objects; code 1 if one is not there', async (t) => {
  const key = freshKey();
  const name = freshName();
  shm.create(3000, 'Float64Array', key);
  shm.create(100, 'Buffer', name);
  const { code, stdout } = await cli('stat', `0x${key.toString(16)}`, name);
  t.equal(code, 0);
  t.match(stdout, new RegExp(`key: +${key} \\(0x${key.toString(16)}\\)\nkind: +System V segment\nsize: +24000 bytes`));
  t.match(stdout, /\nattaches: +1\n/);
  t.match(stdout, new RegExp(`\n\nkey: +${name}\nkind: +POSIX object\n`));
  const [entry] = JSON.parse((await cli('stat', String(key), '--json')).stdout);
  t.deepEqual([entry.key, entry.creatorPid], [key, process.pid]);
  shm.destroy(key);
  const gone = await cli('stat', String(key), name);
  t.equal(gone.code, 1);
  t.match(gone.stderr, new RegExp(`there is no ${key}`));
  t.match(gone.stdout, new RegExp(`key: +${name}`), 'the others are told of all the same');
  shm.destroy(name);
});

test('a name cannot act on the terminal', linuxOnly, async (t) => {
  const name = `${freshName()}\u001b[31mred\nline\u009b`;
  fs.writeFileSync(`/dev/shm${name}`, 'hello');
  fs.mkdirSync(`/dev/shm${name}.dir`);
  const calls = [['ls'], ['stat', name], ['stat', `${name}.none`], ['dump', `${name}.none`], ['dump', `${name}.dir`], ['rm', '--yes', name], [name]];
  for (const args of calls) {
    const { stdout, stderr } = await cli(...args);
    t.match(`${stdout}${stderr}`, /\\x1b\[31mred(\\x0a|\n)line\\x9b/, JSON.stringify(args));
    // eslint-disable-next-line no-control-regex
    t.notOk(/[\u001b\u009b]/.test(`${stdout}${stderr}`));
  }
  fs.rmdirSync(`/dev/shm${name}.dir`);
});

test('rm destroys, but not without being sure', async (t) => {
  const key = freshKey();
  const name = freshName();
  shm.create(10, 'Buffer', key);
  shm.create(10, 'Buffer', name);
  const unsure = await cli('rm', String(key), name);
  t.equal(unsure.code, 2);
  t.match(unsure.stderr, /add --yes/);
  t.ok(shm.stat(key) && shm.stat(name), 'nothing has happened');
  const sure = await cli('rm', '--yes', String(key), name);
  t.deepEqual([sure.code, sure.stdout], [0, `destroyed ${key}\ndestroyed ${name}\n`]);
  t.deepEqual([shm.stat(name), shm.stat(key)], [null, null]);
  const again = await cli('rm', '--yes', String(key));
  t.equal(again.code, 1);
  t.match(again.stderr, new RegExp(`${key} is not there`));
  shm.detachAll();
});

test('rm asks on a terminal', { skip: noScript }, async (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name);
  const no = await cliOnTerminal(['rm', name], 'n\n');
  t.match(no.stdout, new RegExp(`${name}  18 B\r\n[^]*Destroy it\\? \\[y/N\\]`));
  t.equal(no.code, 1);
  t.ok(shm.stat(name));
  const yes = await cliOnTerminal(['rm', name], 'y\n');
  t.equal(yes.code, 0, yes.stdout);
  t.equal(shm.stat(name), null);
  shm.detach(name);
});

test('rm says why something stays', { skip: (!isLinux || process.getuid() !== 0) && 'only root on Linux can become somebody else here' }, async (t) => {
  const key = freshKey();
  shm.create(10, 'Buffer', key);
  // Loaded before the change of user, who might not be able to read it.
  const { code, stderr } = await runCode(`
    const rm = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'cli', 'rm'))});
    shm.stat(${key});
    process.setuid(65534);
    rm.run({ keys: ['${key}'], flags: { yes: true } }).then((code) => (process.exitCode = code));`);
  t.equal(code, 1);
  t.match(stderr, new RegExp(`${key} stays: EPERM: .*Only its owner`));
  shm.destroy(key);
});

test('colours are for terminals, and NO_COLOR is heeded', { skip: noScript }, async (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name);
  shm.detach(name);
  const yellow = `\u001b[33m${name}`;
  t.ok((await cliOnTerminal(['ls'], '')).stdout.includes(yellow), 'orphans are yellow');
  const plain = (await cliOnTerminal(['ls'], '', { NO_COLOR: '1' })).stdout;
  t.ok(plain.includes(name) && !plain.includes('\u001b['));
  shm.destroy(name);
});

test('dump shows bytes and values', async (t) => {
  const key = freshKey();
  shm.create(4, 'Float64Array', key).set([1.5, -2, 0, 1e100]);
  t.equal((await cli('dump', String(key), '--type', 'Float64Array')).stdout, [
    '00000000  00 00 00 00 00 00 f8 3f 00 00 00 00 00 00 00 c0  1.5 -2\n',
    '00000010  00 00 00 00 00 00 00 00 7d c3 94 25 ad 49 b2 54  0 1e+100\n',
  ].join(''));
  t.equal(
    (await cli('dump', '--type=Int16Array', '--offset=6', '--count=1', String(key))).stdout,
    `00000006  f8 3f${' '.repeat(44)}16376\n`,
  );
  const much = freshName();
  shm.create(1000, 'Buffer', much).write('some text');
  const { stdout, stderr } = await cli('dump', much);
  t.match(stdout, /^00000000 {2}73 6f 6d 65 20 74 65 78 74 00 .* {2}some text\.{7}\n/);
  t.equal(stdout.split('\n').length, 17);
  t.match(stderr, /and 744 more elements \(--offset, --count\)/);
  t.match((await cli('dump', much, '--raw')).stdout, /^00000000 {2}e8 03 00 00 00 00 00 00 73 6f/);
  shm.destroy(key);
  shm.destroy(much);
  const none = await cli('dump', String(key));
  t.equal(none.code, 1);
  t.match(none.stderr, new RegExp(`there is no ${key}`));
  t.match((await cli('dump', String(key), '--type', 'Float80Array')).stderr, /Unknown type key Float80Array/);
});

test('dump of a segment that nobody has attached leaves it there', async (t) => {
  const key = freshKey();
  await runCode(`shm.create(10, 'Buffer', ${key}).write('left'); process.kill(process.pid, 'SIGKILL');`);
  t.match((await cli('dump', String(key))).stdout, / {2}left\.{6}\n$/);
  t.equal(shm.stat(key).attaches, 0);
  shm.destroy(key);
});

test("dump shows another program's object without being told", linuxOnly, async (t) => {
  const name = freshName();
  fs.writeFileSync(`/dev/shm${name}`, 'hello');
  const { code, stdout, stderr } = await cli('dump', name);
  t.deepEqual([code, stderr], [0, '(no header: shown raw)\n']);
  t.match(stdout, / {2}hello\n$/);
  shm.destroy(name);
});

test('rm --orphans destroys what ls --orphans shows', { skip: (!isLinux || process.getuid() !== 0 || spawnSync('unshare', ['-i', '-m', 'true']).status !== 0) && 'needs root and unshare(1), to have a machine of its own' }, async (t) => {
  const entry = JSON.stringify(path.join(__dirname, '..'));
  const script = `
    mount -t tmpfs tmpfs /dev/shm
    echo used >/dev/shm/elsewhere
    ${[execPath].concat(execArgv).join(' ')} -e "const shm = require(${entry.replace(/"/g, "'")}); shm.create(10, 'Buffer', '/one'); shm.create(10, 'Buffer', 77); process.kill(process.pid, 'SIGKILL')" 2>/dev/null
    for call in "ls --orphans" "rm --orphans --yes" "ls"; do ${[execPath].concat(execArgv).join(' ')} ${file} $call; done`;
  const isNode = execArgv.length === 0;
  if (!isNode) return t.comment('this runtime has no -e after its options');
  const { stdout } = await outcome(spawn('unshare', ['-i', '-m', 'sh', '-c', script], { stdio: 'pipe' }));
  t.match(stdout, /\n77 +sysv[^]*\n\/(one|elsewhere) +posix/);
  t.match(stdout, /destroyed 77\n/);
  t.match(stdout, /destroyed \/one\n/);
  t.match(stdout, /There is nothing\.\n$/);
});

const noContainer = isLinux && spawnSync('unshare', ['-Urpf', '--mount-proc', 'true']).status === 0 ? false : 'needs namespaces (unshare -Urp)';

test('in a container ls and rm say that they cannot see everybody', { skip: noContainer }, async (t) => {
  const command = [execPath].concat(execArgv, file);
  const inContainer = (...args) => outcome(spawn('unshare', ['-Urpf', '--mount-proc'].concat(command, args), { stdio: 'pipe' }));
  for (const args of [['ls'], ['rm', '--orphans', '--mine']]) {
    t.match((await inContainer(...args)).stderr, /Processes outside this container cannot be seen/, args.join(' '));
  }
});
