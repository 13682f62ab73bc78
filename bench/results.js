'use strict';
// bench/RESULTS.md: what the cases have measured, a section for each, which only the benchmark writes.

const fs = require('fs');
const os = require('os');
const path = require('path');

const file = path.join(__dirname, 'RESULTS.md');

const HEAD = `# Results of the benchmark

\`npm run bench\` writes this file, a section for each case that it has run; [README.md](README.md) tells how to read it, and
[Performance](../docs/performance.md) what it means. In brackets is where the middle half of the rounds lies, then the bar.
`;

/** The sections that the file has, by their titles. */
function sectionsIn(text) {
  const sections = new Map();
  for (const section of text.split(/^(?=## )/m).slice(1)) sections.set(/^## (.*)$/m.exec(section)[1], section.trim());
  return sections;
}

/** A section: when, where, how often and how undisturbed it was measured, and the table. */
function section({ title, note }, rows, table, idle) {
  const [{ model }] = os.cpus();
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const where = `${os.cpus().length} × ${model.trim()}, ${os.type()} ${os.release()}, Node.js ${process.versions.node}`;
  const state = `before it the machine was ${idle[0]} % idle, after it ${idle[1]} %`;
  return `## ${title}\n\n${note}\n\nMeasured on ${date} UTC, ${where}; ${roundsOf(rows)}; ${state}.\n\n${table}`;
}

/** How many rounds the medians are of. */
function roundsOf(rows) {
  const counts = rows.map(({ numbers }) => Math.min(...Object.values(numbers).map((each) => each.length)));
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return most === 1 ? 'one round' : `medians of ${least === most ? '' : `${least} to `}${most} rounds`;
}

/** How many bars the sections have, and which of them are missed. */
function bars(sections) {
  let count = 0;
  const missed = [];
  for (const [title, text] of sections) {
    for (const line of text.split('\n').filter((one) => one.startsWith('|'))) {
      const cells = line.split('|').map((cell) => cell.trim());
      const judged = cells[cells.length - 2].split('; ').filter((one) => /^[✓✗]/.test(one));
      count += judged.length;
      for (const one of judged.filter((words) => words.startsWith('✗'))) {
        // A limit has no ratio before it.
        const found = one.startsWith('✗ ≤') ? `${cells[2]}, ` : '';
        missed.push(`- ${title}, ${cells[1]}: ${found}${one.slice(2)}`);
      }
    }
  }
  const end = missed.length === 0 ? '.' : `, and these are not:\n\n${missed.join('\n')}`;
  return `Of ${count} bars, ${count - missed.length} are reached${end}`;
}

/** Replaces the sections of these titles, and keeps the others. @param {[string, string][]} measured in their order */
function write(measured, order) {
  const sections = sectionsIn(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');
  for (const [title, text] of measured) sections.set(title, text);
  const known = order.filter((title) => sections.has(title)).map((title) => [title, sections.get(title)]);
  fs.writeFileSync(file, `${[HEAD.trim(), bars(known), ...known.map(([, text]) => text)].join('\n\n')}\n`);
  return file;
}

module.exports = { section, write };
