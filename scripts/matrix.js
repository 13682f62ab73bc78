'use strict';
// npm run matrix [-- ROW…]: runs the tests on every runtime that this machine can have, or on those named, with the
// prebuilt addons in a copy of the project without a local build. Each row that has passed is written into the table of
// docs/testing.md, with its date and commit; the others there stay.

const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { copyProject } = require('./copy-project');
const { prebuild } = require('./prebuild');
const { CHECKED_IN, root, sourceFiles, targets } = require('./prebuilds');
const { writeRow } = require('./rows');
const { fetchRuntime } = require('./runtimes');
const refusal = require('../test/fixtures/refuse-external');

// Emulation is about ten times slower.
const EMULATED = { SHM_TEST_TIMEOUT: '1800', SHM_TEST_EMULATED: '1' };

/** Each row: its name, what it is called in the table, the runtime it takes, the addon, its environment. */
const rows = ['10.20.0', '10', '12', '14', '16', '18', '20', '22', '24', '26']
  .map((line) => ({ name: `node-${line}`, title: 'Node', runtime: `node-${line}` }))
  .concat([
    { name: 'bun', title: 'Bun', runtime: 'bun' },
    { name: 'deno', title: 'Deno', runtime: 'deno' },
    { name: 'electron-9', title: 'Electron, as Node', runtime: 'electron-9' },
  ])
  .concat(['12', '14', '16', '18', '20', '22', '24', '26'].map((line) => (
    { name: `node-${line}-refusing`, title: 'Node, external buffers refused', runtime: `node-${line}`, refusing: true }
  )))
  .concat([
    { name: 'node-24-musl', title: 'Node, musl', runtime: 'node-24-musl', target: 'linux-x64-musl' },
    { name: 'node-24-arm64', title: 'Node, arm64 (emulated)', runtime: 'node-24-arm64', target: 'linux-arm64-glibc', env: EMULATED },
    { name: 'node-24-musl-arm64', title: 'Node, musl, arm64 (emulated)', runtime: 'node-24-musl-arm64', target: 'linux-arm64-musl', env: EMULATED },
  ]);

/** Builds the addon of a target unless it is newer than all that it is built from. */
function provideAddon(target) {
  if (target === CHECKED_IN) return;
  const file = path.join(root, targets[target].file);
  const modified = (name) => fs.statSync(path.join(root, name)).mtimeMs;
  const newest = Math.max(...sourceFiles().map(modified));
  if (fs.existsSync(file) && fs.statSync(file).mtimeMs > newest) return;
  console.log(`  building the addon for ${target}`);
  prebuild(target);
}

/** Runs the tests of the copy on a runtime, telling the progress, and resolves to their result. */
function runTests(row, runtime, folder) {
  const env = Object.assign({}, process.env, row.env, row.refusing ? refusal.refusingEnvironment(refusal.compile(folder)) : {});
  if (runtime.wrapped) env.SHM_TEST_EXEC = runtime.command;
  const args = (runtime.arguments || []).concat(path.join(folder, 'test', 'run.js'));
  const child = spawn(runtime.command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const take = (chunk) => {
    output += chunk;
    process.stdout.write(String(chunk).replace(/^(?=.)/gm, '  '));
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
  });
  return ended.then((end) => summarize(output, end));
}

/** `{ passed, failed, skips }` of what test/run.js printed; its last line has the sums. */
function summarize(output, end) {
  const sums = /^(\d+) passed, (\d+) failed(?:, \d+ skipped)?$/.exec(output.trim().split('\n').pop());
  if (sums === null) throw new Error(`the tests ended without a result: ${end}`);
  const skips = output.split('\n').filter((line) => /^ +(?:ok \d+.*)?# SKIP/.test(line));
  return { passed: Number(sums[1]), failed: Number(sums[2]), skips: skips.map((line) => line.replace(/^.*# SKIP */, '')) };
}

function versionOf(runtime, folder) {
  const code = "const v = process.versions; console.log(v.bun || v.deno || v.electron || v.node)";
  const file = path.join(folder, 'version.js');
  fs.writeFileSync(file, code);
  return execFileSync(runtime.command, (runtime.arguments || []).concat(file), { encoding: 'utf8' }).trim();
}

async function runRow(row, folder, copyFile) {
  try {
    const cannot = row.refusing && refusal.cannotRefuse();
    if (cannot) throw new Error(cannot);
    const target = row.target || CHECKED_IN;
    provideAddon(target);
    copyFile(targets[target].file);
    const runtime = fetchRuntime(row.runtime);
    const version = versionOf(runtime, folder);
    console.log(`  version ${version}`);
    return Object.assign({ row, version }, await runTests(row, runtime, folder));
  } catch (error) {
    const reason = [error.message].concat(error.stderr ? String(error.stderr).trim().split('\n').slice(-3) : []).join('; ');
    console.log(`  not run: ${reason}`);
    return { row, version: '', reason };
  }
}

/** One line about a row. */
function summary({ row, version, passed, failed, skips, reason }) {
  if (reason !== undefined) return `${row.name}: not run: ${reason.replace(/\s+/g, ' ')}`;
  return `${row.name}: ${row.title} ${version}, ${passed} passed, ${failed} failed, ${skips.length} skipped`;
}

/** What is listed of a test that was skipped. Hundreds are for what old runtimes have not at all: they are one. */
const listed = (skip) => (/(?:before|needs|for) Node 16(?: and newer)?$/.test(skip) ? 'what takes Node.js 16' : skip);

/** Writes a row that has passed. */
function write({ row, version, passed, failed, skips, reason }) {
  if (reason !== undefined || failed > 0) return;
  writeRow('npm run matrix', {
    head: ['row', 'runtime', 'passed:', 'skipped:'],
    row: [row.name, `${row.title} ${version}`, String(passed), String(skips.length)],
    keyOf: ([name]) => name,
    keys: rows.map(({ name }) => name),
    listed: 'Skipped, by whom:',
    reasons: skips.map(listed),
  });
}

async function main(names) {
  const unknown = names.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) throw new Error(`unknown row ${unknown.join(', ')}. There are: ${rows.map((row) => row.name).join(', ')}`);
  const chosen = names.length === 0 ? rows : rows.filter((row) => names.includes(row.name));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-matrix-'));
  const results = [];
  try {
    const copyFile = copyProject(folder);
    for (const row of chosen) {
      console.log(`[${results.length + 1}/${chosen.length}] ${row.name}`);
      results.push(await runRow(row, folder, copyFile));
      write(results[results.length - 1]);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${results.map(summary).join('\n')}`);
  process.exitCode = results.every(({ failed }) => failed === 0) ? 0 : 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`matrix: ${error.message}`);
  process.exitCode = 1;
});
