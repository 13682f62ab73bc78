'use strict';
// The project with an addon that was compiled in another way, for tests: the project's own build stays as it is.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { copyProject } = require('./copy-project');
const { root } = require('./prebuilds');

/** Named, so that RUSTFLAGS do not reach what runs during the build. */
const triple = /^host: (.*)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))[1];

/** The folder of a copy whose addon has been built with these flags of rustc and in this environment of Cargo. */
function projectWith(name, flags, profile) {
  const folder = path.join(root, 'target', name);
  const cargo = path.join(folder, 'cargo');
  const env = Object.assign({}, process.env, { RUSTFLAGS: flags, CARGO_PROFILE_RELEASE_STRIP: 'none' }, profile);
  execFileSync('cargo', ['build', '--release', '--locked', '--target', triple, '--target-dir', cargo], { cwd: root, env, stdio: 'inherit' });
  const project = path.join(folder, 'project');
  fs.rmSync(project, { recursive: true, force: true });
  fs.mkdirSync(path.join(project, 'build'), { recursive: true });
  copyProject(project);
  const suffix = process.platform === 'darwin' ? 'dylib' : 'so';
  fs.copyFileSync(path.join(cargo, triple, 'release', `libshm_typed_array.${suffix}`), path.join(project, 'build', 'shm-typed-array.node'));
  return project;
}

module.exports = { projectWith };
