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

/** When and of which commit a run is; `+` behind it where what is broken or tests it differs from that commit. */
function stampOfRun() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--', 'lib', 'native', 'test', ':!test/mutation') !== '';
  return `${new Date().toISOString().slice(0, 10)} ${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
}

/**
 * Enters what a run has found, and writes the table of all that are in the list. Each row has the stamp of the run that
 * tried it: a run may be of a part.
 */
function record(list, found, { reasons, models, stamp }) {
  const results = readResults();
  for (const { mutation, by, how, seconds } of found) results.set(nameOf(mutation), { by, how: escaped(how), seconds, when: stamp });
  const rows = list.map((mutation) => ({ mutation, result: results.get(nameOf(mutation)) }));
  const known = rows.filter(({ result }) => result !== undefined);
  const survivors = known.filter(({ result }) => result.by === 'survived');
  const seconds = known.reduce((sum, { result }) => sum + result.seconds, 0);
  const text = [
    '# What became of each mutation',
    '',
    'Written by `npm run test:mutations -- --record`; [testing.md](../../docs/testing.md#mutations) says what it is.',
    '',
    `${list.length} mutations, ${known.length} tried: ${known.length - survivors.length} noticed, ${survivors.length} survived.`,
    '',
    `One after the other they took ${Math.round(seconds / 60)} minutes: the sum of the rows, which were tried in ${new Set(known.map(({ result }) => result.when)).size} runs. Each row names the commit that was broken: \`+\` is a change on top of it, and \`up to\` one of those before.`,
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

module.exports = { nameOf, readResults, record, stampOfRun };
