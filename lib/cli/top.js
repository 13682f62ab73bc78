'use strict';

const { summaryOf } = require('./facts');
const { UsageError, keyOf } = require('./options');
const { Samples } = require('./samples');
const { isTerminal, show } = require('./screen');
const { bold, jsonText, keyText, processesText, sizeText, table, yellow } = require('./text');

const INTERVAL = 1000;

const help = `Usage: shm-typed-array top [--mine] [--json] [KEY…]

Shows every second what shared memory there is (Linux only), and who has it attached: how many
messages a channel holds and passes, the frames of a topic and its slowest reader, the entries
of a map and how many it evicts, which locks are held and waited for. With KEYs only those.
Orphans, which no process has attached, are yellow. q and Ctrl-C end it.

  --json   a line of JSON every second instead, also without a terminal
  --mine   only what belongs to this user
`;

const options = /** @type {any} */ ({ json: 'flag', mine: 'flag' });

async function run({ keys, flags }) {
  if (!flags.json && !isTerminal()) throw new UsageError('top needs a terminal to draw on. Use top --json, or ls');
  const samples = new Samples(keys.map(keyOf), flags);
  if (flags.json) return printLines(samples);
  let sample;
  await show(INTERVAL, () => (sample = samples.next()), (size) => draw(sample, size));
}

/** Until it is interrupted, or its output is closed. */
async function printLines(samples) {
  for (;;) {
    const next = Date.now() + INTERVAL;
    if (!process.stdout.write(`${jsonText(samples.next(), 0)}\n`)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    await new Promise((resolve) => setTimeout(resolve, next - Date.now()));
  }
}

/** The lines of the screen. */
function draw({ time, entries }, { columns, rows }) {
  const sorted = entries.slice().sort((one, other) => rank(other) - rank(one) || (keyText(one) < keyText(other) ? -1 : 1));
  const [head, ...lines] = table(['KEY', 'KIND', 'SIZE', 'HOLDS', 'PASSES', 'LOCKS', 'PROCESSES'], sorted.map(row), ['SIZE']).map((line) => line.slice(0, columns));
  const isFull = lines.length > rows - 3;
  const shown = lines.slice(0, isFull ? rows - 4 : rows - 3).map((line, index) => (sorted[index].orphan ? yellow(line) : line));
  const more = isFull ? [`… and ${lines.length - shown.length} more`] : [];
  return [title(time, entries).slice(0, columns), '', bold(head), ...shown, ...more];
}

function title(time, entries) {
  const orphans = entries.filter(({ orphan }) => orphan).length;
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  return `${time.toTimeString().slice(0, 8)}  ${entries.length - orphans} in use, ${orphans} orphaned, ${sizeText(bytes)}  (q: quit)`;
}

/** What is in use comes first, and of that what is more than memory. */
const rank = ({ structure, orphan }) => (orphan ? 0 : 2) + (structure === null ? 0 : 1);

function row(entry) {
  const { structure, perSecond } = entry;
  const texts = structure === null ? ['', '', ''] : summaryOf(structure, perSecond);
  return [keyText(entry), structure === null ? entry.kind : structure.kind, sizeText(entry.size), ...texts, processesText(entry.processes, 2)];
}

module.exports = { help, options, run };
