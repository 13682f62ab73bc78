'use strict';
// Programs that come as npm packages, of one version each, for the tests of the packed tarball.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { cached } = require('./cache');

/** The folder that has `node_modules` with these packages, `{ name: version }`. */
function npmPackages(versions) {
  const packages = Object.keys(versions).map((name) => `${name}@${versions[name]}`);
  return cached(`packages/${packages.join('-').replace(/\//g, '-')}`, (folder) => {
    console.error(`fetching ${packages.join(', ')} from npm`);
    fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', ['install', ...options, ...packages], { cwd: folder, stdio: ['ignore', 2, 2] });
  });
}

/** The JavaScript file behind a command of such a package. */
function commandOf(name, version, command) {
  const folder = path.join(npmPackages({ [name]: version }), 'node_modules', name);
  const { bin } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[command]);
}

module.exports = { commandOf, npmPackages };
