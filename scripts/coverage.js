'use strict';
// npm run coverage [-- NAME…]: runs the tests with an addon that counts its lines, on an engine that counts those of
// lib/, and prints which share of both the tests have reached, and below that share the files with most lines unreached.
//
// c8 reads the engine's counts, rustup's component llvm-tools the addon's; where that cannot be had, native/ is skipped.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { projectWith } = require('./instrumented');
const { root } = require('./prebuilds');

const counts = path.join(root, 'target', 'coverage', 'counts');

/** How many files are named that have most lines unreached. */
const WORST = 5;

/** The folder of LLVM's tools, which rustup installs beside the compiler; null if it does not. */
function llvmTools() {
  const { status } = spawnSync('rustup', ['component', 'add', 'llvm-tools'], { cwd: root, stdio: 'ignore' });
  if (status !== 0) return null;
  const [sysroot, version] = [['--print', 'sysroot'], ['-vV']].map((args) => execFileSync('rustc', args, { encoding: 'utf8' }).trim());
  return path.join(sysroot, 'lib', 'rustlib', /^host: (.*)$/m.exec(version)[1], 'bin');
}

/** The copy to test; its addon counts where its counts can be read. */
function projectToTest(tools) {
  const fast = { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16', CARGO_PROFILE_RELEASE_OPT_LEVEL: '1' };
  return projectWith('coverage', tools === null ? '' : '-Cinstrument-coverage', fast);
}

/** Prints `coverage of PART: N %` and the files of which most lines were not reached, `[{ file, covered, total }]`. */
function tell(part, files) {
  const [covered, total] = ['covered', 'total'].map((name) => files.reduce((sum, file) => sum + file[name], 0));
  console.log(`coverage of ${part}: ${((covered / total) * 100).toFixed(1)} % of ${total} lines`);
  const missed = (file) => file.total - file.covered;
  files.sort((a, b) => missed(b) - missed(a)).slice(0, WORST).forEach((file) => console.log(`  ${file.file}: ${missed(file)} of ${file.total} not reached`));
}

/**
 * Counts what tests have reached in copies of lib/ on the disk as reached here. What a test has put together from these
 * files without a file of its own has other offsets, and is left out.
 */
function keepFiles(project) {
  const placeOf = (url) => (/^file:(?!.*\/node_modules\/).*?(\/lib\/.*)/.exec(url) || [])[1];
  for (const name of fs.readdirSync(counts).filter((file) => file.endsWith('.json'))) {
    const file = path.join(counts, name);
    const { result } = JSON.parse(fs.readFileSync(file, 'utf8'));
    const own = result.filter(({ url }) => placeOf(url) !== undefined && fs.existsSync(project + placeOf(url)));
    fs.writeFileSync(file, JSON.stringify({ result: own.map((script) => ({ ...script, url: `file://${project}${placeOf(script.url)}` })) }));
  }
}

function tellOfJavaScript(project) {
  keepFiles(project);
  const c8 = path.join(root, 'node_modules', 'c8', 'bin', 'c8.js');
  const report = ['report', '--all', '--include', 'lib/**/*.js', '--reporter', 'json-summary', '--temp-directory', counts, '--reports-dir', counts];
  execFileSync(process.execPath, [c8, ...report], { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] });
  const files = JSON.parse(fs.readFileSync(path.join(counts, 'coverage-summary.json'), 'utf8'));
  delete files.total;
  tell('lib/', Object.keys(files).map((file) => ({ file: path.relative(project, file), ...files[file].lines })));
}

function tellOfRust(project, tools) {
  if (tools === null) return console.log('# SKIP coverage of native/: rustup does not install llvm-tools');
  const profiles = fs.readdirSync(counts).filter((name) => name.endsWith('.profraw')).map((name) => path.join(counts, name));
  const merged = path.join(counts, 'native.profdata');
  execFileSync(path.join(tools, 'llvm-profdata'), ['merge', '--sparse', '--failure-mode=all', '--output', merged, ...profiles], { stdio: 'inherit' });
  const addon = path.join(project, 'build', 'shm-typed-array.node');
  const json = execFileSync(path.join(tools, 'llvm-cov'), ['export', '--summary-only', '--instr-profile', merged, addon], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const files = JSON.parse(json).data[0].files.filter(({ filename }) => filename.startsWith(path.join(root, 'native')));
  tell('native/', files.map(({ filename, summary }) => ({ file: path.relative(root, filename), covered: summary.lines.covered, total: summary.lines.count })));
}

function main(names) {
  const tools = llvmTools();
  const project = projectToTest(tools);
  fs.rmSync(counts, { recursive: true, force: true });
  fs.mkdirSync(counts, { recursive: true });
  fs.chmodSync(counts, 0o777); // some tests become another user
  const env = Object.assign({}, process.env, { NODE_V8_COVERAGE: counts, LLVM_PROFILE_FILE: path.join(counts, 'native-%p.profraw') });
  const { status } = spawnSync(process.execPath, ['test/run.js', ...names], { cwd: project, env, stdio: 'inherit' });
  tellOfJavaScript(project);
  tellOfRust(project, tools);
  process.exitCode = status === 0 ? 0 : 1;
}

main(process.argv.slice(2));
