'use strict';
// The model checker spin (https://spinroot.com): this machine's, or else Debian's, unpacked into the cache.

const { spawnSync } = require('child_process');
const path = require('path');
const { cached } = require('./cache');
const { unpackDebian } = require('./debian');

const RELEASE = 'bookworm';
const architectures = { x64: 'amd64', arm64: 'arm64' };

/** The command; throws if there is none to be had. */
function spin() {
  if (spawnSync('spin', ['-V']).status === 0) return 'spin';
  const folder = cached(`spin-${RELEASE}-${process.arch}`, (filling) => {
    unpackDebian(RELEASE, architectures[process.arch], ['spin'], filling, ['libc6', 'libgcc-s1', 'gcc-12-base']);
  });
  return path.join(folder, 'usr', 'bin', 'spin');
}

module.exports = { spin };
