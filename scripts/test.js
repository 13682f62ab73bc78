'use strict';
// npm test: where Rust is installed, builds the addon first and tests that one; else the prebuilt one.

const { spawnSync } = require('child_process');
const path = require('path');
const { build } = require('../lib/cli/compile');

const hasCargo = spawnSync('cargo', ['--version']).status === 0;
if (hasCargo && !process.env.SHM_TEST_PREBUILT) build();
else console.log('testing the prebuilt addon');

const run = path.join(__dirname, '..', 'test', 'run.js');
const { status } = spawnSync(process.execPath, [run].concat(process.argv.slice(2)), { stdio: 'inherit' });
// There is no status if a signal has ended it.
process.exitCode = status === null ? 1 : status;
