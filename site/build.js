'use strict';
// npm run site: the pages and the reference as static HTML, in target/site. VitePress makes the pages; TypeDoc, by
// npm run docs, the reference. A link that leads nowhere is an error. SITE_BASE is the path where the site will be.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { check } = require('./check');
const { rewrite } = require('./links');
const { groups, root, urlOf } = require('./pages');

const pagesFolder = path.join(__dirname, '.pages');
const out = path.join(root, 'target', 'site');
const base = process.env.SITE_BASE || '/';

/** The pages, with links that fit the site, and the images that they show. */
function writePages() {
  fs.rmSync(pagesFolder, { recursive: true, force: true });
  const files = ['README.md'].concat(...groups().map(({ pages }) => pages.map(({ file }) => file)));
  const image = (file) => {
    const copy = path.join(pagesFolder, 'public', file);
    fs.mkdirSync(path.dirname(copy), { recursive: true });
    fs.copyFileSync(path.join(root, file), copy);
    return `/${file}`;
  };
  fs.mkdirSync(pagesFolder);
  for (const file of files) {
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    const name = file === 'README.md' ? 'index' : urlOf(file).slice(1);
    fs.writeFileSync(path.join(pagesFolder, `${name}.md`), rewrite(file, text, files, image));
  }
  return files.length;
}

function run(command, ...args) {
  execFileSync(command, args, { cwd: root, stdio: 'inherit', env: Object.assign({}, process.env, { SITE_BASE: base }) });
}

if (!fs.existsSync(path.join(__dirname, 'node_modules'))) run('npm', 'ci', '--prefix', 'site', '--ignore-scripts', '--no-audit', '--no-fund');
const count = writePages();
fs.rmSync(out, { recursive: true, force: true });
run(process.execPath, path.join(__dirname, 'node_modules', 'vitepress', 'bin', 'vitepress.js'), 'build', 'site');
run(process.execPath, path.join(root, 'scripts', 'docs.js'));
fs.cpSync(path.join(root, 'target', 'docs'), path.join(out, 'reference'), { recursive: true });
const { links, dead } = check(out, base);
dead.forEach((link) => console.error(`dead link: ${link}`));
console.log(`${count} pages and the reference are in target/site: ${links} links, ${dead.length} dead`);
process.exitCode = dead.length === 0 ? 0 : 1;
