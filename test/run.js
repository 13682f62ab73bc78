'use strict';
// Runs every test file in a process of its own, of the runtime that runs this, and adds up what they report. Arguments
// name the files to run; none means all of this folder, or of that below it which SHM_TEST_FOLDER names. As many files
// run at a time as the machine has processors, four at most, or as SHM_TEST_JOBS says. The last line is the result.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { endTogether, startGroup } = require('./group');
const { openJournal } = require('./journal');
const { execArgv, execPath } = require('./support');

const folder = path.resolve(__dirname, process.env.SHM_TEST_FOLDER || '');
const FILE_TIMEOUT = Number(process.env.SHM_TEST_TIMEOUT || 180) * 1000;
const JOBS = Number(process.env.SHM_TEST_JOBS || Math.min(4, os.cpus().length));

function testFiles(names) {
  const all = fs.readdirSync(folder).filter((name) => name.endsWith('.test.js')).sort();
  if (names.length === 0) return all;
  return all.filter((file) => names.some((name) => file.startsWith(path.basename(name, '.test.js'))));
}

/** Runs one file to its end, and counts what its TAP reports. */
function runFile(file, journal) {
  const child = startGroup(execPath, execArgv.concat([path.join(folder, file)]), { env: journal.envFor(file), stdio: 'pipe' }, FILE_TIMEOUT);
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(count(output, code, signal, journal.leftBy(file))));
  });
}

function count(output, code, signal, left) {
  const passed = (output.match(/^ok \d+(?!.*# SKIP)/gm) || []).length;
  let failed = (output.match(/^not ok \d+/gm) || []).length;
  const skipped = output.match(/^(?:# SKIP|ok \d+.*# SKIP).*$/gm) || [];
  const ended = /^1\.\.\d+$/m.test(output);
  const end = signal || `exit code ${code}`;
  // A file that crashed, hung, or ended before its plan has failed whatever it printed before.
  if (failed === 0 && (code !== 0 || signal !== null || !ended)) failed = 1;
  if (left.length > 0) failed++;
  return { passed, failed, skipped, output, end: left.length > 0 ? `${end}, and left ${left.join(', ')} in TMPDIR` : end };
}

function report(file, result, seconds) {
  console.log(`${file}: ${result.passed} passed, ${result.failed} failed (${seconds.toFixed(1)} s)`);
  result.skipped.forEach((line) => console.log(`  ${line}`));
  if (result.failed > 0) console.log(`${result.output}\n${file} ended with ${result.end}`);
}

/** Runs the files, some of them at a time; each is reported when it has ended. */
async function runFiles(files, journal, total) {
  const waiting = files.slice();
  const runNext = async () => {
    while (waiting.length > 0) {
      const file = waiting.shift();
      const started = Date.now();
      const result = await runFile(file, journal);
      report(file, result, (Date.now() - started) / 1000);
      total.passed += result.passed;
      total.failed += result.failed;
      total.skipped += result.skipped.length;
    }
  };
  await Promise.all(Array.from({ length: JOBS }, runNext));
}

async function main(names) {
  const journal = openJournal();
  endTogether(journal.sweep);
  const total = { passed: 0, failed: 0, skipped: 0 };
  await runFiles(testFiles(names), journal, total);
  journal.sweep();
  const skips = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skips}`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
