'use strict';
// What the documentation says of the package is so: links, error codes, options, the command's help.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { anchorsOf, blocksOf, documents, linksOf, proseOf, read, root } = require('./markdown');
const { runScript, shm, thrownBy } = require('./support');

const allText = documents().map(read).join('\n');

/** The pages beside the programs in other languages. */
const neighbours = ['bench', 'examples/c', 'examples/python', 'examples/rust'].map((folder) => `${folder}/README.md`);

const cloneOnly = { skip: !fs.existsSync(path.join(root, 'scripts')) && 'the package does not have all that the pages name' };

test('every link leads to a file and every anchor to a heading, on npm too', cloneOnly, (t) => {
  let count = 0;
  for (const file of documents().concat(neighbours)) {
    for (const { target } of linksOf(file)) {
      if (/^https:/.test(target)) continue;
      count++;
      // npm resolves a link of the README as GitHub does: from the page's own place below the project.
      const url = new URL(target, `https://example.org/owner/name/blob/HEAD/${file}`);
      const place = decodeURI(url.pathname).split('/blob/HEAD/')[1];
      const what = `${file}: ${target}`;
      if (place === undefined) t.fail(`${what} leaves the project`);
      else if (!fs.existsSync(path.join(root, place))) t.fail(`${what}: there is no such file`);
      else if (url.hash !== '' && !anchorsOf(place).includes(url.hash.slice(1))) t.fail(`${what}: there is no such heading`);
    }
  }
  t.ok(count > 80, `${count} links`);
  t.end();
});

test('every page can be reached from the README', (t) => {
  const seen = new Set();
  (function visit(file) {
    if (seen.has(file)) return;
    seen.add(file);
    linksOf(file).forEach(({ target }) => {
      const place = path.join(path.dirname(file), target.replace(/#.*/, ''));
      if (/^(docs\/)?\w[\w-]*\.md$/.test(place)) visit(place);
    });
  })('README.md');
  t.deepEqual(documents().filter((file) => !seen.has(file)), []);
  t.end();
});

/** How many lines of 100 characters a reader sees: without comments, addresses of links and empty lines. */
function linesRead(text) {
  const seen = text.replace(/<!--[^]*?-->/g, '').replace(/\]\([^)]*\)/g, ']').split('\n').filter((line) => line.trim() !== '');
  return seen.reduce((count, line) => count + Math.ceil(line.length / 100), 0);
}

test('the README is read in four minutes, and no page has marks of the benchmark', (t) => {
  t.ok(linesRead(read('README.md')) <= 130, `${linesRead(read('README.md'))} lines`);
  for (const file of documents()) t.doesNotMatch(read(file), /[✓✗]/, file);
  t.end();
});

/** What a reader wants to know, and where it is: in the README, or on the page of one of its links. */
const QUESTIONS = {
  'a bounded queue': ['docs/channels.md', /It is a bounded queue/],
  'a handler that throws': ['docs/channels.md', /handler throws or rejects, or its process dies/],
  'Ctrl-C': ['docs/recipes.md#end-cleanly-on-ctrl-c', /End cleanly on Ctrl-C/],
  'after kill -9': ['README.md', /Kill it with `kill -9`/],
  'how large': ['README.md', /\| one array \|/],
  'which lock': ['README.md', /a lock by name[^|]*\|[^]*a lock in a word/],
  'the limit of /dev/shm': ['README.md', /the size of `\/dev\/shm`, half of the RAM/],
  'an error code': ['docs/errors.md', /\| `ERR_SHM_FULL` \|/],
  'Python': ['docs/other-languages.md', /^## Python$/m],
};

test('what readers look for is in the README, or one link away', (t) => {
  const targets = linksOf('README.md').map(({ target }) => target);
  for (const question of Object.keys(QUESTIONS)) {
    const [page, words] = QUESTIONS[question];
    t.ok(page === 'README.md' || targets.includes(page), `${question}: the README links to ${page}`);
    t.match(read(page.replace(/#.*/, '')), words, question);
  }
  t.end();
});

test('testing.md says what each program of the torture does, and no others', cloneOnly, (t) => {
  const [table] = /\| test \| what it does \|[^]*?\n\n/.exec(read('docs/testing.md'));
  const told = table.match(/^\| `.*?(?= \| )/gm).join().match(/[\w-]+/g);
  const programs = fs.readdirSync(path.join(root, 'test', 'torture')).filter((name) => name.endsWith('.js'));
  t.deepEqual(told.sort(), programs.map((name) => path.basename(name, '.js')).sort());
  t.end();
});

test('the files and folders that CONTRIBUTING names are there', cloneOnly, (t) => {
  const paths = read('CONTRIBUTING.md').match(/`(?:lib|native|test|scripts|docs|\.github)\/[\w./-]*`/g).map((name) => name.slice(1, -1));
  t.deepEqual(paths.filter((name) => !fs.existsSync(path.join(root, name))), [], `${paths.length} paths`);
  t.end();
});

function filesOf(folder) {
  return fs.readdirSync(folder).reduce((found, name) => {
    const file = path.join(folder, name);
    return found.concat(fs.lstatSync(file).isDirectory() ? filesOf(file) : file);
  }, []);
}

function codesOf(text) {
  return Array.from(new Set(text.match(/ERR_SHM_[A-Z_]+/g))).sort();
}

test('the error codes are those of the sources and of the types', (t) => {
  const sources = ['lib', 'native'].reduce((found, folder) => found.concat(filesOf(path.join(root, folder))), []);
  const page = proseOf('docs/errors.md');
  t.deepEqual(codesOf(page), codesOf(sources.map((file) => fs.readFileSync(file, 'utf8')).join('\n')));
  const typed = read('lib/types/errors.d.ts').match(/(?<=')(?:E[A-Z_]+|UNKNOWN)(?=')/g);
  t.deepEqual(typed.filter((code) => !page.includes(`\`${code}\``)), [], `${typed.length} codes of the types`);
  t.end();
});

test('the options are those that the package knows', (t) => {
  const table = /\| option \|[^]*?\n\n/.exec(read('docs/api.md'))[0];
  const documented = (column) =>
    table.split('\n').slice(2, -2).map((row) => row.split('|').map((cell) => cell.trim()))
      .filter((cells) => cells[column] === 'yes').map((cells) => cells[1].replace(/`/g, '')).sort();
  const known = (call) => /Its options are: (.*)$/.exec(thrownBy(call).message)[1].split(', ');
  const ofCreate = known(() => shm.create(1, 'Buffer', null, { unknown: true }));
  const ofGet = known(() => shm.get(1, 'Buffer', { unknown: true }));
  t.deepEqual(documented(2), ofCreate.sort());
  t.deepEqual(documented(3), ofGet.sort());
  t.end();
});

test('every export is documented, with its number if it has one', (t) => {
  for (const name of Object.keys(shm)) {
    if (/^SHMBT_/.test(name)) t.match(allText, new RegExp(`\`${name}\`(?: is)? ${shm[name]}\\b`), name);
    else t.match(allText, new RegExp(`\`(?:new )?(?:shm\\.)?${name}\\b`), name);
  }
  t.end();
});

/** What editors show of each exported call and class, by its name: its comments, of a class those of its methods, too. */
function commentsOfExports() {
  const found = new Map();
  const folder = path.join(root, 'lib', 'types');
  const declaration = /^(\/\*\*(?:[^*]|\*(?!\/))*\*\/)\nexport (?:function (\w+)|class (\w+)[^]*?^\})/gm;
  for (const name of fs.readdirSync(folder)) {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    for (let match = declaration.exec(text); match !== null; match = declaration.exec(text)) {
      const [whole, comment, call, className] = match;
      found.set(call || className, (found.get(call || className) || '') + (call ? comment : whole));
    }
  }
  return found;
}

test('editors show an example of every call and class, and what it throws', (t) => {
  const comments = commentsOfExports();
  const cannotFail = ['getTotalSize', 'getTotalCreatedSize', 'isShmError'];
  const calls = Object.keys(shm).filter((name) => typeof shm[name] === 'function');
  for (const name of calls) {
    const comment = comments.get(name) || '';
    t.ok(/^ +\* @example$/m.test(comment), `${name} has an example`);
    if (!cannotFail.includes(name)) t.ok(/^ +\* @throws /m.test(comment), `${name} says what it throws`);
  }
  t.end();
});

const commands = ['ls', 'stat', 'rm', 'dump', 'top', 'locks', 'build'];

test("the command's help is what the program prints", async (t) => {
  const cli = path.join(root, 'lib', 'cli', 'cli.js');
  const shown = blocksOf('docs/command.md').map((block) => block.code);
  const table = /\| command \|[^]*?\n\n/.exec(read('docs/command.md'))[0];
  for (const name of [''].concat(commands)) {
    const { stdout } = await runScript(cli, name === '' ? ['--help'] : [name, '--help']);
    t.ok(shown.includes(stdout), `shm-typed-array ${name} --help`);
    const usages = stdout.match(/^(?:Usage: | +)shm-typed-array (.*)$/gm) || [];
    if (name === '') t.deepEqual(stdout.match(/^ {2}\w+(?= )/gm).map((word) => word.trim()), commands);
    else for (const usage of usages) t.ok(table.includes(`\`${usage.replace(/^.*shm-typed-array /, '')}\``), usage);
  }
});

test('the scripts that the pages name are there', cloneOnly, (t) => {
  const { scripts } = JSON.parse(read('package.json'));
  for (const mention of new Set(allText.match(/npm run [\w:-]+/g))) t.ok(scripts[mention.slice(8)], mention);
  const isCase = (name) => fs.existsSync(path.join(root, 'bench', 'cases', `${name}.js`)) && new RegExp(`name: '${name}'`).test(read(`bench/cases/${name}.js`));
  for (const mention of new Set(allText.match(/`npm run bench -- [a-z ]*[a-z](?=`| --)/g))) {
    for (const name of mention.slice(18).split(' ')) t.ok(isCase(name), `${mention}: ${name}`);
  }
  for (const mention of new Set(allText.match(/node bench\/cases\/\w+(?=\.js)/g))) t.notOk(isCase(mention.slice(17)), `${mention}.js runs by itself`);
  const packageCases = read('scripts/test-package.js') + read('scripts/package-environments.js');
  for (const mention of new Set(allText.match(/`npm run test:package -- [a-z -]*[a-z](?=`)/g))) {
    for (const name of mention.slice(25).split(' ')) t.ok(new RegExp(`(?:function ${name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}|'${name}':)`).test(packageCases), `${mention}: ${name}`);
  }
  for (const mention of new Set(allText.match(/(?:node |`)(?:scripts|test|bench)\/[\w./-]+(?:js|pml)\b/g))) {
    t.ok(fs.existsSync(path.join(root, mention.replace(/^(?:node |`)/, ''))), mention);
  }
  t.end();
});
