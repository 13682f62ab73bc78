'use strict';
// Runs the tests under AddressSanitizer or valgrind: `node scripts/sanitize.js asan|valgrind [NAME…]`.
// The project's own build stays as it is: a copy of the project gets an addon of its own.
//
// asan needs gcc's libasan. valgrind is for Node 20 and older, whose code it understands, and takes
// twenty times as long.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const target = 'x86_64-unknown-linux-gnu';

/** A copy of the project whose addon has been built with `flags`. */
function projectWith(name, flags) {
  const folder = path.join(root, 'target', name);
  const env = Object.assign({}, process.env, { RUSTC_BOOTSTRAP: '1', RUSTFLAGS: flags, CARGO_PROFILE_RELEASE_STRIP: 'none', CARGO_PROFILE_RELEASE_DEBUG: '1' });
  execFileSync('cargo', ['build', '--release', '--locked', '--target', target, '--target-dir', path.join(folder, 'cargo')], { cwd: root, env, stdio: 'inherit' });
  const project = path.join(folder, 'project');
  fs.rmSync(project, { recursive: true, force: true });
  fs.mkdirSync(path.join(project, 'build'), { recursive: true });
  for (const part of ['index.js', 'package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock', 'native', 'lib', 'test', 'scripts', 'examples', 'prebuilds']) {
    if (fs.existsSync(path.join(root, part))) fs.cpSync(path.join(root, part), path.join(project, part), { recursive: true });
  }
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(project, 'node_modules'));
  fs.copyFileSync(path.join(folder, 'cargo', target, 'release', 'libshm_typed_array.so'), path.join(project, 'build', 'shm-typed-array.node'));
  return project;
}

const tools = {
  asan() {
    const library = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
    const project = projectWith('asan', '-Zsanitizer=address');
    // The engine leaks on purpose, reserves more than the sanitizer's quarantine, and catches its own SIGSEGV.
    const env = { LD_PRELOAD: fs.realpathSync(library), ASAN_OPTIONS: 'detect_leaks=0:handle_segv=1:abort_on_error=1:detect_odr_violation=0:quarantine_size_mb=1' };
    return { project, env };
  },
  valgrind() {
    const project = projectWith('valgrind', '');
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
