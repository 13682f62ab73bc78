'use strict';

const fs = require('fs');

/** Replaces what stands in a page between `<!-- COMMAND writes this -->` and `<!-- to here -->`. */
function writeBetween(file, command, text) {
  const page = fs.readFileSync(file, 'utf8');
  const start = `<!-- ${command} writes this -->\n`;
  const from = page.indexOf(start);
  const to = page.indexOf('<!-- to here -->', from);
  if (from === -1 || to === -1) throw new Error(`${file} has no place for what ${command} writes`);
  fs.writeFileSync(file, `${page.slice(0, from)}${start}${text}\n${page.slice(to)}`);
}

module.exports = { writeBetween };
