'use strict';
// Decides litmus tests: whether what a test says holds, however its threads are compiled, and whether each change to it
// that is listed makes it fail.

const fs = require('fs');
const path = require('path');
const { changed, choices, compile, parse } = require('./program');
const { find } = require('./executions');

const root = path.join(__dirname, '..', '..', '..');

/** The files with tests: first those that check the checker. */
const files = ['classics', 'structures', 'mutex', 'channel', 'topic', 'map', 'locks', 'pages'].map((name) => `${name}.litmus`);

/** The tests of a file of this folder. */
function testsOf(file) {
  return parse(fs.readFileSync(path.join(__dirname, file), 'utf8')).map((test) => Object.assign(test, { file }));
}

/** How a test can be compiled and then end as its condition says: `{ chosen, execution }`; null if it never does. */
function endsSo(test) {
  for (const chosen of choices(test)) {
    const execution = find(compile(test, chosen));
    if (execution !== null) return { chosen, execution };
  }
  return null;
}

/** What is wrong with a test, as texts. */
function decide(test) {
  const faults = [];
  const isWrong = (what) => faults.push(`${test.file}, ${test.name}: ${what}`);
  const found = endsSo(test);
  if (found === null && test.isPossible) isWrong('it cannot happen');
  if (found !== null && !test.isPossible) isWrong(`compiled as by ${found.chosen.join(', ')}, it can happen: ${found.execution}`);
  for (const change of test.instead) {
    if (endsSo(changed(test, change)) === null) isWrong(`it cannot happen either with "${change.other}" instead of "${change.step}"`);
  }
  for (const { steps } of test.threads) for (const { code } of steps) if (code !== undefined && !isInCode(code)) isWrong(`${code} is not there any more: does what the test says still hold?`);
  return faults;
}

/** How many programs a test is, each thread compiled as by each engine, and with each change. */
function programsOf(test) {
  return choices(test).length * (1 + test.instead.length);
}

/** Whether there is such code in such a file. */
function isInCode(reference) {
  const [, file, code] = /^(\S+): (.*)$/.exec(reference);
  return sourceOf(file).includes(code);
}

const sources = new Map();

function sourceOf(file) {
  if (!sources.has(file)) sources.set(file, fs.readFileSync(path.join(root, file), 'utf8'));
  return sources.get(file);
}

module.exports = { decide, files, programsOf, testsOf };
