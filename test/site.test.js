'use strict';
// The site has every page, its links are those of the pages, and what leads nowhere is found.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { documents, root } = require('./markdown');
const { nodeMajor, temporaryFolder } = require('./support');

const options = { skip: (!fs.existsSync(path.join(root, 'site')) && 'the package does not have the site') || (nodeMajor < 16 && 'it is built with a newer Node.js') };

test('every page of docs/ is in a group of the site, once', options, (t) => {
  const { groups } = require('../site/pages');
  const files = [].concat(...groups().map(({ pages }) => pages.map(({ file }) => file)));
  t.deepEqual(files.slice().sort(), documents().filter((file) => file !== 'README.md').sort());
  t.deepEqual(groups().slice(0, 4).map(({ title }) => title), ['Learn', 'Do', 'Understand', 'Look up']);
  for (const { pages } of groups()) pages.forEach(({ title, url }) => t.ok(title.length > 2 && /^\/[\w-]+$/.test(url), `${title}: ${url}`));
  t.end();
});

test('links of the pages are rewritten for the site, and code is not', options, (t) => {
  const { rewrite } = require('../site/links');
  const pages = ['README.md', 'docs/map.md', 'docs/api.md'];
  const known = process.env.GITHUB_REPOSITORY;
  Object.assign(process.env, { GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'a/b' });
  const images = [];
  const image = (file) => `/${images.push(file) && file}`;
  const of = (text) => rewrite('docs/map.md', text, pages, image);
  const address = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).repository ? null : 'https://git.example/a/b';
  t.equal(of('[a](api.md#get) and [`b`](../README.md)'), '[a](/api#get) and [`b`](/)');
  t.equal(of('[here](#full) [there](https://nodejs.org/)'), '[here](/map#full) [there](https://nodejs.org/)');
  t.equal(of('![a chart](../bench/charts/calls.svg)'), '![a chart](/bench/charts/calls.svg)');
  t.deepEqual(images, ['bench/charts/calls.svg']);
  t.equal(of('`[no](link.md)`\n```js\nconst a = [x](y);\n```'), '`[no](link.md)`\n```js\nconst a = [x](y);\n```');
  if (address) t.equal(of('[f](../examples/jobs.js) [g](../examples)'), `[f](${address}/blob/main/examples/jobs.js) [g](${address}/tree/main/examples)`);
  if (known === undefined) delete process.env.GITHUB_REPOSITORY;
  else process.env.GITHUB_REPOSITORY = known;
  t.end();
});

test('a link that leads nowhere is found', options, (t) => {
  const { check } = require('../site/check');
  const out = path.join(temporaryFolder(), 'site');
  fs.mkdirSync(out);
  fs.writeFileSync(path.join(out, 'index.html'), '<a href="/base/a.html#here">1</a><a href="a">2</a><a href="https://example.org/x">3</a>');
  fs.writeFileSync(path.join(out, 'a.html'), '<h2 id="here"></h2><img src="./none.svg"><a href="/base/#nowhere">4</a><a href="/outside">5</a>');
  const { links, dead } = check(out, '/base/');
  t.equal(links, 5);
  t.deepEqual(dead.sort(), ['a.html: ./none.svg', 'a.html: /base/#nowhere: no such place', 'a.html: /outside']);
  t.end();
});
