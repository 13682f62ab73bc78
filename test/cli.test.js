'use strict';
// The command: its words, ls, stat and dump. See the other cli-*.test.js, too.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { cli, cliOnTerminal, command, file, linuxOnly, noScript, rootOnly } = require('./command');
const { freshKey, freshName, isLinux, outcome, runCode, runScript, shm, track } = require('./support');
const { spawn } = require('child_process');

test('help is on stdout, with code 0; wrong calls on stderr, with code 2', async (t) => {
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const { code, stdout } = await cli(...args);
    t.equal(code, 0);
    t.match(stdout, /^Usage: shm-typed-array COMMAND/);
  }
  for (const command of ['ls', 'stat', 'rm', 'dump', 'top', 'build']) {
    const { code, stdout } = await cli(command, '--help');
    t.equal(code, 0);
    t.ok(stdout.startsWith(`Usage: shm-typed-array ${command}`), command);
  }
  const wrong = [
    [['nonsense'], /unknown command 'nonsense'/],
    [['ls', '--nonsense'], /unknown option --nonsense/],
    [['ls', '5'], /ls takes no KEY: use stat/],
    [['stat'], /stat takes at least one KEY/],
    [['rm'], /rm takes KEYs, or --orphans/],
    [['rm', '5', '--orphans'], /rm takes KEYs, or --orphans/],
    [['rm', '5', '--mine', '--yes'], /--mine goes with --orphans/],
    [['rm', '5', '--all', '--yes'], /--all goes with --orphans/],
    [['rm', '--orphans', '--prefix'], /--prefix needs a value/],
    [['rm', '--constructor', '--yes', '5'], /unknown option --constructor/],
    [['rm', '--YES', '5'], /unknown option --YES/],
    [['rm', '--yes', '-5'], /unknown option -5; a negative KEY goes after --/],
    [['stat', '--', '-1'], /"key" is out of range/],
    [['ls', '--json=a\nb'], /--json takes no value/],
    [['stat', '0'], /"key" is out of range/],
    [['stat', '/a/b'], /one path component/],
    [['dump', '5', '--type', 'Float80Array'], /Unknown type key Float80Array/],
    [['dump', '5', '--count', '0'], /^The value of --count is out of range/],
    [['dump', '5', '6'], /dump takes one KEY/],
    [['dump', '5', '--count'], /--count needs a value/],
    [['dump', '5', '--offset', 'x'], /--offset takes a number, not 'x'/],
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

test('ls --mine leaves out what belongs to others', rootOnly, async (t) => {
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
  const child = spawn(command[0], command.slice(1).concat('ls', '--json'), { stdio: 'pipe' });
  child.stdout.destroy();
  const { stderr, signal } = await outcome(child);
  t.equal(stderr.replace(/^The kernel does not show .*\n/, ''), '');
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

test('ls and stat show what is transient', linuxOnly, async (t) => {
  const name = freshName();
  const object = shm.create(10, 'Buffer', name, { transient: true, perm: '640' });
  const segment = track(shm.create(10, 'Buffer', null, { transient: true }).key);
  t.match((await cli('ls')).stdout, new RegExp(`^${name} .* 640t `, 'm'));
  for (const key of [name, segment]) t.match((await cli('stat', String(key))).stdout, /^lifetime: +goes with its last user$/m);
  t.equal(object.length, 10);
  shm.detachAll();
});

test('a name cannot act on the terminal, nor look like another one', linuxOnly, async (t) => {
  const name = `${freshName()}\u001b[31mred\nline\u009b\u202egnp.\u2066\u200b`;
  fs.writeFileSync(`/dev/shm${name}`, 'hello');
  fs.mkdirSync(`/dev/shm${name}.dir`);
  const calls = [['ls'], ['stat', name], ['stat', `${name}.none`], ['dump', `${name}.none`], ['dump', `${name}.dir`], ['rm', '--yes', name], [name]];
  for (const args of calls) {
    const { stdout, stderr } = await cli(...args);
    t.match(`${stdout}${stderr}`, /\\x1b\[31mred(\\x0a|\n)line\\x9b\\u202egnp\.\\u2066\\u200b/, JSON.stringify(args));
    // eslint-disable-next-line no-control-regex
    t.notOk(/[\u001b\u009b\u202e\u2066\u200b]/.test(`${stdout}${stderr}`));
  }
  fs.writeFileSync(`/dev/shm${name}`, 'hello');
  for (const args of [['ls', '--json'], ['stat', '--json', name]]) {
    const { stdout } = await cli(...args);
    t.ok(JSON.parse(stdout).some(({ key }) => key === name), 'a parser reads the name as it is');
    // eslint-disable-next-line no-control-regex
    t.notOk(/[\u001b\u009b\u202e\u2066\u200b]/.test(stdout));
  }
  shm.destroy(name);
  fs.rmdirSync(`/dev/shm${name}.dir`);
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
  t.deepEqual([code, stderr], [0, '(no header of this package: all of it is shown)\n']);
  t.match(stdout, / {2}hello\n$/);
  shm.destroy(name);
});

test('what follows -- is no option: negative keys, and names that look like options', async (t) => {
  const [key, name] = [2 ** 31 + (freshKey() % 2 ** 31), `-${freshName().slice(1)}`].map(track);
  const negative = String(key - 2 ** 32);
  shm.create(3, 'Buffer', key);
  shm.create(3, 'Buffer', name);
  const { code, stdout } = await cli('stat', '--json', '--', negative, name);
  t.equal(code, 0);
  t.deepEqual(JSON.parse(stdout).map((entry) => entry.key), [key, `/${name}`]);
  t.match((await cli('dump', '--', negative)).stdout, /^00000000 {2}00 00 00 /);
  t.equal((await cli('stat', '--', '--help')).code, 1, 'it is a name there');
  const removed = await cli('rm', '--yes', '--', negative, name);
  t.deepEqual([removed.code, removed.stdout], [0, `destroyed ${key}\ndestroyed /${name}\n`]);
  shm.detachAll();
});

test('what cannot be written is told', { skip: !fs.existsSync('/dev/full') && 'needs /dev/full' }, async (t) => {
  const full = fs.openSync('/dev/full', 'w');
  const calls = [['--help'], ['--version'], ['ls', '--help']].concat(isLinux ? [['ls'], ['ls', '--json']] : []);
  for (const args of calls) {
    const { code, stderr } = await runScript(file, args, { stdio: ['ignore', full, 'pipe'] });
    t.equal(code, 1, args.join(' '));
    t.match(stderr, /^shm-typed-array.*: .*(ENOSPC|No space left on device)/m);
  }
  const { code } = await runScript(file, ['nonsense'], { stdio: ['ignore', 'pipe', full] });
  t.equal(code, 1, 'nor can the reason be told where stderr is full');
  fs.closeSync(full);
});
