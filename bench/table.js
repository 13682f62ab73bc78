'use strict';
// The results as a table, in Markdown, which is as readable in a terminal.

const { ratio, summary } = require('./statistics');

/** Three significant digits, without an exponent. */
function digits(number) {
  if (number === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number))));
  return number.toFixed(Math.min(places, 6));
}

/** How the first column's ratio to `name` came out, and whether that is within its bar. */
function judge(row, name) {
  const found = ratio(row.numbers.this, row.numbers[name]);
  const bar = row.bars && row.bars[name];
  if (bar === undefined) return { found, ok: null, words: '' };
  const [low, high] = Array.isArray(bar) ? bar : [0, bar];
  const ok = found.median >= low && found.median <= high;
  const words = Array.isArray(bar) ? `${low} to ${high}` : `≤ ${high}`;
  return { found, ok, words };
}

function ratioCell(row, name) {
  if (!row.numbers[name] || !row.numbers.this) return '';
  const { found, ok, words } = judge(row, name);
  const spread = `${found.median.toFixed(2)} (${found.low.toFixed(2)}–${found.high.toFixed(2)})`;
  return ok === null ? spread : `${spread} ${ok ? '✓' : '✗'} ${words}`;
}

function timeCell(row, name) {
  if (!row.numbers[name]) return '';
  const scale = row.scale || 1;
  return `${digits(summary(row.numbers[name]).median / scale)} ${row.unit}`;
}

/** Markdown of one case's rows. Others than `this` are what `this` is compared with. */
function table(rows) {
  const names = [];
  for (const row of rows) for (const name of Object.keys(row.numbers)) if (!names.includes(name)) names.push(name);
  const others = names.filter((name) => name !== 'this');
  const head = [''].concat(names, others.map((name) => `this / ${name}`));
  const lines = rows.map((row) =>
    [row.label].concat(names.map((name) => timeCell(row, name)), others.map((name) => ratioCell(row, name))),
  );
  return markdown([head].concat(lines));
}

function markdown(lines) {
  const widths = lines[0].map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)));
  const show = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [show(lines[0]), rule].concat(lines.slice(1).map(show)).join('\n');
}

module.exports = { digits, judge, markdown, table };
