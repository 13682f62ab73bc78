'use strict';
// What a command writes into a page: it stands between two marks, and tells when and from which sources it was made.

const { execFileSync } = require('child_process');
const fs = require('fs');
const { root } = require('./prebuilds');

/** Replaces what stands in a page between `<!-- COMMAND writes this -->` and `<!-- to here -->`. */
function writeBetween(file, command, text) {
  const page = fs.readFileSync(file, 'utf8');
  const start = `<!-- ${command} writes this -->\n`;
  const from = page.indexOf(start);
  const to = page.indexOf('<!-- to here -->', from);
  if (from === -1 || to === -1) throw new Error(`${file} has no place for what ${command} writes`);
  fs.writeFileSync(file, `${page.slice(0, from)}${start}${text}\n${page.slice(to)}`);
}

/** "2026-11-29, commit 1a2b3c4", and whether files have changed since that commit. */
function dateAndCommit() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes';
  return `${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD')}${changed}`;
}

module.exports = { dateAndCommit, writeBetween };
