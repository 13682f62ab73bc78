'use strict';
// npm run docs: writes the help of the command into docs/command.md, and an HTML reference of
// lib/index.d.ts into target/docs. TypeDoc comes from npm, with the TypeScript that it knows.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { writeBetween } = require('./between');
const { npmPackages } = require('./packages');

const root = path.join(__dirname, '..');
// Where the pages of the site are, if it is built for one.
const base = process.env.SITE_BASE;
const cli = path.join(root, 'lib', 'cli', 'cli.js');

function helpOf(...words) {
  return execFileSync(process.execPath, [cli, ...words, '--help'], { encoding: 'utf8' });
}

function writeHelp() {
  const main = helpOf();
  const commands = main.match(/^ {2}\w+(?= {2})/gm).map((line) => line.trim());
  const blocks = [main].concat(commands.map((name) => helpOf(name))).map((text) => `\`\`\`text\n${text}\`\`\``);
  writeBetween(path.join(root, 'docs', 'command.md'), 'npm run docs', blocks.join('\n\n'));
}

function writeReference() {
  const modules = path.join(npmPackages({ typedoc: '0.28.20', typescript: '6.0.3', '@types/node': '20.19.43' }), 'node_modules');
  const out = path.join(root, 'target', 'docs');
  // A project of its own: the package's TypeScript is newer than TypeDoc knows.
  const project = path.join(root, 'target', 'tsconfig.docs.json');
  fs.mkdirSync(path.dirname(project), { recursive: true });
  fs.writeFileSync(project, JSON.stringify({
    compilerOptions: { strict: true, lib: ['esnext'], types: ['node'], typeRoots: [path.join(modules, '@types')] },
    files: ['../lib/index.d.ts'],
    typedocOptions: { navigationLinks: base ? { Pages: base } : {} },
  }));
  execFileSync(process.execPath, [
    path.join(modules, 'typedoc', 'bin', 'typedoc'), '--tsconfig', project, '--entryPoints', path.join(root, 'lib', 'index.d.ts'),
    '--out', out, '--name', 'shm-typed-array', '--readme', 'none', '--disableSources', '--treatWarningsAsErrors', '--includeHierarchySummary', 'false',
    '--validation.notExported', 'false', // the parts that options are put together from are nobody's to name
  ], { cwd: root, stdio: 'inherit' });
}

writeHelp();
writeReference();
