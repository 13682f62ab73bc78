'use strict';
// Runs every test file in a process of its own, of the runtime that runs this, and adds up what
// they report. Arguments name the files to run; none means all of this folder, or of that below it
// which SHM_TEST_FOLDER names. The last line is the result.

const fs = require('fs');
const path = require('path');
const { endTogether, startGroup } = require('./group');
const { openJournal } = require('./journal');
const { execArgv, execPath } = require('./support');

const folder = path.join(__dirname, process.env.SHM_TEST_FOLDER || '');
const FILE_TIMEOUT = Number(process.env.SHM_TEST_TIMEOUT || 180) * 1000;

function testFiles(names) {
  const all = fs.readdirSync(folder).filter((name) => name.endsWith('.test.js')).sort();
  if (names.length === 0) return all;
  return all.filter((file) => names.some((name) => file.startsWith(path.basename(name, '.test.js'))));
}

/** Runs one file; its TAP is shown as it comes if something failed, and counted in any case. */
function runFile(file, journal) {
  const child = startGroup(execPath, execArgv.concat([path.join(folder, file)]), { env: journal.env, stdio: 'pipe' }, FILE_TIMEOUT);
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(count(output, code, signal)));
  });
}

function count(output, code, signal) {
  const passed = (output.match(/^ok \d+(?!.*# SKIP)/gm) || []).length;
  let failed = (output.match(/^not ok \d+/gm) || []).length;
  const skipped = output.match(/^(?:# SKIP|ok \d+.*# SKIP).*$/gm) || [];
  const ended = /^1\.\.\d+$/m.test(output);
  // A file that crashed, hung, or ended before its plan has failed whatever it printed before.
  if (failed === 0 && (code !== 0 || signal !== null || !ended)) failed = 1;
  return { passed, failed, skipped, output, end: signal || `exit code ${code}` };
}

async function main(names) {
  const journal = openJournal();
  endTogether(journal.sweep);
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const file of testFiles(names)) {
    const started = Date.now();
    const result = await runFile(file, journal);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${file}: ${result.passed} passed, ${result.failed} failed (${seconds} s)`);
    result.skipped.forEach((line) => console.log(`  ${line}`));
    if (result.failed > 0) console.log(`${result.output}\n${file} ended with ${result.end}`);
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped += result.skipped.length;
  }
  journal.sweep();
  const skips = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skips}`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
