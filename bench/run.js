'use strict';
// npm run bench: measures this package against the system calls beneath it and against 0.1.1. With all
// cases it also writes the tables of docs/performance.md.
// Arguments: names of cases (none means all); --smoke does each once and judges nothing.

const os = require('os');
const path = require('path');
const { writeBetween } = require('../scripts/between');
const { build } = require('../lib/cli/compile');
const { published } = require('./contestants');
const { drawCharts } = require('./chart');
const { table } = require('./table');

/** The cases, in the order of the table. */
function casesNamed(names) {
  const folder = path.join(__dirname, 'cases');
  const all = ['calls', 'flat', 'elements', 'fill', 'require', 'memory', 'gc', 'file', 'scale', 'transport', 'messages']
    .map((name) => require(path.join(folder, name)));
  const unknown = names.find((name) => all.every((one) => one.name !== name));
  if (unknown !== undefined) {
    const alone = ['locks', 'map', 'sync', 'waits'].includes(unknown) ? `${unknown} runs by itself: node bench/cases/${unknown}.js` : `there is no case ${unknown}`;
    throw new Error(`${alone}; the cases are ${all.map((one) => one.name).join(', ')}`);
  }
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

/** The tables without marks, and when and where they were measured. */
function writePage(tables) {
  const [{ model }] = os.cpus();
  const date = new Date().toISOString().slice(0, 10);
  const where = `Measured on ${date}: ${os.cpus().length} × ${model.trim()}, ${os.type()} ${os.release()}, Node.js ${process.versions.node}.`;
  writeBetween(path.join(__dirname, '..', 'docs', 'performance.md'), 'npm run bench', [where].concat(tables).join('\n\n'));
}

async function main(args) {
  const smoke = args.includes('--smoke');
  const names = args.filter((arg) => !arg.startsWith('--'));
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
  const pageTables = [];
  try {
    for (const one of casesNamed(names)) {
      const started = Date.now();
      progress(one.name);
      const rows = await one.run(bench);
      const compared = one.judged !== false && !smoke;
      tables.push(`## ${one.title}\n\n${one.note}\n\n${table(rows, { compared, marked: true })}\n`);
      pageTables.push(`### ${one.title}\n\n${one.note}\n\n${table(rows, { compared, marked: false })}`);
      progress('');
      console.log(`${one.name}: done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
      if (!smoke) drawCharts(one.name, rows).forEach((file) => console.log(`  ${path.relative('', file)}`));
    }
    console.log(`\n${tables.join('\n')}`);
    if (!smoke && names.length === 0) writePage(pageTables);
  } finally {
    bench.destroyAll();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
