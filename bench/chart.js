'use strict';
// The results as SVG, readable on light and on dark pages.

const fs = require('fs');
const path = require('path');
const { summary } = require('./statistics');
const { digits } = require('./table');

// This package in the strongest colour, what it is compared with around it. They differ in
// brightness, too.
const COLOURS = ['#0969da', '#57606a', '#bc4c00', '#1a7f37', '#8250df', '#bf3989', '#9a6700', '#0f7b8a'];
const DARK = ['#58a6ff', '#8b949e', '#f0883e', '#56d364', '#bc8cff', '#ff7bc2', '#d29922', '#39c5cf'];

const style = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #d0d7de } .axis { stroke: #57606a }
  ${COLOURS.map((colour, i) => `.line${i} { stroke: ${colour} } .fill${i} { fill: ${colour} }`).join('\n  ')}
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #8b949e }
    ${DARK.map((colour, i) => `.line${i} { stroke: ${colour} } .fill${i} { fill: ${colour} }`).join('\n    ')}
  }`;

const escape = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
const plain = (label) => escape(label.replace(/`/g, ''));
const text = (x, y, words, more = '') => `<text x="${round(x)}" y="${round(y)}" ${more}>${words}</text>`;
const line = (x1, y1, x2, y2, name) =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${name}"/>`;
const round = (number) => Math.round(number * 10) / 10;

function svg(width, height, title, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<style>${style}
</style>
${text(16, 24, escape(title), 'class="title"')}
${parts.join('\n')}
</svg>
`;
}

/** The names of what was measured, this package first. */
function seriesOf(rows) {
  const names = [];
  for (const row of rows) for (const name of Object.keys(row.numbers)) if (!names.includes(name)) names.push(name);
  return names.sort((a, b) => Number(!a.startsWith('this')) - Number(!b.startsWith('this')));
}

function legend(names, x, y) {
  return names.map((name, i) => {
    const left = x + names.slice(0, i).reduce((sum, other) => sum + 30 + other.length * 7, 0);
    return `<rect x="${left}" y="${y - 9}" width="10" height="10" class="fill${i}"/>${text(left + 15, y, escape(name))}`;
  });
}

/** A bar for every number of every row; shorter is better. */
function bars(title, rows) {
  const names = seriesOf(rows);
  const [left, right, bar] = [300, 640, 15];
  const most = Math.max(...rows.map((row) => Math.max(...names.map((name) => median(row, name) || 0)) / (row.scale || 1)));
  const parts = legend(names, 16, 48);
  let y = 66;
  for (const row of rows) {
    parts.push(text(left - 10, y + (names.length * bar) / 2 + 2, plain(row.label), 'text-anchor="end"'));
    names.forEach((name, i) => {
      if (!row.numbers[name]) return;
      const value = median(row, name) / (row.scale || 1);
      const width = Math.max(1, ((right - left) * value) / most);
      parts.push(`<rect x="${left}" y="${y}" width="${round(width)}" height="${bar - 2}" class="fill${i}"/>`);
      parts.push(text(left + width + 5, y + bar - 3, `${digits(value)} ${row.unit}`));
      y += bar;
    });
    y += 12;
  }
  return svg(740, y + 4, title, parts);
}

const median = (row, name) => row.numbers[name] && summary(row.numbers[name]).median;

/** A line for every series over `bytes`, both axes logarithmic. `value(µs, bytes)` is what is shown. */
function lines(title, rows, ticks, value) {
  const names = seriesOf(rows);
  const [left, right, top, bottom] = [78, 560, 44, 380];
  const sizes = rows.map((row) => row.bytes);
  const [low, high] = [ticks[0][0], ticks[ticks.length - 1][0]];
  const x = (bytes) => left + ((right - left) * Math.log(bytes / sizes[0])) / Math.log(sizes[sizes.length - 1] / sizes[0] || 2);
  const y = (number) => bottom - ((bottom - top) * Math.log(Math.min(high, Math.max(low, number)) / low)) / Math.log(high / low);
  const parts = ticks.map(
    ([at, words]) => line(left, y(at), right, y(at), 'grid') + text(left - 8, y(at) + 4, words, 'text-anchor="end"'),
  );
  rows.forEach((row, i) => {
    if (i % 2 === 0) parts.push(text(x(row.bytes), bottom + 18, row.label, 'text-anchor="middle"'));
  });
  parts.push(line(left, bottom, right, bottom, 'axis'));
  names.forEach((name, i) => {
    const measured = rows.filter((row) => row.numbers[name]);
    const points = measured.map((row) => `${round(x(row.bytes))},${round(y(value(median(row, name), row.bytes)))}`);
    const width = name.startsWith('this') ? 3 : 1.5;
    parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke-width="${width}" class="line${i}"/>`);
    parts.push(`<rect x="${right + 16}" y="${top + i * 22}" width="10" height="10" class="fill${i}"/>`);
    parts.push(text(right + 31, top + 9 + i * 22, escape(name)));
  });
  return svg(740, bottom + 32, title, parts);
}

const times = [[1, '1 µs'], [10, '10 µs'], [100, '100 µs'], [1e3, '1 ms'], [1e4, '10 ms'], [1e5, '100 ms'], [1e6, '1 s'], [1e7, '10 s']];
const speeds = [[1e6, '1 MB/s'], [1e7, '10 MB/s'], [1e8, '100 MB/s'], [1e9, '1 GB/s'], [1e10, '10 GB/s'], [1e11, '100 GB/s'], [1e12, '1 TB/s']];

/** Which charts a case's rows give: file name → SVG. */
const charts = {
  calls: (rows) => ({ 'calls.svg': bars('Processor time of a call, 4 KB (shorter is better)', rows) }),
  transport: (rows) => ({
    'latency.svg': lines('Time until the other side has the bytes (lower is better)', rows, times, (us) => us),
    'throughput.svg': lines('Throughput (higher is better)', rows, speeds, (us, bytes) => (bytes / us) * 1e6),
  }),
};

/** Writes the charts of a case to bench/charts; the paths. */
function drawCharts(name, rows) {
  if (!charts[name]) return [];
  return Object.entries(charts[name](rows)).map(([file, drawn]) => {
    const to = path.join(__dirname, 'charts', file);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(to, drawn);
    return to;
  });
}

module.exports = { drawCharts };
