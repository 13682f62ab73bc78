'use strict';
// check-release.js TARBALL: stops a release that lacks something, with a sentence that says what.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { CHECKED_IN, flaws, manifestFile, sha256, targets } = require('./prebuilds');

/** What the tarball lacks, as sentences. */
function lacking(folder) {
  const found = [];
  for (const target of Object.keys(targets)) {
    const file = path.join(folder, targets[target].file);
    if (!fs.existsSync(file)) {
      found.push(`the tarball has no ${targets[target].file}`);
      continue;
    }
    flaws(target, fs.readFileSync(file), []).forEach((flaw) => found.push(`${targets[target].file}: ${flaw}`));
  }
  const checkedIn = path.join(folder, targets[CHECKED_IN].file);
  const manifest = JSON.parse(fs.readFileSync(manifestFile, 'utf8'));
  if (fs.existsSync(checkedIn) && sha256(fs.readFileSync(checkedIn)) !== manifest.sha256) {
    found.push(`${targets[CHECKED_IN].file} of the tarball is not the one that is checked in`);
  }
  return found;
}

/** What package.json and the tag lack. */
function unready(folder, tag) {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const { version } = manifest;
  const missing = ['repository', 'homepage', 'bugs', 'author'].filter((name) => manifest[name] === undefined);
  const found = [];
  if (missing.length > 0) {
    found.push(`package.json has no ${missing.join(', ')}: run npm pkg set, once, as CONTRIBUTING.md says`);
  }
  if (tag !== undefined && tag !== `v${version}`) found.push(`the tag is ${tag}, and the version is ${version}`);
  return found;
}

function main(tarball, tarballOnly) {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-release-'));
  try {
    execFileSync('tar', ['xzf', path.resolve(tarball), '-C', work]);
    const folder = path.join(work, 'package');
    const tag = process.env.GITHUB_REF_TYPE === 'tag' ? process.env.GITHUB_REF_NAME : undefined;
    const found = lacking(folder).concat(tarballOnly ? [] : unready(folder, tag));
    found.forEach((sentence) => console.error(`check-release: ${sentence}`));
    if (found.length > 0) process.exitCode = 1;
    else console.log(`${path.basename(tarball)} has every addon: ${Object.keys(targets).join(', ')}`);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

main(process.argv[2], process.argv[3] === '--tarball-only');
