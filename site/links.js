'use strict';
// Links of the pages, which lead to files of the repository, as links of the site.

const fs = require('fs');
const path = require('path');
const { root, urlOf } = require('./pages');

/** Where the sources are to be seen: the address in package.json, or that of the workflow; null if neither is known. */
function repository() {
  const { repository: known } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  if (known) return (known.url || known).replace(/^git\+/, '').replace(/\.git$/, '');
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  return server && name ? `${server}/${name}` : null;
}

const LINK = /(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g;

/** What must not be changed: blocks and pieces of code. A piece of code in the text of a link is part of the link. */
const CODE = /^( *)```[^]*?^\1```$|`[^`\n]*`(?!\]|[^\n[]*\]\()/gm;

/**
 * A page's text for the site. `pages` are the files that are pages; `image(file)` is called for each image, and gives
 * its address.
 */
function rewrite(file, text, pages, image) {
  const code = [];
  const kept = text.replace(CODE, (piece) => `\0${code.push(piece) - 1}\0`);
  const rewritten = kept.replace(LINK, (link, mark, label, target) => {
    if (/^(?:https?:|mailto:)/.test(target)) return link;
    const [place, hash = ''] = target.split(/(?=#)/);
    const to = place === '' || place[0] === '#' ? file : path.posix.join(path.posix.dirname(file), place);
    const anchor = place[0] === '#' ? place : hash;
    if (mark === '!') return `![${label}](${image(to)})`;
    if (pages.includes(to)) return `[${label}](${urlOf(to)}${anchor})`;
    return repository() === null ? label : `[${label}](${addressOf(to)}${anchor})`;
  });
  return rewritten.replace(/\0(\d+)\0/g, (_, index) => code[index]);
}

/** Where a file or a folder is to be seen. */
function addressOf(file) {
  const isFolder = fs.statSync(path.join(root, file)).isDirectory();
  return `${repository()}/${isFolder ? 'tree' : 'blob'}/main/${file.replace(/\/$/, '')}`;
}

module.exports = { repository, rewrite };
