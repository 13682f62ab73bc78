'use strict';
// The runner of the tests: it runs several files at a time, fails a file that leaves something behind, and ends all.

const fs = require('fs');
const path = require('path');
const { spawn } = require('child_process');
const test = require('tape');
const { execArgv, execPath, freshName, outcome, shm, temporaryFolder, until } = require('./support');

const runner = path.join(__dirname, 'run.js');
const PASS = "console.log('ok 1\\n1..1');";

/** A folder with these test files, and an empty one for what they leave. */
function project(name, files) {
  const folder = path.join(temporaryFolder(), name);
  fs.mkdirSync(path.join(folder, 'tmp'), { recursive: true });
  Object.keys(files).forEach((file) => fs.writeFileSync(path.join(folder, `${file}.test.js`), files[file]));
  return folder;
}

function start(folder, jobs) {
  const env = Object.assign({}, process.env, { SHM_TEST_FOLDER: folder, SHM_TEST_JOBS: String(jobs), TMPDIR: path.join(folder, 'tmp') });
  return spawn(execPath, execArgv.concat(runner), { env, stdio: 'pipe' });
}

/** A test file that passes as soon as another one has begun. */
const meets = (own, other) => `
  const fs = require('fs');
  fs.writeFileSync(__dirname + '/${own}', '');
  (function look() {
    if (fs.existsSync(__dirname + '/${other}')) ${PASS}
    else setTimeout(look, 5);
  })();`;

test('two files run at a time, and each is reported on a line of its own', async (t) => {
  const folder = project('pair', { first: meets('a', 'b'), second: meets('b', 'a') });
  const { code, stdout } = await outcome(start(folder, 2));
  const lines = stdout.trim().split('\n');
  t.equal(code, 0, stdout);
  t.deepEqual(lines.slice(0, 2).map((line) => line.replace(/ \(.*/, '')).sort(), ['first.test.js: 1 passed, 0 failed', 'second.test.js: 1 passed, 0 failed']);
  t.equal(lines[2], '2 passed, 0 failed');
});

test('a file that leaves something in TMPDIR has failed, and it is removed', async (t) => {
  const leave = "require('fs').mkdirSync(require('path').join(require('os').tmpdir(), 'forgotten'));";
  const folder = project('leaving', { clean: PASS, leaving: leave + PASS });
  const { code, stdout } = await outcome(start(folder, 1));
  t.equal(code, 1);
  t.match(stdout, /^clean\.test\.js: 1 passed, 0 failed/m);
  t.match(stdout, /^leaving\.test\.js: 1 passed, 1 failed/m);
  t.match(stdout, /leaving\.test\.js ended with exit code 0, and left forgotten in TMPDIR/);
  t.deepEqual(fs.readdirSync(path.join(folder, 'tmp')), []);
});

test('Ctrl-C ends the files and what they have started, and removes their memory and files', async (t) => {
  const name = freshName();
  const hang = `
    const shm = require(${JSON.stringify(path.join(__dirname, '..'))});
    require(${JSON.stringify(path.join(__dirname, 'journal.js'))}).note('${name}');
    shm.create(1, 'Buffer', '${name}');
    require('fs').writeFileSync(require('path').join(require('os').tmpdir(), 'left'), '');
    const child = require('child_process').spawn('sleep', ['1000']);
    require('fs').writeFileSync(__dirname + '/pid', String(child.pid));
    setInterval(() => {}, 1000);`;
  const folder = project('hanging', { hang });
  const pidFile = path.join(folder, 'pid');
  const child = start(folder, 2);
  const ended = outcome(child);
  await until(() => fs.existsSync(pidFile) && fs.readFileSync(pidFile, 'utf8') !== '', 'the file that hangs');
  process.kill(child.pid, 'SIGINT'); // after child.kill Deno does not tell the exit code
  t.equal((await ended).code, 1);
  await until(() => hasEnded(Number(fs.readFileSync(pidFile, 'utf8'))), 'the end of what it has started');
  t.equal(shm.stat(name), null, 'its memory is gone');
  t.deepEqual(fs.readdirSync(path.join(folder, 'tmp')), [], 'and so are its files');
});

function hasEnded(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'ESRCH';
  }
  return isZombie(pid);
}

/** Where PID 1 reaps nobody, what has ended stays in the list. */
function isZombie(pid) {
  try {
    return / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (_) {
    return false;
  }
}
