'use strict';
// The Rust that Debian has beside its oldest one: as old as this package allows.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { cached } = require('./cache');
const { unpackDebian } = require('./debian');

/** `{ folder, version }`: where `cargo` and `rustc` are, and which they are. Takes 600 MB of the cache. */
function debianRust() {
  const unpacked = cached('rust-debian', (folder) => {
    console.error('fetching Rust from Debian');
    unpackDebian('bookworm', 'amd64', ['cargo-web', 'rustc-web'], folder, ['libc6', 'libc6-dev']);
  });
  const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib/llvm-19/lib', 'lib/x86_64-linux-gnu'].map((name) => path.join(unpacked, name));
  const folder = cached('rust-debian-commands', (filling) => {
    for (const name of ['cargo', 'rustc']) {
      const command = `LD_LIBRARY_PATH='${libraries.join(':')}' exec '${path.join(unpacked, 'usr', 'bin', name)}' "$@"`;
      fs.writeFileSync(path.join(filling, name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    }
  });
  const version = execFileSync(path.join(folder, 'rustc'), ['--version'], { encoding: 'utf8' }).split(' ')[1];
  return { folder, version };
}

module.exports = { debianRust };
