'use strict';
// RESULTS.md: a table of what became of each mutation, which is read again to begin with the test that noticed.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { root } = require('../../scripts/prebuilds');

const file = path.join(__dirname, 'RESULTS.md');

const ROW = /^\| `(.*)` \| (\S.*?) \| (.*) \| ([\d.]+) \| (.*) \|$/;
const escaped = (text) => text.replace(/\|/g, '¦').replace(/`/g, "'");

/** What became of each, by its name: `{ by, how, seconds, when }`, with `by` 'survived' or a test. */
function readResults() {
  const results = new Map();
  if (!fs.existsSync(file)) return results;
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const row = ROW.exec(line);
    if (row !== null) results.set(row[1], { by: row[2], how: row[3], seconds: Number(row[4]), when: row[5] });
  }
  return results;
}

const nameOf = ({ file: source, name }) => escaped(`${source} ${name}`);

/** When and of which commit: a row says so for itself, since a run may be of a part. */
function now() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return `${new Date().toISOString().slice(0, 10)} ${commit}`;
}

/** Enters what a run has found, and writes the table of all that are in the list. */
function record(list, found, reasons, models) {
  const results = readResults();
  const when = now();
  for (const { mutation, by, how, seconds } of found) results.set(nameOf(mutation), { by, how: escaped(how), seconds, when });
  const rows = list.map((mutation) => ({ mutation, result: results.get(nameOf(mutation)) }));
  const known = rows.filter(({ result }) => result !== undefined);
  const survivors = known.filter(({ result }) => result.by === 'survived');
  const seconds = known.reduce((sum, { result }) => sum + result.seconds, 0);
  const text = [
    '# What became of each mutation',
    '',
    'Written by `npm run test:mutations -- --record`; [testing.md](../../docs/testing.md#mutations) says what it is.',
    '',
    `${list.length} mutations, ${known.length} tried: ${known.length - survivors.length} noticed, ${survivors.length} survived. All of it took ${Math.round(seconds / 60)} minutes on one processor.`,
    '',
    '## Survivors',
    '',
    ...survivors.map(({ mutation }) => `- \`${nameOf(mutation)}\`: ${reasons.get(mutation.id) || '**no reason is known**'}`),
    '',
    '## What the models break',
    '',
    'Each `BREAK_…` of test/model is a mutation of the code as well.',
    '',
    '| model | BREAK | mutation | noticed by |',
    '| --- | --- | --- | --- |',
    ...breaks(list, models, results),
    '',
    '## All',
    '',
    '| mutation | noticed by | as | seconds | when |',
    '| --- | --- | --- | --- | --- |',
    ...known.map(({ mutation, result }) => `| \`${nameOf(mutation)}\` | ${result.by} | ${result.how} | ${result.seconds.toFixed(0)} | ${result.when} |`),
    '',
  ];
  // At once: another run may read it.
  fs.writeFileSync(`${file}.new`, text.join('\n'));
  fs.renameSync(`${file}.new`, file);
}

function breaks(list, models, results) {
  const names = new Map(list.map((mutation) => [mutation.id, nameOf(mutation)]));
  return Object.keys(models).reduce((rows, model) => rows.concat(Object.keys(models[model]).map((name) => {
    const mutation = names.get(models[model][name]);
    const { by } = results.get(mutation) || { by: 'not tried yet' };
    return `| ${model} | ${name} | \`${mutation}\` | ${by} |`;
  })), []);
}

module.exports = { nameOf, readResults, record };
