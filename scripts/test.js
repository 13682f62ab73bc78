'use strict';
// npm test: where Rust is installed, builds the addon first and tests that one; else, and with
// SHM_TEST_PREBUILT=1, the prebuilt one, in a copy of the project that has no local build.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { copyProject } = require('./copy-project');
const { root } = require('./prebuilds');
const { build } = require('../lib/cli/compile');

/** Runs the tests in that copy of the project; resolves when they have ended, and leaves their exit code. */
function test(folder) {
  const run = path.join(folder, 'test', 'run.js');
  const child = spawn(process.execPath, [run].concat(process.argv.slice(2)), { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      // There is no code if a signal has ended it.
      process.exitCode = code === null ? 1 : code;
      resolve();
    });
  });
}

async function testPrebuilt() {
  console.log('testing the prebuilt addon');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-prebuilt-'));
  try {
    copyProject(folder);
    await test(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

// A terminal sends Ctrl-C to the tests, too: this process ends when they have.
process.on('SIGINT', () => {});

const hasCargo = spawnSync('cargo', ['--version']).status === 0;
if (!hasCargo || process.env.SHM_TEST_PREBUILT) {
  testPrebuilt();
} else {
  build();
  test(root);
}
