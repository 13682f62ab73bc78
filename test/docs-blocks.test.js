'use strict';
// Every block of code in the documentation runs: alone, twice, with the output that its comments
// claim, and no segment or object is left.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { fresh, freshly } = require('./docs-names');
const { blocksOf, documents, outputOf, read } = require('./markdown');
const { canEmpty, execArgv, execPath, isBun, isDeno, isLinux, nodeMajor, outcome, projectFolder, shm } = require('./support');

const pids = path.join(projectFolder(), 'pids');
const preload = path.join(projectFolder(), 'pid.js');
fs.writeFileSync(pids, '');
fs.writeFileSync(preload, `require('fs').appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n');`);

const env = Object.assign({}, process.env, {
  // Tells of every process that a block starts. Only Node reads it.
  NODE_OPTIONS: `${process.env.NODE_OPTIONS || ''} --require ${preload}`.trim(),
  PATH: `${path.join(projectFolder(), 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}`,
});

const has = (command, ...args) => spawnSync(command, args).status === 0;

/** Whether this runtime reads that syntax. */
function reads(code) {
  try {
    return Function(code) !== null;
  } catch (_) {
    return false;
  }
}

const hasUsing = reads('{ using nothing = null; }');

const yaml = nodeMajor < 14 ? null : moduleOrNull('yaml');

function moduleOrNull(name) {
  try {
    return require(name);
  } catch (_) {
    return null;
  }
}

/** How the blocks of a language run: `run(block)` gives the output; `lacks(block)` why this cannot be. */
const languages = {
  js: {
    lacks: ({ code }) =>
      (/Atomics\.|new shm\.(?:Channel|Topic|SharedMap|LockManager)\(|\blocks\.request/.test(code) && nodeMajor < 16 && 'Atomics refuse these arrays before Node 16') ||
      (/\.length\); \/\/ 0/.test(code) && !canEmpty && 'this runtime does not empty detached arrays') ||
      (/^ *using /m.test(code) && !hasUsing && 'this runtime has no `using`') ||
      (/'cluster'/.test(code) && isDeno && 'Deno forks otherwise') ||
      (/'cluster'/.test(code) && process.env.SHM_TEST_EXEC !== undefined && 'cluster starts the executable itself, without its wrapper') ||
      (/3e9/.test(code) && nodeMajor < 14 && 'its arrays are shorter') ||
      (/dev\/shm|\/proc\//.test(code) && !isLinux && 'it looks into /dev/shm'),
    run: ({ code }) => runFile('block.js', /require\('shm-typed-array'\)/.test(code) ? code : `const shm = require('shm-typed-array');\n${code}`),
  },
  mjs: {
    lacks: () => nodeMajor < 14 && 'ES modules came with Node 14',
    run: ({ code }) => runFile('block.mjs', code),
  },
  sh: {
    lacks: () =>
      ((isBun || isDeno || nodeMajor < 18) && 'npm is for Node 18 and newer') ||
      (process.env.SHM_TEST_EXEC !== undefined && 'npm starts the executable itself, without its wrapper') ||
      (!isLinux && 'ls is for Linux') ||
      (!has('npx', '--version') && 'there is no npx here'),
    run: ({ code }) => start('sh', ['-ec', code]),
  },
  python: {
    lacks: () => (!has('python3', '--version') && 'there is no python3 here') || (!isLinux && 'it looks into /dev/shm'),
    run: ({ code }) => start('python3', ['-c', code]),
  },
  c: {
    lacks: () => !has('cc', '--version') && 'there is no cc here',
    run: async ({ code }) => {
      const isProgram = /\bmain\(/.test(code);
      const program = path.join(projectFolder(), 'block');
      const libraries = isLinux ? ['-lrt'] : [];
      fs.writeFileSync(`${program}.c`, `#include <stdint.h>\n${code}`);
      const flags = ['-Wall', '-Wextra', '-Werror'].concat(isProgram ? ['-o', program, `${program}.c`, ...libraries] : ['-fsyntax-only', `${program}.c`]);
      const compiled = await start('cc', flags);
      return isProgram && compiled.code === 0 ? start(program, []) : compiled;
    },
  },
  yaml: {
    lacks: () => (nodeMajor < 14 && 'the parser is for Node 14.6 and newer') || (yaml === null && 'the parser is not installed'),
    run: async ({ code }) => {
      const found = yaml.parse(code);
      return { code: typeof found === 'object' ? 0 : 1, stdout: '', stderr: `no mapping: ${code}` };
    },
  },
};

function runFile(name, code) {
  const file = path.join(projectFolder(), name);
  fs.writeFileSync(file, code);
  return start(execPath, execArgv.concat(file));
}

function start(command, args) {
  const child = spawn(command, args, { cwd: projectFolder(), env, stdio: ['ignore', 'pipe', 'pipe'] });
  fs.appendFileSync(pids, `${child.pid}\n`);
  return outcome(child);
}

const begun = Date.now();

/** The segments that a process of a block has created and that are still there. Process ids are used again. */
function segmentsLeft() {
  if (!isLinux) return [];
  const known = new Set(fs.readFileSync(pids, 'utf8').split('\n'));
  return shm.list().filter((status) => status.kind === 'sysv' && status.attaches === 0 && Number(status.changedAt) > begun - 2000 && known.has(String(status.creatorPid)));
}

/** What a block prints by itself, without what the package says at exit. */
function printed(stdout) {
  return stdout.split('\n').filter((line) => line !== '' && !/^shm segments destroyed: \d+$/.test(line));
}

/** The lines that the block claims to print; null if it claims nothing. */
function expectedOf(block, next) {
  if (block.language === 'sh') return next !== undefined && next.language === 'text' && !next.notes['for example'] ? printed(next.code) : null;
  return outputOf(block);
}

async function runBlock(t, block, expected) {
  const names = fresh(block.code, block.notes.given);
  const renamed = Object.assign({}, block, { code: freshly(block.code, names) });
  if (block.notes.given) Function('shm', freshly(block.notes.given, names))(shm);
  const { code, stdout, stderr } = await languages[block.language].run(renamed);
  const text = Array.from(names).reduce((out, [name, freshName]) => out.split(freshName).join(name), stdout);
  t.equal(code, 0, `${stderr}${stdout}` || 'it ends well');
  if (expected !== null) t.deepEqual(printed(text), expected, 'it prints what it claims');
  if (block.notes.given) names.forEach((name) => shm.destroy(name));
  names.forEach((name) => t.equal(shm.stat(name), null, `no ${name} is left`));
  t.deepEqual(segmentsLeft(), [], 'no segment is left');
}

const counts = {};
let claims = 0;

for (const file of documents()) {
  blocksOf(file).forEach((block, index, all) => {
    const { language, line, notes } = block;
    if (language === 'text') return;
    counts[language] = (counts[language] || 0) + 1;
    if (notes['not run'] || notes['part of']) return;
    claims += (expectedOf(block, all[index + 1]) || []).length;
    const runs = languages[language];
    test(`${file}:${line} (${language})`, { skip: runs !== undefined && runs.lacks(block) }, async (t) => {
      if (runs === undefined) t.fail(`nobody knows how to run ${language}`);
      else if (/destroyOrphans|rm --orphans/.test(block.code)) t.fail('it would destroy what others have left on this machine');
      else for (let time = 0; time < 2; time++) await runBlock(t, block, expectedOf(block, all[index + 1]));
    });
  });
}

test('a block that is a part of an example is in it, word for word', (t) => {
  const parts = documents().reduce((all, file) => all.concat(blocksOf(file)), []).filter((block) => block.notes['part of']);
  parts.forEach((block) => t.ok(read(block.notes['part of']).includes(block.code), `${block.file}:${block.line}`));
  t.ok(parts.length > 3, `${parts.length} parts`);
  t.end();
});

test('what is not run at least can be read, and says why it is not run', { skip: !has('sh', '-c', 'true') && 'there is no sh here' }, (t) => {
  for (const block of documents().reduce((all, file) => all.concat(blocksOf(file)), [])) {
    if (!block.notes['not run']) continue;
    const isReadable = block.language === 'js' ? reads(block.code) : block.language === 'sh' && spawnSync('sh', ['-n', '-c', block.code]).status === 0;
    t.ok(isReadable, `${block.file}:${block.line}: ${block.notes['not run']}`);
  }
  t.comment(`blocks: ${Object.keys(counts).map((language) => `${counts[language]} ${language}`).join(', ')}`);
  t.ok(counts.js > 15, `${counts.js} blocks of JavaScript`);
  t.ok(claims > 30, `${claims} lines of output claimed`);
  t.end();
});
