'use strict';
// The command rm: it asks, it checks again, and it says why something stays.

const path = require('path');
const test = require('tape');
const { answerOnTerminal, cli, cliOnTerminal, noScript, rootOnly } = require('./command');
const { freshKey, freshName, isLinux, runCode, shm } = require('./support');

test('rm destroys, but not without being sure', async (t) => {
  const key = freshKey();
  const name = freshName();
  shm.create(10, 'Buffer', key);
  shm.create(10, 'Buffer', name);
  const unsure = await cli('rm', String(key), name);
  t.equal(unsure.code, 2);
  t.match(unsure.stderr, /add --yes/);
  t.ok(shm.stat(key) && shm.stat(name), 'nothing has happened');
  const sure = await cli('rm', '--yes', String(key), name);
  t.deepEqual([sure.code, sure.stdout], [0, `destroyed ${key}\ndestroyed ${name}\n`]);
  t.deepEqual([shm.stat(name), shm.stat(key)], [null, null]);
  const again = await cli('rm', '--yes', String(key));
  t.equal(again.code, 1);
  t.match(again.stderr, new RegExp(`there is no ${key}`));
  shm.detachAll();
});

test('rm destroys what is named twice once, and says so once', async (t) => {
  const [name, key] = [freshName(), freshKey()];
  shm.create(10, 'Buffer', name);
  shm.create(10, 'Buffer', key);
  const { code, stdout, stderr } = await cli('rm', '--yes', name, name.slice(1), String(key), name, `0x${key.toString(16)}`);
  t.deepEqual([code, stderr, stdout], [0, '', `destroyed ${name}\ndestroyed ${key}\n`]);
  shm.detachAll();
});

test('rm asks on a terminal', { skip: noScript }, async (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name);
  const no = await cliOnTerminal(['rm', name], 'n\n');
  t.match(no.stdout, new RegExp(`${name}  18 B\r\n[^]*Destroy it\\? \\[y/N\\]`));
  t.equal(no.code, 1);
  t.ok(shm.stat(name));
  const yes = await cliOnTerminal(['rm', name], 'y\n');
  t.equal(yes.code, 0, yes.stdout);
  t.equal(shm.stat(name), null);
  shm.detach(name);
});

test('rm says why something stays', rootOnly, async (t) => {
  const key = freshKey();
  shm.create(10, 'Buffer', key);
  // Loaded before the change of user, who might not be able to read it.
  const { code, stderr } = await runCode(`
    const rm = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'cli', 'rm'))});
    shm.stat(${key});
    process.setuid(65534);
    rm.run({ keys: ['${key}'], flags: { yes: true } }).then((code) => (process.exitCode = code));`);
  t.equal(code, 1);
  t.match(stderr, new RegExp(`${key} was not destroyed: EPERM: .*Only its owner`));
  shm.destroy(key);
});

test('rm leaves what has taken the place of what it has shown', { skip: noScript || (!isLinux && 'macOS tells nobody an object from a later one') }, async (t) => {
  for (const key of [freshKey(), freshName()]) {
    shm.create(10, 'Buffer', key);
    const { code, stdout } = await answerOnTerminal(['rm', String(key)], () => {
      shm.destroy(key);
      shm.create(10, 'Buffer', key);
      return 'y\n';
    });
    t.equal(code, 1);
    t.match(stdout, new RegExp(`${key} was not destroyed: it has been replaced meanwhile`));
    t.equal(shm.destroy(key), true);
  }
});

test('rm of what has gone during the question', { skip: noScript }, async (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name);
  const { code, stdout } = await answerOnTerminal(['rm', name], () => {
    shm.destroy(name);
    return 'y\n';
  });
  t.equal(code, 1);
  t.match(stdout, new RegExp(`${name} was not destroyed: somebody else has removed it`));
});

test('Ctrl-C and Ctrl-D at the question end its line and destroy nothing', { skip: noScript }, async (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name);
  for (const key of ['\u0003', '\u0004']) {
    const { code, stdout } = await answerOnTerminal(['rm', name], () => key);
    t.equal(code, 1);
    t.match(stdout, /\[y\/N\] [^\n]*\r\n$/);
    t.ok(shm.stat(name));
  }
  shm.destroy(name);
});
