'use strict';
// npm test: where Rust is installed, builds the addon first and tests that one; else, and with
// SHM_TEST_PREBUILT=1, the prebuilt one, in a copy of the project that has no local build.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { copyProject } = require('./copy-project');
const { root } = require('./prebuilds');
const { build } = require('../lib/cli/compile');

/** Runs the tests in that copy of the project, and leaves their exit code. */
function test(folder) {
  const run = path.join(folder, 'test', 'run.js');
  const { status } = spawnSync(process.execPath, [run].concat(process.argv.slice(2)), { stdio: 'inherit' });
  // There is no status if a signal has ended it.
  process.exitCode = status === null ? 1 : status;
}

function testPrebuilt() {
  console.log('testing the prebuilt addon');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-prebuilt-'));
  try {
    copyProject(folder);
    test(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const hasCargo = spawnSync('cargo', ['--version']).status === 0;
if (!hasCargo || process.env.SHM_TEST_PREBUILT) {
  testPrebuilt();
} else {
  build();
  test(root);
}
