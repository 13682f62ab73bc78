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

/** A section: when, where and how undisturbed it was measured, and the table. */
function section({ title, note }, table, idle) {
  const [{ model }] = os.cpus();
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const where = `${os.cpus().length} × ${model.trim()}, ${os.type()} ${os.release()}, Node.js ${process.versions.node}`;
  const state = `before it the machine was ${idle[0]} % idle, after it ${idle[1]} %`;
  return `## ${title}\n\n${note}\n\nMeasured on ${date} UTC, ${where}; ${state}.\n\n${table}`;
}

/** Replaces the sections of these titles, and keeps the others. @param {[string, string][]} measured in their order */
function write(measured, order) {
  const sections = sectionsIn(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');
  for (const [title, text] of measured) sections.set(title, text);
  const known = order.filter((title) => sections.has(title)).map((title) => sections.get(title));
  fs.writeFileSync(file, `${[HEAD.trim()].concat(known).join('\n\n')}\n`);
  return file;
}

module.exports = { section, write };
