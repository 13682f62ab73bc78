'use strict';
// The scripts of a release stop where they must. They run in a clone only: the package has none of them.

const fs = require('fs');
const path = require('path');
const { spawn, spawnSync } = require('child_process');
const test = require('tape');
const { isBun, isDeno, nodeMajor, outcome, temporaryFolder } = require('./support');

const root = path.join(__dirname, '..');
const scripts = path.join(root, 'scripts');

function cannotRun() {
  if (!fs.existsSync(scripts)) return 'the scripts are not part of the package';
  if (isBun || isDeno || nodeMajor < 16) return 'the scripts are for Node 16 and newer';
  if (process.env.SHM_TEST_EXEC !== undefined) return 'the scripts start the executable itself, without its wrapper';
  return spawnSync('npm', ['--version']).status === 0 ? false : 'npm is not on the PATH';
}

const skip = cannotRun();

let folders = 0;

/** A folder with those files of the project. */
function copyOf(files) {
  const folder = path.join(temporaryFolder(), `scripts-${++folders}`);
  files.forEach((file) => {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.copyFileSync(path.join(root, file), path.join(folder, file));
  });
  return folder;
}

const checkedIn = 'linux-x64-glibc';

/** What passes for an addon of the target: the header of one, and what else is looked at. */
function addonOf(target) {
  const isArm = target.includes('-arm64');
  const bytes = Buffer.alloc(64);
  if (target.startsWith('darwin')) {
    bytes.writeUInt32LE(0xfeedfacf, 0);
    bytes.writeUInt32LE(isArm ? 0x0100000c : 0x01000007, 4);
    bytes.writeUInt32LE(1, 16); // load commands
    bytes.writeUInt32LE(0x32, 32); // LC_BUILD_VERSION
    bytes.writeUInt16LE(11, 46); // macOS 11
    return bytes;
  }
  bytes.write('\x7fELF', 0, 'latin1');
  bytes.writeUInt16LE(isArm ? 183 : 62, 18);
  return target.endsWith('glibc') ? Buffer.concat([bytes, Buffer.from('\0GLIBC_2.17\0')]) : bytes;
}

/**
 * Packs a release of what the builds have left: as each starts from a clone, all of them have the
 * addon that is checked in. `change(built)` makes something wrong, where `built(target)` is a path.
 */
async function pack(change) {
  const { targets } = require('../scripts/prebuilds');
  const shipped = [targets[checkedIn].file, 'prebuilds/manifest.json'];
  const folder = copyOf(['package.json', 'scripts/pack-release', 'scripts/check-release.js', 'scripts/prebuilds.js'].concat(shipped));
  const built = (target) => path.join(folder, 'addons', `addon-${target}`, targets[target].file);
  Object.keys(targets).forEach((target) => {
    shipped.forEach((file) => {
      const copy = path.join(folder, 'addons', `addon-${target}`, file);
      fs.mkdirSync(path.dirname(copy), { recursive: true });
      fs.copyFileSync(path.join(root, file), copy);
    });
    if (target === checkedIn) return;
    fs.mkdirSync(path.dirname(built(target)), { recursive: true });
    fs.writeFileSync(built(target), addonOf(target));
  });
  change(built);
  const end = await outcome(spawn('bash', ['scripts/pack-release', 'addons'], { cwd: folder, stdio: 'pipe' }));
  return Object.assign(end, { folder });
}

test('pack-release packs what every target has built', { skip }, async (t) => {
  const { code, stdout, stderr } = await pack(() => {});
  t.equal(code, 0, stderr);
  t.match(stdout, /has every addon: linux-x64-glibc, linux-x64-musl, linux-arm64-glibc, linux-arm64-musl, darwin-x64, darwin-arm64/);
});

test('pack-release stops if a target has no addon, the checked-in one too', { skip }, async (t) => {
  for (const target of [checkedIn, 'linux-arm64-musl', 'darwin-x64']) {
    const { code, stderr } = await pack((built) => fs.unlinkSync(built(target)));
    t.equal(code, 1, target);
    t.match(stderr, new RegExp(`^pack-release: there is no .*/addon-${target}/prebuilds/.*\\.node\n$`));
  }
});

test('pack-release stops if the checked-in addon, built anew, is another one', { skip }, async (t) => {
  const { code, stderr } = await pack((built) => fs.appendFileSync(built(checkedIn), 'x'));
  t.equal(code, 1);
  t.equal(stderr, 'check-release: prebuilds/linux-x64/shm-typed-array.glibc.node of the tarball is not the one that is checked in\n');
});

test('pack-release stops if an addon is empty, or for another processor or system', { skip }, async (t) => {
  const other = { 'linux-x64-musl': Buffer.alloc(0), 'linux-arm64-musl': addonOf('linux-x64-musl'), 'darwin-x64': addonOf('darwin-arm64'), 'darwin-arm64': addonOf('linux-arm64-musl') };
  const { code, stderr } = await pack((built) => Object.keys(other).forEach((target) => fs.writeFileSync(built(target), other[target])));
  t.equal(code, 1);
  t.deepEqual(stderr.trim().split('\n').map((line) => line.replace(/^.*: /, '')), Object.keys(other).map((target) => `it is no addon for ${target}`));
});

test('check-release stops until the address of the project is filled in, as CONTRIBUTING says', { skip }, async (t) => {
  const { folder } = await pack(() => {});
  const check = () => spawnSync(process.execPath, ['scripts/check-release.js', fs.readdirSync(folder).find((name) => name.endsWith('.tgz'))], { cwd: folder, encoding: 'utf8' });
  t.equal(check().status, 1);
  t.match(check().stderr, /package\.json has no repository, homepage, bugs, author: run npm pkg set, once, as CONTRIBUTING\.md says/);

  const [command] = /npm pkg set (?:[^\n]*\\\n)*[^\n]*/.exec(fs.readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8'));
  t.equal(spawnSync('sh', ['-c', command], { cwd: folder }).status, 0, command);
  t.ok(JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).scripts.test, 'it keeps the rest');
  spawnSync('bash', ['scripts/pack-release', 'addons'], { cwd: folder });
  t.equal(check().status, 0, check().stderr);
});

test('npm test fails if the tests are killed', { skip }, async (t) => {
  const folder = copyOf(['scripts/test.js', 'scripts/copy-project.js', 'scripts/prebuilds.js', 'lib/cli/compile.js']);
  fs.mkdirSync(path.join(folder, 'test'));
  fs.writeFileSync(path.join(folder, 'test', 'run.js'), "console.log(__dirname); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);");
  spawnSync('git', ['init', '--quiet', folder]);
  const env = Object.assign({}, process.env, { SHM_TEST_PREBUILT: '1' });
  const { code, stdout } = await outcome(spawn(process.execPath, [path.join(folder, 'scripts', 'test.js')], { env, stdio: 'pipe' }));
  t.equal(code, 1);
  const [, where] = /^testing the prebuilt addon\n(.*)\n$/.exec(stdout) || [];
  t.ok(where && !where.startsWith(folder), `in a copy, not in ${folder}: ${where}`);
  t.notOk(fs.existsSync(String(where)), 'which is gone afterwards');
});

test('a table of several runs has the newest row of each, in order, and lists what they skip', { skip }, (t) => {
  const { withRow } = require('../scripts/rows');
  const put = (text, name, passed, reasons) => withRow(text, {
    head: ['row', 'passed:'], row: [name, passed], keyOf: ([key]) => key, keys: ['first', 'second', 'third'], listed: 'Skipped, by whom:', reasons,
  });
  let text = put('', 'third', '3', ['no disk: full', 'slow']);
  text = put(text, 'first', '1', ['slow', 'slow']);
  text = put(text, 'unknown', '0', []);
  text = put(text, 'third', '30', ['slow']);
  t.equal(text, [
    '| row | passed |', '| --- | ---: |', '| first | 1 |', '| third | 30 |', '| unknown | 0 |', '',
    'Skipped, by whom:', '', '- slow: first, third',
  ].join('\n'));
  text = put(put(text, 'first', '2', []), 'third', '31', ['no disk: full']);
  t.equal(text.split('\n').slice(2).join(';'), '| first | 2 |;| third | 31 |;| unknown | 0 |;;Skipped, by whom:;;- no disk: full: third');
  t.end();
});
