'use strict';
// The documentation as data: its documents, their links and headings, their blocks of code.

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');

/** The pages that a user reads, as paths from the root. */
function documents() {
  const pages = fs.readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].concat(pages.map((name) => `docs/${name}`));
}

function read(file) {
  return fs.readFileSync(path.join(root, file), 'utf8');
}

const FENCE = /^( *)```(\w*)\n([^]*?)^\1```$/gm;

/**
 * The blocks of code of a page: `{ file, line, language, code, notes }`. Notes are what the comments
 * right before a block tell, by their first words: `<!-- not run: it needs root -->`.
 */
function blocksOf(file) {
  const text = read(file);
  const found = [];
  for (let match = FENCE.exec(text); match !== null; match = FENCE.exec(text)) {
    const before = text.slice(0, match.index);
    found.push({ file, line: before.split('\n').length, language: match[2], code: match[3], notes: notesAtEnd(before) });
  }
  return found;
}

function notesAtEnd(text) {
  const notes = {};
  for (const line of text.trimRight().split('\n').reverse()) {
    const note = /^ *<!-- ([a-z ]+?)(?:: (.*))? -->$/.exec(line);
    if (note === null) return notes;
    notes[note[1]] = note[2] || true;
  }
  return notes;
}

/** A page without its blocks of code and its comments. */
function proseOf(file) {
  return read(file).replace(FENCE, '').replace(/<!--[^]*?-->/g, '');
}

/** Where the links and images of a page lead to: `{ target, isImage }`. */
function linksOf(file) {
  const link = /(!?)\[(?:[^\][]|\[[^\]]*\])*\]\(([^)\s]+)\)/g;
  const text = proseOf(file).replace(/`[^`\n]*`(?!\]|[^\n[]*\]\()/g, '');
  const found = [];
  for (let match = link.exec(text); match !== null; match = link.exec(text)) {
    found.push({ isImage: match[1] === '!', target: match[2] });
  }
  return found;
}

/** The anchors that GitHub and npm give to the headings of a page. */
function anchorsOf(file) {
  const headings = proseOf(file).match(/^#+ .*$/gm) || [];
  const seen = new Map();
  return headings.map((heading) => {
    const text = heading.replace(/^#+ /, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = text.toLowerCase().replace(/[^\wà-ÿ\- ]/g, '').replace(/ /g, '-');
    const count = seen.get(slug) || 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** What a block claims to print: the comments after what prints, line by line. */
function outputOf({ code }) {
  const claim = /(?:console\.log|printf?)\(.*\);? *(?:\/\/|#) (.*)$/gm;
  const lines = [];
  for (let match = claim.exec(code); match !== null; match = claim.exec(code)) lines.push(match[1]);
  return lines;
}

module.exports = { anchorsOf, blocksOf, documents, linksOf, outputOf, proseOf, read, root };
