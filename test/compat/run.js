'use strict';
// npm run test:compat [-- --write]: programs that use 0.1.x as public programs do, each run with the published 0.1.1
// and with this package. What they print, how they end and what they leave must be the same, and where it is not,
// must be what differences.js says. --write writes the tables into docs/upgrading.md, which is compared otherwise.

const { spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { published, PUBLISHED } = require('../../bench/contestants');
const { readBetween, writeBetween } = require('../../scripts/between');
const { commandOf, npmPackages } = require('../../scripts/packages');
const { nodeMajor, shm, temporaryFolder, track } = require('../support');
const differences = require('./differences');

const root = path.join(__dirname, '..', '..');
const page = path.join(root, 'docs', 'upgrading.md');
const COMMAND = 'npm run test:compat -- --write';

/** TypeScript, with the types of a Node of its time. The last is what the package is checked with. */
const COMPILERS = [
  { version: '5.0.4', node: '18.19.130' },
  { version: '5.7.3', node: '20.19.43' },
  { version: '7.0.2', node: '26.6.6', flags: ['--ignoreConfig'] },
];

/** A folder with all programs, in which `shm-typed-array` is the package in `target`. */
function project(name, target) {
  const folder = path.join(temporaryFolder(), name);
  fs.mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  fs.symlinkSync(target, path.join(folder, 'node_modules', 'shm-typed-array'));
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  fs.writeFileSync(path.join(folder, 'vitest.config.mjs'), "export default { test: { include: ['mocks/*.spec.mjs'], pool: 'forks' } };\n");
  for (const kind of ['programs', 'mocks', 'typings']) {
    fs.mkdirSync(path.join(folder, kind));
    for (const file of filesOf(kind)) fs.copyFileSync(path.join(__dirname, kind, file), path.join(folder, kind, file));
  }
  return folder;
}

const filesOf = (kind) => fs.readdirSync(path.join(__dirname, kind)).sort();

/** Keys that no other program uses: some numbers and some names, from the first of each on. */
function freshPlace() {
  const key = 1e6 + (crypto.randomBytes(4).readUInt32LE(0) % 2e9);
  const name = `/shm-compat-${key}`;
  const keys = [0, 1, 2, 3].map((index) => key + index).concat(name, [1, 2, 3].map((index) => `${name}-${index}`));
  keys.forEach(track);
  return { key, name, keys, env: Object.assign({}, process.env, { SHM_KEY: String(key), SHM_NAME: name, CI: '1' }) };
}

/** What a program prints, how it ends, and which kinds of memory it leaves. */
function play(folder, args, place) {
  const { keys, env } = place || freshPlace();
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8', timeout: 120000 });
  const left = keys.filter((key) => shm.stat(key) !== null).map((key) => (typeof key === 'string' ? 'object' : 'segment'));
  keys.forEach((key) => shm.destroy(key));
  return { printed: stdout, end: signal || status, left: left.join(), stderr };
}

const withoutStderr = ({ printed, end, left }) => JSON.stringify({ printed, end, left });

let passed = 0;
let failed = 0;

function check(what, isRight, details) {
  if (isRight) passed++;
  else failed++;
  if (!isRight) console.log(`not the same: ${what}\n${details}`);
  return isRight;
}

/** Compares the outcomes of both; null where one of them cannot run. */
function compare(what, outcomes) {
  const [before, now] = outcomes;
  return check(what, withoutStderr(before) === withoutStderr(now), `${PUBLISHED}: ${JSON.stringify(before, null, 1)}\nnow: ${JSON.stringify(now, null, 1)}`);
}

/** The calls of 0.1.1 that a file names outside of its comments. */
function callsIn(kind, file, names) {
  const code = fs.readFileSync(path.join(__dirname, kind, file), 'utf8').replace(/^\/\/.*$/gm, '');
  return names.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
}

const titleOf = (kind, file) => /^\/\/ (.*)$/m.exec(fs.readFileSync(path.join(__dirname, kind, file), 'utf8'))[1].replace(/\.$/, '');

function runPrograms(folders, names) {
  return filesOf('programs').map((file) => {
    const outcomes = folders.map((folder) => play(folder, [path.join('programs', file)]));
    compare(file, outcomes);
    check(`${file} does something`, outcomes[0].printed.includes('\n'), outcomes[0].stderr);
    return { file, kind: 'programs', lines: outcomes[0].printed.split('\n').length - 1, calls: callsIn('programs', file, names) };
  });
}

/** The tests of a runner's report, by file and name, with what became of them. */
function testsIn({ printed }) {
  const found = [];
  const report = printed.slice(printed.indexOf('{"num'), printed.lastIndexOf('}') + 1);
  for (const { name, assertionResults } of JSON.parse(report).testResults) {
    assertionResults.forEach(({ title, status }) => found.push(`${path.basename(name)}: ${title}: ${status}`));
  }
  return found.sort();
}

function runMocks(folders, names) {
  const runners = [
    [commandOf('jest', '30.5.2', 'jest'), '--ci', '-i', '--rootDir=.', '--testEnvironment=node', '--json', '--silent'],
    [commandOf('vitest', '3.0.1', 'vitest'), 'run', '--reporter=json'],
  ];
  const rows = [];
  for (const [runner, ...options] of runners) {
    const [before, now] = folders.map((folder) => testsIn(play(folder, [runner, ...options])));
    check(path.basename(runner), before.join() === now.join() && before.length > 0 && before.every((line) => line.endsWith('passed')), `${before.join('\n')}\nnow:\n${now.join('\n')}`);
    for (const file of new Set(before.map((line) => line.split(':')[0]))) {
      rows.push({ file, kind: 'mocks', lines: before.filter((line) => line.startsWith(`${file}:`)).length, calls: callsIn('mocks', file, names) });
    }
  }
  return rows;
}

/** `file(line)` of each error of the compiler. */
function errorsOf(folder, { version, node, flags }, files) {
  const modules = path.join(npmPackages({ typescript: version, '@types/node': node }), 'node_modules');
  const compiler = path.join(modules, 'typescript', 'bin', 'tsc');
  const options = ['--noEmit', '--strict', '--esModuleInterop', '--preserveSymlinks', '--target', 'es2020', '--lib', 'es2020', '--module', 'commonjs'];
  const places = ['--typeRoots', path.join(modules, '@types'), '--types', 'node'];
  const sources = files.map((file) => path.join('typings', file));
  const { printed } = play(folder, [compiler, ...options, ...(flags || []), ...places, ...sources]);
  return printed.match(/^[\w/.-]+\(\d+/gm) || [];
}

function compileTypings(folders, names) {
  const files = filesOf('typings');
  for (const compiler of COMPILERS) {
    const [before, now] = folders.map((folder) => errorsOf(folder, compiler, files));
    const isOfWrong = before.length > 10 && before.every((error) => error.startsWith('typings/wrong.ts'));
    check(`TypeScript ${compiler.version}`, isOfWrong && before.join() === now.join(), `${before.join('\n')}\nnow:\n${now.join('\n')}`);
  }
  return files.map((file) => ({ file, kind: 'typings', lines: COMPILERS.length, calls: callsIn('typings', file, names) }));
}

/** What `code` prints with that package, and the signal that ended it. */
function outcomeOf(folder, code) {
  const place = freshPlace();
  const head = `const shm = require('shm-typed-array'), fs = require('fs'), cp = require('child_process'), KEY = ${place.key}, NAME = '${place.name}';`;
  const { printed, end } = play(folder, ['--expose-gc', '-e', `${head}\n${code}`], place);
  const lines = printed.split('\n').filter((line) => line !== '' && !/^shm segments destroyed/.test(line));
  return lines.concat(typeof end === 'string' ? end : []).join('\n');
}

function runDifferences(folders) {
  for (const { what, code, before, now } of differences) {
    const outcomes = folders.map((folder) => outcomeOf(folder, code));
    check(what, outcomes[0] === before && outcomes[1] === now, `${PUBLISHED}: ${JSON.stringify(outcomes[0])}\nnow: ${JSON.stringify(outcomes[1])}`);
  }
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---'))].concat(rows.map(row)).join('\n');
const code = (text) => text.split('\n').map((line) => `\`${line}\``).join(', ');

function tablesOf(rows, names) {
  const unit = { programs: 'lines', mocks: 'tests', typings: 'compilers' };
  const programs = rows.map(({ file, kind, lines }) => [`[${file}](../test/compat/${kind}/${file})`, titleOf(kind, file), `${lines} ${unit[kind]}`]);
  const calls = names.map((name) => [`\`${name}\``, rows.filter((one) => one.calls.includes(name)).map(({ file }) => file.replace(/\.\w+$/, '')).join(', ')]);
  const differing = differences.map(({ what, before, now, why }) => [what, code(before), code(now), why]);
  return [
    '### What differs', table(['what a program does', `prints with ${PUBLISHED}`, 'prints now', 'why'], differing),
    '### What is the same', table(['program', 'what it is like', 'compared'], programs),
    '### Calls, and the programs that use them', table(['call', 'programs'], calls),
  ].join('\n\n');
}

function main(args) {
  const { folder, reason } = nodeMajor < 18 ? { reason: 'its tools need Node.js 18' } : published();
  if (reason) {
    console.log(`skipped: ${reason}`);
    return;
  }
  const names = Object.keys(require(folder));
  const folders = [project('before', folder), project('now', root)];
  const rows = [runPrograms, runMocks, compileTypings].reduce((all, run) => all.concat(run(folders, names)), []);
  runDifferences(folders);
  const unused = names.filter((name) => !rows.some(({ calls }) => calls.includes(name)));
  check('every call of 0.1.1 is used', unused.length === 0, unused.join());
  const tables = tablesOf(rows, names);
  console.log(tables);
  if (args.includes('--write')) writeBetween(page, COMMAND, tables);
  check('docs/upgrading.md has these tables', readBetween(page, COMMAND) === `${tables}\n`, `run ${COMMAND}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main(process.argv.slice(2));
