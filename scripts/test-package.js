'use strict';
// npm run test:package [-- CASE…]: packs the package as npm publishes it, installs the tarball into
// empty folders with each package manager, install scripts blocked and no Rust on the PATH, and uses
// it there from CommonJS, ES modules, TypeScript and bundles.
//
// Managers and bundlers come from npm and run on Node 24, which is fetched too.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const environments = require('./package-environments');
const { commandOf, npmPackages } = require('./packages');
const { root } = require('./prebuilds');
const { fetchRuntime } = require('./runtimes');

const node = fetchRuntime('node-24').command;
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-package-'));

// The machine's own tools without Rust; and `node`, which is not always among them.
const env = Object.assign({}, process.env, {
  PATH: [path.dirname(node)].concat(process.env.PATH.split(':').filter((folder) => !fs.existsSync(path.join(folder, 'cargo')))).join(':'),
  YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', // which it turns on where it sees a CI
});

function run(folder, command, args, options) {
  try {
    return execFileSync(command, args, Object.assign({ cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }, options));
  } catch (error) {
    throw new Error(`${path.basename(command)} ${args.join(' ')}: ${error.message}\n${error.stdout || ''}${error.stderr || ''}`, { cause: error });
  }
}

function write(folder, files) {
  Object.keys(files).forEach((name) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), files[name]);
  });
}

function expectOutput(output, expected) {
  if (output !== expected) throw new Error(`printed ${JSON.stringify(output)}, and not ${JSON.stringify(expected)}`);
}

/** What npm would publish; nothing but what belongs there. */
function pack() {
  const [{ filename, files, size }] = JSON.parse(run(root, 'npm', ['pack', '--json', '--pack-destination', work], { env: process.env }));
  const allowed = /^(README\.md|CHANGELOG\.md|CONTRIBUTING\.md|LICENSE|docs\/([a-z]+\/)?[a-z-]+\.(md|svg)|examples\/([a-z]+\/)*[\w-]+\.(js|json|html|md|c|h|py|rs|toml|lock)|bench\/charts\/[a-z]+\.svg|package\.json|index\.(js|d\.ts)|Cargo\.(toml|lock)|lib\/([a-z]+\/)?[a-z-]+\.(js|mjs|d\.ts|d\.mts)|native\/([a-z]+\/)*[a-z_]+\.rs|prebuilds\/(manifest\.json|(linux|darwin)-(x64|arm64)\/shm-typed-array(\.glibc|\.musl)?\.node))$/;
  const junk = files.map((file) => file.path).filter((name) => !allowed.test(name));
  if (junk.length > 0) throw new Error(`the tarball contains ${junk.join(', ')}`);
  console.log(`${filename}: ${files.length} files, ${size} bytes`);
  return path.join(work, filename);
}

const commonJs = "const shm = require('shm-typed-array');\nconst a = shm.create(3, 'Float32Array'); a[2] = 1.5;\nconsole.log(shm.get(a.key, 'Float32Array')[2], shm.destroy(a.key));\n";
const esModule = "import shm, { create, destroy } from 'shm-typed-array';\nconst a = create(3, 'Float32Array'); a[2] = 1.5;\nconsole.log(shm.get(a.key, 'Float32Array')[2], destroy(a.key));\n";
const typeScript = "import shm, { create } from 'shm-typed-array';\nconst a: Float32Array | null = create(3, 'Float32Array');\nconsole.log(a!.length, shm.destroy((a as shm.Shm<Float32Array>).key!));\n";
const printed = '1.5 true\n';

/** A folder with an empty project and the programs that use the package. */
function project(name) {
  const folder = path.join(work, name);
  write(folder, { 'package.json': '{"private":true}', 'use.cjs': commonJs, 'use.mjs': esModule });
  return folder;
}

function useFromNode(folder, ...wrapper) {
  const [command, ...before] = wrapper.length > 0 ? wrapper : [node];
  expectOutput(run(folder, command, before.concat('use.cjs')), printed);
  expectOutput(run(folder, command, before.concat('use.mjs')), printed);
}

/** The examples, where they lie in the installed package. */
function runExample(folder) {
  const output = run(folder, node, ['node_modules/shm-typed-array/examples/cluster.js']);
  if (!output.includes('[Worker] Get buf[0]= 5  arr[0]= null\n')) throw new Error(`the example printed ${output}`);
}

function npmInstall(folder, npm) {
  run(folder, node, [npm, 'install', '--ignore-scripts', '--no-audit', '--no-fund', tarball]);
}

const npm = (version) => () => {
  const folder = project(`npm-${version}`);
  npmInstall(folder, commandOf('npm', version, 'npm'));
  useFromNode(folder);
  runExample(folder);
};

function pnpm() {
  const folder = project('pnpm');
  run(folder, node, [commandOf('pnpm', '11.28.11', 'pnpm'), 'add', tarball]);
  useFromNode(folder);
}

function yarn1() {
  const folder = project('yarn-1');
  run(folder, node, [commandOf('yarn', '1.22.22', 'yarn'), 'add', '--ignore-scripts', '--no-lockfile', `file:${tarball}`]);
  useFromNode(folder);
}

const yarn4 = (linker) => () => {
  const folder = project(`yarn-4-${linker}`);
  const yarn = commandOf('@yarnpkg/cli-dist', '4.18.1', 'yarn');
  write(folder, { '.yarnrc.yml': `nodeLinker: ${linker}\nenableScripts: false\nenableTelemetry: false\nenableGlobalCache: false\npnpEnableEsmLoader: true\n`, 'yarn.lock': '' });
  run(folder, node, [yarn, 'add', `shm-typed-array@file:${tarball}`]);
  useFromNode(folder, ...(linker === 'pnp' ? [node, yarn, 'node'] : []));
};

function bun() {
  const folder = project('bun');
  const { command } = fetchRuntime('bun');
  run(folder, command, ['add', tarball]);
  useFromNode(folder);
  useFromNode(folder, command);
}

/** What users compile with: TypeScript and @types/node, and whether arrays tell their buffer's type there (see dom.mts). */
const compilers = [
  { typescript: '5.0.4', '@types/node': '18.19.130', buffers: false },
  { typescript: '5.7.3', '@types/node': '20.19.43', buffers: true },
  { typescript: '7.0.2', '@types/node': '26.6.6', buffers: true },
];

/** Compiles with each of them what tests and users write, by both ways of finding modules; and runs what came out. */
function typescript() {
  const folder = project('typescript');
  npmInstall(folder, commandOf('npm', '11.21.2', 'npm'));
  write(folder, { 'use.mts': typeScript, 'use.cts': "import shm = require('shm-typed-array');\nconst a: Float32Array | null = shm.create(3, 'Float32Array');\nconsole.log(a!.length, shm.detachAll());\n" });
  copyTypeTests(folder);
  for (const { buffers, ...versions } of compilers) {
    const modules = path.join(npmPackages(versions), 'node_modules');
    const { bin } = JSON.parse(fs.readFileSync(path.join(modules, 'typescript', 'package.json'), 'utf8'));
    const lib = ['--lib', buffers ? 'es2022,dom,esnext.disposable' : 'es2022'];
    const files = ['use.mts', 'use.cts', 'old.ts', 'new.mts'].concat(buffers ? ['dom.mts', 'dispose.mts'] : []);
    const tsc = (...args) => run(folder, process.execPath, [path.join(modules, 'typescript', bin.tsc), '--strict', '--target', 'es2022', ...lib, '--typeRoots', path.join(modules, '@types'), '--types', 'node', ...args]);
    tsc('--module', 'node16', '--moduleResolution', 'node16', '--outDir', 'out', ...files);
    tsc('--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit', ...files.filter((file) => file !== 'use.cts'));
    expectOutput(run(folder, node, ['out/use.mjs']), '3 true\n');
    expectOutput(run(folder, node, ['out/use.cjs']), '3 1\n');
    console.log(`# TypeScript ${versions.typescript}, @types/node ${versions['@types/node']}: ${files.join(', ')}`);
  }
}

/** The project's own tests of the types, on the installed package. */
function copyTypeTests(folder) {
  const tests = path.join(root, 'test', 'types');
  for (const name of fs.readdirSync(tests).filter((file) => /ts$/.test(file))) {
    const text = fs.readFileSync(path.join(tests, name), 'utf8');
    write(folder, { [name]: text.replace(/'\.\.\/\.\.\/lib\/index\.m?js'/, "'shm-typed-array'") });
  }
}

/** Runs webpack with what a configuration has besides. */
function webpack(folder, entry, filename, config) {
  const modules = path.join(npmPackages({ webpack: '5.112.2' }), 'node_modules');
  write(folder, {
    'bundle.js': `require(${JSON.stringify(path.join(modules, 'webpack'))})({
      mode: 'production', target: 'node', entry: './${entry}', context: __dirname,
      output: { path: ${JSON.stringify(path.join(folder, path.dirname(filename)))}, filename: '${path.basename(filename)}' },
      ...${JSON.stringify(config)},
    }, (error, stats) => { if (error || stats.hasErrors()) { console.error(error || stats.toString()); process.exit(1); } });`,
  });
  run(folder, node, ['bundle.js']);
}

function esbuild(folder, entry, outfile, ...options) {
  run(folder, node, [commandOf('esbuild', '0.28.2', 'esbuild'), entry, '--bundle', '--platform=node', `--outfile=${outfile}`].concat(options));
}

/** Bundles keep the package outside, where it finds its addon. */
function bundles() {
  const folder = project('bundles');
  npmInstall(folder, commandOf('npm', '11.21.2', 'npm'));
  esbuild(folder, 'use.mjs', 'out/esbuild.js', '--external:shm-typed-array');
  expectOutput(run(folder, node, ['out/esbuild.js']), printed);
  webpack(folder, 'use.mjs', 'out/webpack.js', { externals: { 'shm-typed-array': 'commonjs shm-typed-array' } });
  expectOutput(run(folder, node, ['out/webpack.js']), printed);
}

/** A project whose package is there until its bundles and executables are made; `finish` takes it away. */
function projectToInline(name) {
  const folder = project(name);
  npmInstall(folder, commandOf('npm', '11.21.2', 'npm'));
  const prebuilds = path.join(folder, 'node_modules', 'shm-typed-array', 'prebuilds');
  const finish = (...places) => {
    for (const place of places) fs.cpSync(prebuilds, path.join(folder, place, 'prebuilds'), { recursive: true });
    fs.rmSync(path.join(folder, 'node_modules'), { recursive: true });
  };
  return { folder, finish };
}

/** What CommonJS needs inside an ES module, as docs/deploying.md has it. */
const banner = 'import { createRequire } from "module"; const require = createRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;';

/** The whole package inside one file: the addons then lie in `prebuilds` beside it, or beside its folder. */
function inlined() {
  const { folder, finish } = projectToInline('inlined');
  esbuild(folder, 'use.cjs', 'app/dist/main.js');
  esbuild(folder, 'use.cjs', 'beside/main.js');
  esbuild(folder, 'use.mjs', 'module/main.mjs', '--format=esm', `--banner:js=${banner}`);
  webpack(folder, 'use.cjs', 'webpack/dist/main.js', {});
  finish('app', 'beside', 'module', 'webpack');
  for (const bundle of ['app/dist/main.js', 'beside/main.js', 'module/main.mjs', 'webpack/dist/main.js']) expectOutput(run(folder, node, [bundle]), printed);
}

/** A program in one executable of Node, with the package in `node_modules` beside it, or inside with its `prebuilds` beside it. */
function singleExecutable() {
  const { folder, finish } = projectToInline('single-executable');
  const make = (name) => {
    const program = path.join(folder, name, 'program');
    write(folder, { [`${name}/sea.json`]: JSON.stringify({ main: `${name}/main.js`, output: `${name}/sea.blob`, disableExperimentalSEAWarning: true }) });
    run(folder, node, ['--experimental-sea-config', `${name}/sea.json`]);
    fs.copyFileSync(node, program);
    const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
    run(folder, node, [commandOf('postject', '1.0.0-alpha.6', 'postject'), program, 'NODE_SEA_BLOB', `${name}/sea.blob`, '--sentinel-fuse', fuse]);
    return program;
  };
  write(folder, { 'outside/main.js': `const load = process.getBuiltinModule('module').createRequire(process.execPath);\n${commonJs.replace('require(', 'load(')}` });
  const outside = make('outside');
  expectOutput(run(os.tmpdir(), outside, []), printed);
  esbuild(folder, 'use.cjs', 'inside/main.js');
  const inside = make('inside');
  finish('inside');
  expectOutput(run(os.tmpdir(), inside, []), printed);
}

/** A program in one executable of Bun, on a machine that has no more than that and the addons. */
function bunExecutable() {
  const { folder, finish } = projectToInline('bun-executable');
  const { command } = fetchRuntime('bun');
  run(folder, command, ['build', '--compile', 'use.cjs', '--outfile', 'made/program']);
  finish('.');
  write(folder, { 'elsewhere/README': '' });
  fs.renameSync(path.join(folder, 'made', 'program'), path.join(folder, 'elsewhere', 'program'));
  fs.renameSync(path.join(folder, 'prebuilds'), path.join(folder, 'elsewhere', 'prebuilds'));
  expectOutput(run(os.tmpdir(), path.join(folder, 'elsewhere', 'program'), []), printed);
}

/** Test files of which one holds memory, one detaches all in the end, and one looks whether that was all. */
const testFiles = {
  holds: `
    test('memory is as it was when another file has ended', async () => {
      const arrays = [shm.create(100, 'Buffer', KEY), shm.create(100, 'Buffer', NAME)];
      arrays.forEach((array) => array.fill(7));
      fs.writeFileSync('held', '');
      if (process.env.PARALLEL) await until('detached');
      for (const array of arrays) expect([array.length, array[99]]).toEqual([100, 7]);
      if (process.env.PARALLEL) expect(shm.destroy(KEY) && shm.destroy(NAME)).toBe(true);
    }, 30000);`,
  detaches: `
    test('memory of another file is seen', async () => {
      await until('held');
      expect([shm.get(KEY)[99], shm.get(NAME)[99]]).toEqual([7, 7]);
    }, 30000);
    afterAll(() => {
      if (shm.detachAll() !== 0) throw new Error('it destroyed the memory of another file');
      fs.writeFileSync('detached', '');
    });`,
  looks: `
    test('memory of a file that has ended is attached still', () => {
      expect(shm.stat(KEY).attaches).toBe(1);
      expect([shm.get(KEY)[99], shm.get(NAME)[99]]).toEqual([7, 7]);
      expect(shm.destroy(KEY) && shm.destroy(NAME)).toBe(true);
    });`,
};

/** A project with these test files in that order, each with `head` before it. */
function testProject(name, head, files) {
  const folder = project(name);
  npmInstall(folder, commandOf('npm', '11.21.2', 'npm'));
  const common = `
    const KEY = ${1 + (process.pid % 1e6)};
    const NAME = '/shm-test-package-${process.pid}';
    const until = async (file) => { while (!fs.existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10)); };`;
  files.forEach((file, index) => write(folder, { [`${index}-${file}.test.js`]: head + common + testFiles[file] }));
  return folder;
}

/** Jest loads the package anew for every test file, and the addon once a process: in one process, and in two. */
function jest() {
  const command = commandOf('jest', '30.5.2', 'jest');
  const sequencer = path.join(npmPackages({ jest: '30.5.2' }), 'node_modules', '@jest', 'test-sequencer');
  const head = "const fs = require('fs');\nconst shm = require('shm-typed-array');\n";
  const inOrder = `module.exports = class extends require(${JSON.stringify(sequencer)}).default {\n  sort(tests) { return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1)); }\n};\n`;
  for (const [workers, files] of [['-i', ['holds', 'detaches', 'looks']], ['-w=2', ['holds', 'detaches']]]) {
    const folder = testProject(`jest${workers}`, head, files);
    write(folder, { 'in-order.js': inOrder });
    run(folder, node, [command, '--ci', workers, '--testSequencer=./in-order.js', '--testEnvironment=node'], { env: Object.assign({}, env, workers === '-i' ? {} : { PARALLEL: '1' }) });
  }
}

/** Vitest runs every test file in a thread or process of its own. */
function vitest() {
  const command = commandOf('vitest', '5.1.1', 'vitest');
  const head = "import fs from 'fs';\nimport shm from 'shm-typed-array';\n";
  for (const pool of ['threads', 'forks']) {
    const folder = testProject(`vitest-${pool}`, head, ['holds', 'detaches']);
    write(folder, { 'package.json': '{"private":true,"type":"module"}' });
    run(folder, node, [command, 'run', '--globals', `--pool=${pool}`, '--maxWorkers=2'], { env: Object.assign({}, env, { PARALLEL: '1' }) });
  }
}

/** The source build of an installed package, which is the addon loaded. It only has to work, so it is not optimised. */
function sourceBuild() {
  const folder = project('source-build');
  write(folder, { 'Cargo.toml': '[workspace]\n' }); // a project of Rust and JavaScript
  npmInstall(folder, commandOf('npm', '11.21.2', 'npm'));
  const installed = path.join(folder, 'node_modules', 'shm-typed-array');
  const quick = { CARGO_PROFILE_RELEASE_OPT_LEVEL: '0', CARGO_PROFILE_RELEASE_LTO: 'false', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' };
  run(folder, process.execPath, [path.join(installed, 'lib', 'cli', 'cli.js'), 'build'], { env: Object.assign({}, process.env, quick) });
  fs.rmSync(path.join(installed, 'prebuilds'), { recursive: true });
  useFromNode(folder);
}

const cases = {
  'npm-11': npm('11.21.2'),
  typescript,
  'npm-12': npm('12.2.0'),
  pnpm,
  'yarn-1': yarn1,
  'yarn-4': yarn4('node-modules'),
  'yarn-4-pnp': yarn4('pnp'),
  bun,
  bundles,
  inlined,
  ...environments({ env, esModule, expectOutput, node, printed, project, run, tarball: () => tarball, write }),
  'single-executable': singleExecutable,
  'bun-executable': bunExecutable,
  jest,
  vitest,
  'source-build': sourceBuild,
};

let tarball;

function main(names) {
  const unknown = names.filter((name) => cases[name] === undefined);
  if (unknown.length > 0) throw new Error(`unknown case ${unknown.join(', ')}. There are: ${Object.keys(cases).join(', ')}`);
  tarball = pack();
  let failed = 0;
  const chosen = names.length === 0 ? Object.keys(cases) : names;
  for (const name of chosen) {
    const started = Date.now();
    try {
      cases[name]();
      console.log(`ok ${name} (${Math.round((Date.now() - started) / 1000)} s)`);
    } catch (error) {
      failed++;
      console.log(`not ok ${name}\n${error.message}`);
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

try {
  main(process.argv.slice(2));
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
