'use strict';
// The types, as users meet them: the examples in them and in the README compile in strict TypeScript, and they need no
// types of Node.js, or those of an old one.

const test = require('tape');
const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { blocksOf } = require('./markdown');
const { isBun, isDeno, nodeMajor, temporaryFolder } = require('./support');

const root = path.join(__dirname, '..');
const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const skip = (isBun || isDeno || nodeMajor < 20 || !fs.existsSync(compiler)) && 'it takes TypeScript, on Node 20 or later';

/** What examples are about, and do not make themselves, by its type. */
const GIVEN = {
  array: "declare const array: shm.Shm<Int32Array> & { key: number };",
  before: 'declare const before: number;',
  bytes: 'declare const bytes: Uint8Array;',
  channel: 'declare const channel: shm.Channel;',
  controller: 'declare const controller: AbortController;',
  frame: 'declare const frame: Buffer;',
  int32Array: 'declare const int32Array: Int32Array;',
  jobs: 'declare const jobs: shm.Channel;',
  map: 'declare const map: shm.SharedMap<any>;',
  mutex: 'declare const mutex: shm.Mutex;',
  prices: 'declare let prices: Float64Array;',
  reopen: 'declare function reopen(): Float64Array;',
  sessions: 'declare const sessions: shm.SharedMap<any>;',
  state: 'declare const state: Int32Array;',
  table: 'declare const table: Float64Array;',
  topic: 'declare const topic: shm.Topic;',
  video: 'declare const video: shm.Topic;',
  visits: 'declare const visits: shm.SharedMap<number>;',
  wanted: 'declare const wanted: number;',
  words: 'declare const words: Int32Array;',
};

/** The examples of the types: `[where, code]`. */
function examples() {
  const folder = path.join(root, 'lib', 'types');
  const found = [];
  for (const file of fs.readdirSync(folder)) {
    const text = fs.readFileSync(path.join(folder, file), 'utf8');
    for (const match of text.matchAll(/^( *)\* @example\n((?:\1\* ?(?!@).*\n)*?)\1(?:\* @|\*\/)/gm)) {
      const line = text.slice(0, match.index).split('\n').length;
      const code = match[2].replace(/^ *\* ?/gm, '').replace(/^```\w*$/gm, '');
      found.push([`lib/types/${file}:${line}`, code]);
    }
  }
  return found;
}

const readme = () => blocksOf('README.md').filter(({ language, notes }) => language === 'js' && notes['not run'] === undefined).map(({ line, code }) => [`README.md:${line}`, code]);

/** The code as a TypeScript module: `require` becomes an import, and what it speaks of is declared. */
function moduleOf(code) {
  const imports = [];
  const rest = code.replace(/^const (\w+|\{[^}]*\}) = require\('([^']+)'\);$/gm, (_, name, from) => {
    imports.push(name.startsWith('{') ? `import ${name} from '${from}';` : `import ${name} from '${from}';`);
    return '';
  });
  if (!imports.some((line) => line.startsWith('import shm '))) imports.unshift("import shm from 'shm-typed-array';");
  const isDeclared = (name) => new RegExp(`(?:const|let|function|using) (?:${name}\\b|\\{[^}]*\\b${name}\\b)|(?:const|let) \\[[^\\]]*\\b${name}\\b`).test(rest);
  const given = Object.keys(GIVEN).filter((name) => new RegExp(`(?<![.'/\\w])${name}\\b(?!')`).test(rest) && !isDeclared(name));
  return `${imports.concat(given.map((name) => GIVEN[name])).join('\n')}\n${rest}\nexport {};\n`;
}

/** The types of the package, without those that the project itself has installed. */
function copyTypes(folder) {
  fs.mkdirSync(path.join(folder, 'lib', 'types'), { recursive: true });
  const files = ['package.json', 'index.d.ts', 'lib/index.d.ts', 'lib/index.d.mts'];
  const types = fs.readdirSync(path.join(root, 'lib', 'types')).map((name) => `lib/types/${name}`);
  for (const file of files.concat(types)) fs.copyFileSync(path.join(root, file), path.join(folder, file));
}

/** A project that has the package, with these files and packages of types; what the compiler says of it. */
function compile(files, types, options) {
  const folder = fs.mkdtempSync(path.join(temporaryFolder(), 'types-'));
  const modules = path.join(folder, 'node_modules');
  fs.mkdirSync(path.join(modules, '@types'), { recursive: true });
  copyTypes(path.join(modules, 'shm-typed-array'));
  for (const name of Object.keys(types)) fs.symlinkSync(types[name], path.join(modules, name));
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  for (const name of Object.keys(files)) fs.writeFileSync(path.join(folder, name), files[name]);
  const args = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', ...options, ...Object.keys(files)];
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...args], { cwd: folder, encoding: 'utf8' });
  return stdout + stderr;
}

test('the examples of the types and of the README compile in strict TypeScript', { skip }, (t) => {
  const all = examples().concat(readme());
  t.ok(all.length > 35, `${all.length} examples`);
  const files = {};
  all.forEach(([where, code], index) => (files[`example-${index}-${where.replace(/\W/g, '-')}.mts`] = moduleOf(code)));
  // undici-types is what @types/node needs itself.
  const types = ['@types/node', 'undici-types'].reduce((all, name) => Object.assign(all, { [name]: path.join(root, 'node_modules', name) }), {});
  const options = ['--lib', 'es2022,esnext.disposable', '--types', 'node'];
  // What an example takes for given, and the list above does not have, may be anything.
  for (const [, file, name] of compile(files, types, options).matchAll(/^(\S+)\(.*error TS(?:2304|2552|18004): [^']*'(\w+)'/gm)) {
    if (!files[file].includes(`declare const ${name}:`)) files[file] += `declare const ${name}: any;\n`;
  }
  t.equal(compile(files, types, options), '', 'no error');
  t.end();
});

const used = `
  import shm, { create, type Shm } from 'shm-typed-array';
  const floats: Shm<Float32Array> | null = create(10, 'Float32Array');
  const bytes: Uint8Array | null = shm.get('/name');
  const mapped: Float64Array | null = shm.mapFile('/table', 'Float64Array');
  console.log(floats, bytes, mapped, shm.list(), shm.isShmError(null));
`;

test('the types need no types of Node.js', { skip }, (t) => {
  const files = { 'use.mts': used.replace('console.log(', 'export const all = [').replace('null));', 'null)];') };
  
  t.equal(compile(files, {}, ['--lib', 'es2022', '--types', '']), '', 'without any');
  t.equal(compile(files, {}, ['--lib', 'es2022,dom', '--types', '']), '', 'with those of a browser');
  t.end();
});

/** The types of Node 16, which npm fetches once; null without a network. */
function typesOfNode16() {
  try {
    return path.join(require('../scripts/packages').npmPackages({ '@types/node': '16.18.126' }), 'node_modules', '@types', 'node');
  } catch (_) {
    return null;
  }
}

test('the types work with those of Node 16', { skip }, (t) => {
  const node = typesOfNode16();
  if (node === null) {
    t.comment('SKIP npm cannot fetch @types/node');
    return t.end();
  }
  const buffers = "import shm from 'shm-typed-array';\nconst buffer: Buffer | null = shm.create(5);\nconst again: Buffer | null = shm.mapFile(new URL('file:///table'));\nconsole.log(buffer?.readUInt8(0), again);\n";
  t.equal(compile({ 'use.mts': used, 'buffers.mts': buffers }, { '@types/node': node }, ['--lib', 'es2022', '--types', 'node']), '');
  t.end();
});
