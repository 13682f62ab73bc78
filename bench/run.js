'use strict';
// npm run bench: measures this package against the system calls beneath it and against 0.1.1.
// Arguments: names of cases (none means all); --smoke does each once and judges nothing.

const path = require('path');
const { build } = require('../lib/cli/compile');
const { published } = require('./contestants');
const { drawCharts } = require('./chart');
const { table } = require('./table');

/** The cases, in the order of the table. */
function casesNamed(names) {
  const folder = path.join(__dirname, 'cases');
  const all = ['calls', 'flat', 'elements', 'fill', 'require', 'memory', 'scale', 'transport', 'messages']
    .map((name) => require(path.join(folder, name)));
  return names.length === 0 ? all : all.filter((one) => names.includes(one.name));
}

/** What a case is given. */
function makeBench(smoke) {
  // Not before it is built.
  const { destroyAll, keys, track } = require('./keys');
  return {
    smoke,
    shm: require('..'),
    keys,
    track,
    destroyAll,
    published: published(),
    rounds: (count) => (smoke ? 1 : count),
    /** Tells on standard error how far a measurement has come. */
    round: (what) => (done, of) => progress(`${what}: round ${done} of ${of}`),
  };
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function main(args) {
  const smoke = args.includes('--smoke');
  build();
  const bench = makeBench(smoke);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      bench.destroyAll();
      process.exit(1);
    });
  }
  if (bench.published.reason) console.log(`${bench.published.reason}\n`);
  const tables = [];
  try {
    for (const one of casesNamed(args.filter((arg) => !arg.startsWith('--')))) {
      const started = Date.now();
      progress(one.name);
      const rows = await one.run(bench);
      tables.push(`## ${one.title}\n\n${one.note}\n\n${table(rows, one.judged !== false && !smoke)}\n`);
      progress('');
      console.log(`${one.name}: done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
      if (!smoke) drawCharts(one.name, rows).forEach((file) => console.log(`  ${path.relative('', file)}`));
    }
    console.log(`\n${tables.join('\n')}`);
  } finally {
    bench.destroyAll();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
