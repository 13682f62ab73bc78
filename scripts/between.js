'use strict';
// What a command writes into a page: it stands between two marks, and tells when and from which sources it was made.

const { execFileSync } = require('child_process');
const fs = require('fs');
const { root } = require('./prebuilds');

/** What stands in a page between these marks. */
function readBetween(file, command) {
  const [, text] = partsOf(file, command);
  return text;
}

/** Replaces what stands in a page between `<!-- COMMAND writes this -->` and `<!-- to here -->`. */
function writeBetween(file, command, text) {
  const [before, , after] = partsOf(file, command);
  fs.writeFileSync(file, `${before}${text}\n${after}`);
}

/** A page before these marks, between them, and after them. */
function partsOf(file, command) {
  const page = fs.readFileSync(file, 'utf8');
  const start = `<!-- ${command} writes this -->\n`;
  const from = page.indexOf(start) + start.length;
  const to = page.indexOf('<!-- to here -->', from);
  if (from < start.length || to === -1) throw new Error(`${file} has no place for what ${command} writes`);
  return [page.slice(0, from), page.slice(from, to), page.slice(to)];
}

/** "2026-11-29, commit 1a2b3c4", and whether files have changed since that commit, those that are written aside. */
function dateAndCommit(...written) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ...written.map((file) => `:!${file}`)) === '' ? '' : ' with changes';
  return `${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD')}${changed}`;
}

module.exports = { dateAndCommit, readBetween, writeBetween };
