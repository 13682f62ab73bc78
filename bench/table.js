'use strict';
// The results as a table, in Markdown, which is as readable in a terminal.

const { ratio, summary } = require('./statistics');

/** Three significant digits, without an exponent. */
function digits(number) {
  if (number === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number))));
  return number.toFixed(Math.min(places, 6));
}

/** How what a row is about compares with `name`, and whether that is within its bar. */
function judge(row, name) {
  const found = ratio(row.numbers[row.subject || 'this'], row.numbers[name]);
  const bar = row.bars && row.bars[name];
  if (bar === undefined || bar === null) return { found, ok: null, words: '' };
  const [low, high] = Array.isArray(bar) ? bar : [0, bar];
  const most = (row.most && row.most[name]) || Infinity;
  const ok = found.median >= low && found.median <= high && found.most <= most;
  const words = high === Infinity ? `≥ ${low}` : Array.isArray(bar) ? `${low} to ${high}` : `≤ ${high}`;
  return { found, ok, words: most === Infinity ? words : `${words}, none over ${most} (the highest was ${found.most.toFixed(2)})` };
}

/** All the ratios of a row, one after the other; with marks for those that have a bar. */
function ratios(row, marked) {
  const subject = row.subject || 'this';
  const others = Object.keys(row.numbers).filter((name) => name !== subject);
  return others
    .filter((name) => row.numbers[subject] && (!row.bars || row.bars[name] !== undefined || others.length === 1))
    .map((name) => {
      const { found, ok, words } = judge(row, name);
      const times = `${found.median.toFixed(2)} × ${name} (${found.low.toFixed(2)}–${found.high.toFixed(2)})`;
      return ok === null || !marked ? times : `${ok ? '✓' : '✗'} ${times}, ${words}`;
    });
}

function verdict(row, marked) {
  if (row.limit === undefined) return ratios(row, marked).join('; ');
  if (!marked) return '';
  const { median } = summary(row.numbers.this);
  return `${median <= row.limit ? '✓' : '✗'} ≤ ${row.limit.toLocaleString('en')} ${row.unit}`;
}

function valueCell(row, name) {
  if (!row.numbers[name]) return '';
  return `${digits(summary(row.numbers[name]).median / (row.scale || 1))} ${row.unit}`;
}

/**
 * Markdown of one case's rows. `compared`: with the ratios; `marked`: and whether each is within its bar.
 */
function table(rows, { compared, marked }) {
  const names = [];
  for (const row of rows) for (const name of Object.keys(row.numbers)) if (!names.includes(name)) names.push(name);
  const lines = rows.map((row) => [row.label].concat(names.map((name) => valueCell(row, name)), compared ? verdict(row, marked) : []));
  return markdown([[''].concat(names, compared ? 'ratio (middle half of the rounds)' : [])].concat(lines));
}

function markdown(lines) {
  const widths = lines[0].map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)));
  const show = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [show(lines[0]), rule].concat(lines.slice(1).map(show)).join('\n');
}

module.exports = { digits, judge, table };
