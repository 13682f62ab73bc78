'use strict';
// Runs the tests under AddressSanitizer or valgrind: `node scripts/sanitize.js asan|valgrind [NAME…]`.
// The project's own build stays as it is: a copy of the project gets an addon of its own.
//
// asan needs gcc's libasan. valgrind is for Node 20 and older, whose code it understands, and takes
// twenty times as long.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { projectWith } = require('./instrumented');

const symbols = { CARGO_PROFILE_RELEASE_DEBUG: '1' };

const tools = {
  asan() {
    const library = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
    const project = projectWith('asan', '-Zsanitizer=address', Object.assign({ RUSTC_BOOTSTRAP: '1' }, symbols));
    // The engine leaks on purpose, reserves more than the sanitizer's quarantine, and catches its own SIGSEGV.
    const env = { LD_PRELOAD: fs.realpathSync(library), ASAN_OPTIONS: 'detect_leaks=0:handle_segv=1:abort_on_error=1:detect_odr_violation=0:quarantine_size_mb=1' };
    return { project, env };
  },
  valgrind() {
    const project = projectWith('valgrind', '', symbols);
    const wrapper = path.join(project, 'node-under-valgrind');
    const options = '--quiet --vgdb=no --error-exitcode=99 --smc-check=all-non-file --undef-value-errors=no --show-leak-kinds=none';
    fs.writeFileSync(wrapper, `#!/bin/sh\nexec valgrind ${options} ${process.execPath} "$@"\n`, { mode: 0o755 });
    return { project, env: { SHM_TEST_EXEC: wrapper, SHM_TEST_TIMEOUT: '900' } };
  },
};

const [tool, ...names] = process.argv.slice(2);
if (!Object.prototype.hasOwnProperty.call(tools, tool || '')) {
  console.error('Usage: node scripts/sanitize.js asan|valgrind [NAME…]');
  process.exit(2);
}
const { project, env } = tools[tool]();
const result = spawnSync(process.execPath, ['test/run.js'].concat(names), { cwd: project, env: Object.assign({}, process.env, env), stdio: 'inherit' });
process.exitCode = result.status === null ? 1 : result.status;
