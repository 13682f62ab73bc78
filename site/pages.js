'use strict';
// Which pages the site has, in which groups: those of the README's list of documentation.

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const upperFirst = (text) => text[0].toUpperCase() + text.slice(1);

/** Longer texts of links do not fit beside the pages; these pages are called by their headings. */
const TITLE_MAX = 24;

/** `[{ title, pages: [{ file, url, title }] }]`: files from the root, addresses below the site's. */
function groups() {
  const list = /^## Documentation\n([^]*?)^## /m.exec(read('README.md'))[1];
  return list.match(/^- \*\*.*$/gm).map((line) => ({
    title: /\*\*(.*?)\*\*/.exec(line)[1],
    pages: line.match(/\[[^\]]*\]\([^)]*\)/g).map(pageOf).filter((page) => page.file.endsWith('.md')),
  }));
}

function pageOf(link) {
  const [, text, file] = /^\[(.*)\]\((.*)\)$/.exec(link);
  const title = file.endsWith('.md') && text.length > TITLE_MAX ? headingOf(file) : upperFirst(text.replace(/`/g, ''));
  return { file, url: urlOf(file), title };
}

const headingOf = (file) => /^# (.*)$/m.exec(read(file))[1].replace(/`/g, '');

/** docs/map.md is at /map, the README at /, the changelog at /changelog. */
function urlOf(file) {
  return `/${file.replace(/^docs\//, '').replace(/\.md$/, '').toLowerCase().replace(/^readme$/, '')}`;
}

module.exports = { groups, root, urlOf };
