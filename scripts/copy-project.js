'use strict';
// A copy of what belongs to the project, where the prebuilt addons are tested: without a local build,
// which would be loaded before them.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { root } = require('./prebuilds');

/** Fills `folder`, and returns what copies one more file, by its path in the project. */
function copyProject(folder) {
  fs.chmodSync(folder, 0o755); // some tests look at it as another user
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  listed.split('\0').filter((file) => file !== '' && fs.existsSync(path.join(root, file))).forEach(copyFile);
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  return copyFile;

  function copyFile(file) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.copyFileSync(path.join(root, file), path.join(folder, file));
  }
}

module.exports = { copyProject };
