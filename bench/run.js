'use strict';
// npm run bench: measures this package against the system calls beneath it, against 0.1.1, and against what others have,
// and writes the tables to bench/RESULTS.md.
// Arguments: names of cases (none means all); --smoke does each once and judges nothing; --rounds=N has no more rounds than
// N; --iceoryx2 builds that peer, too; --node24=PATH is the Node.js for navigator.locks.

const path = require('path');
const { build } = require('../lib/cli/compile');
const { published } = require('./contestants');
const { drawCharts } = require('./chart');
const { idleness } = require('./idleness');
const results = require('./results');
const { table } = require('./table');

/** The cases, in the order of the results. */
const allCases = () =>
  ['trips', 'messages', 'peers', 'map', 'sleepers', 'calls', 'flat', 'elements', 'fill', 'require', 'size', 'memory', 'gc', 'file', 'scale', 'transport']
    .map((name) => require(path.join(__dirname, 'cases', name)));

function casesNamed(names, all) {
  const unknown = names.find((name) => all.every((one) => one.name !== name));
  if (unknown !== undefined) {
    const alone = ['locks', 'ring', 'sync', 'waits'].includes(unknown) ? `${unknown} runs by itself: node bench/cases/${unknown}.js` : `there is no case ${unknown}`;
    throw new Error(`${alone}; the cases are ${all.map((one) => one.name).join(', ')}`);
  }
  return names.length === 0 ? all : all.filter((one) => names.includes(one.name));
}

/** What a case is given. */
function makeBench(smoke, args) {
  // Not before it is built.
  const { destroyAll, keys, track } = require('./keys');
  /** What an argument `--name=VALUE` says. */
  const option = (name) => (args.find((arg) => arg.startsWith(`--${name}=`)) || '').slice(`--${name}=`.length);
  return {
    smoke,
    shm: require('..'),
    keys,
    track,
    destroyAll,
    published: published(),
    rounds: (count) => (smoke ? 1 : Math.min(count, Number(option('rounds')) || Infinity)),
    option,
    /** What takes long or is to be installed, and is measured only where it was asked for: --iceoryx2. */
    wants: (name) => args.includes(`--${name}`),
    /** Tells on standard error how far a measurement has come. */
    round: (what) => (done, of) => progress(`${what}: round ${done} of ${of}`),
  };
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function main(args) {
  const smoke = args.includes('--smoke');
  const names = args.filter((arg) => !arg.startsWith('--'));
  build();
  const bench = makeBench(smoke, args);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      bench.destroyAll();
      process.exit(1);
    });
  }
  if (bench.published.reason) console.log(`${bench.published.reason}\n`);
  const all = allCases();
  const measured = [];
  try {
    for (const one of casesNamed(names, all)) {
      const before = smoke ? 0 : await idleness();
      const started = Date.now();
      progress(one.name);
      const rows = await one.run(bench);
      const compared = one.judged !== false && !smoke;
      const text = table(rows, { compared, marked: true });
      const idle = [before, smoke ? 0 : await idleness()];
      measured.push([one.title, results.section(one, rows, text, idle)]);
      progress('');
      console.log(`${one.name}: done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
      if (!smoke) drawCharts(one.name, rows).forEach((file) => console.log(`  ${path.relative('', file)}`));
      // After each: a run of all takes long, and may be ended.
      if (!smoke) results.write(measured, all.map(({ title }) => title));
    }
    console.log(`\n${measured.map(([, text]) => text).join('\n\n')}`);
  } finally {
    bench.destroyAll();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
