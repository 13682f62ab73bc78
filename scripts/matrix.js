'use strict';
// npm run matrix [-- [--write] ROW…]: runs the tests on every runtime that this machine can have, or on those named, with
// the prebuilt addons in a copy of the project without a local build. With all rows or --write, and no failure, it
// also writes the table of docs/testing.md: of the rows that it has run, and no others.

const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { dateAndCommit, writeBetween } = require('./between');
const { copyProject } = require('./copy-project');
const { prebuild } = require('./prebuild');
const { CHECKED_IN, manifestFile, root, sourceFiles, targets } = require('./prebuilds');
const { fetchRuntime } = require('./runtimes');
const refusal = require('../test/fixtures/refuse-external');

const TABLE = path.join(root, 'docs', 'testing.md');

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

/** The table of the results, and below it which rows skipped which tests and why. */
function table(results) {
  const lines = ['| runtime | version | passed | failed | skipped |', '| --- | --- | ---: | ---: | ---: |'];
  const skippedBy = new Map();
  for (const { row, version, passed, failed, skips, reason } of results) {
    if (reason !== undefined) {
      lines.push(`| ${row.name} | | not run: ${reason.replace(/\s+/g, ' ')} | | |`);
      continue;
    }
    lines.push(`| ${row.title} | ${version} | ${passed} | ${failed} | ${skips.length || ''} |`);
    for (const skip of skips) skippedBy.set(skip, (skippedBy.get(skip) || []).concat(`${row.name}`));
  }
  const skipped = Array.from(skippedBy, ([skip, names]) => `- ${skip}: ${Array.from(new Set(names)).join(', ')}`);
  return lines.concat(skipped.length === 0 ? [] : ['', 'Skipped, by whom:', ''], skipped.sort()).join('\n');
}

function writeTable(text) {
  const { sha256 } = JSON.parse(fs.readFileSync(manifestFile, 'utf8'));
  const from = `Run on ${dateAndCommit()}. One addon (sha256 \`${sha256.slice(0, 16)}…\`) serves every row of x64 with glibc.`;
  writeBetween(TABLE, 'npm run matrix', `${from}\n\n${text}`);
}

async function main(args) {
  const names = args.filter((name) => name !== '--write');
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
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const text = table(results);
  console.log(`\n${text}`);
  const good = results.every((result) => result.failed === 0);
  if (good && (names.length === 0 || args.includes('--write'))) writeTable(text);
  process.exitCode = good ? 0 : 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`matrix: ${error.message}`);
  process.exitCode = 1;
});
