'use strict';
// The table of docs/memory-model.md, from the litmus tests.

const { files, testsOf } = require('./decide');

const page = 'docs/memory-model.md';

/** What the tests of a file are about; those that check the checker are not shown. */
const headings = {
  'structures.litmus': 'All structures',
  'mutex.litmus': 'Mutex, and the locks in the structures',
  'channel.litmus': 'Channel',
  'topic.litmus': 'Topic',
  'map.litmus': 'SharedMap',
  'locks.litmus': 'LockManager',
  'pages.litmus': 'Programs of your own',
};

function table() {
  return files.filter((file) => headings[file] !== undefined).map((file) => `### ${headings[file]}\n\n${tableOf(testsOf(file))}`).join('\n\n');
}

function tableOf(tests) {
  const rows = tests.map(({ name, says, orders, threads }) => `| *${name}*. ${says} | ${threads.map(accessesOf).join('<br>')} | ${orders} |`);
  return ['| what holds | the accesses, atomic ones in bold | what orders them |', '| --- | --- | --- |'].concat(rows).join('\n');
}

function accessesOf({ name, steps }) {
  return `${name}: ${steps.filter(({ text }) => !text.startsWith('where')).map(({ text }) => accessOf(text)).join(', ')}`;
}

/** `w = load word` as **load word**, `write data 1` as write data. */
function accessOf(text) {
  const [, access, place] = /^(?:\S+ = )?(\S+) (\S+)/.exec(text);
  return access === 'read' || access === 'write' ? `${access} ${place}` : `**${access} ${place}**`;
}

module.exports = { page, table };
