'use strict';
// Whether the links of a built site lead somewhere: to a file of it, and to an anchor that is in it.

const fs = require('fs');
const path = require('path');

function htmlBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((found, entry) => {
    const file = path.join(folder, entry.name);
    return found.concat(entry.isDirectory() ? htmlBelow(file) : file.endsWith('.html') ? file : []);
  }, []);
}

/** The file behind an address of the site, or null. */
function fileOf(out, pathname) {
  const place = path.join(out, pathname);
  const candidates = [place, `${place}.html`, path.join(place, 'index.html')];
  return candidates.find((file) => fs.existsSync(file) && fs.statSync(file).isFile()) || null;
}

const unescape = (text) => text.replace(/&amp;/g, '&').replace(/&#x27;|&#39;/g, "'").replace(/&quot;/g, '"');

/** `{ links, dead }`: how many links the pages have, and which of them lead nowhere. */
function check(out, base) {
  const ids = new Map();
  const idsOf = (file) => {
    if (!ids.has(file)) ids.set(file, new Set(Array.from(fs.readFileSync(file, 'utf8').matchAll(/ (?:id|name)="([^"]*)"/g), ([, id]) => unescape(id))));
    return ids.get(file);
  };
  const dead = [];
  let links = 0;
  for (const file of htmlBelow(out)) {
    const page = new URL(base + path.relative(out, file), 'https://site.invalid');
    const html = fs.readFileSync(file, 'utf8').replace(/<(script|style)\b[^>]*>[^]*?<\/\1>/g, '');
    for (const [, target] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      const url = new URL(unescape(target), page);
      if (url.host !== page.host) continue;
      links++;
      const pathname = decodeURIComponent(url.pathname);
      const to = pathname.startsWith(base) ? fileOf(out, pathname.slice(base.length)) : null;
      const anchor = decodeURIComponent(url.hash.slice(1));
      if (to === null) dead.push(`${path.relative(out, file)}: ${target}`);
      else if (anchor !== '' && to.endsWith('.html') && !idsOf(to).has(anchor)) dead.push(`${path.relative(out, file)}: ${target}: no such place`);
    }
  }
  return { links, dead };
}

module.exports = { check };
