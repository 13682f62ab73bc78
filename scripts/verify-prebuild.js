'use strict';
// Checks the addon that is checked in: that it is the one its manifest describes, that the sources
// have not changed since, and, where the same tools are at hand, that building it anew gives the
// very same bytes.

const fs = require('fs');
const path = require('path');
const { buildAddon, toolchain } = require('./prebuild');
const { CHECKED_IN, flaws, manifestFile, root, sha256, sourcesHash, targets } = require('./prebuilds');

const { file } = targets[CHECKED_IN];

function check(manifest, bytes) {
  if (sha256(bytes) !== manifest.sha256) throw new Error(`${file} is not the file that prebuilds/manifest.json describes`);
  if (sourcesHash() !== manifest.sources) {
    throw new Error('Cargo.toml, Cargo.lock or native/ have changed since it was built: run `npm run prebuild`');
  }
  const found = flaws(CHECKED_IN, bytes, []);
  if (found.length > 0) throw new Error(`${file} cannot be published: ${found.join('; ')}`);
}

/** Why this machine cannot make the same bytes; null if it can. */
function otherTools(manifest) {
  let here;
  try {
    here = toolchain();
  } catch (_) {
    return 'there is no Rust here';
  }
  const differing = Object.keys(manifest.toolchain).filter((tool) => manifest.toolchain[tool] !== here[tool]);
  if (differing.length === 0) return null;
  return differing.map((tool) => `it was built with ${manifest.toolchain[tool]}, and here is ${here[tool]}`).join('; ');
}

function main() {
  const manifest = JSON.parse(fs.readFileSync(manifestFile, 'utf8'));
  const bytes = fs.readFileSync(path.join(root, file));
  check(manifest, bytes);
  console.log(`${file}: ${bytes.length} bytes, from the present sources`);
  const reason = otherTools(manifest);
  if (reason !== null) {
    console.log(`skipped: building it anew (${reason})`);
  } else if (sha256(buildAddon(CHECKED_IN)) === manifest.sha256) {
    console.log('built anew: the same bytes');
  } else {
    throw new Error('building it anew gives other bytes: run `npm run prebuild`');
  }
}

try {
  main();
} catch (error) {
  console.error(`verify-prebuild: ${error.message}`);
  process.exitCode = 1;
}
