'use strict';
// Locks by name as a program meets them: requestSync and a thief, and `shm.locks`, which belong to the user.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { withManager } = require('./managers');
const { skip } = require('./messages');
const { isLinux, runCode, shm, temporaryFolder } = require('./support');

const hasFolder = skip || (!isLinux && 'objects have no folder here');

test('requestSync throws after its callback if the lock was stolen', { skip }, (t) => withManager((manager, key) => {
  const other = new shm.LockManager(key);
  const steal = () => other.requestSync('a', { steal: true }, () => 'stolen');
  const log = [];
  const use = (options, callback) => {
    try {
      log.push(manager.requestSync('a', options, callback));
    } catch (error) {
      log.push(error.name);
    }
  };
  use({}, () => 'kept');
  use({}, steal);
  use({ mode: 'shared' }, steal);
  use({}, () => {
    steal();
    throw new RangeError('of the callback');
  });
  use({}, () => 'kept');
  t.deepEqual(log, ['kept', 'AbortError', 'AbortError', 'RangeError', 'kept']);
  other.detach();
}));

/** What a script prints whose objects are in a folder of its own. */
async function inFolder(folder, code) {
  const { stdout, stderr } = await runCode(code, { env: Object.assign({}, process.env, { SHM_TYPED_ARRAY_DIR: folder }), timeout: 20000 });
  return stdout + stderr;
}

/** A folder that everybody may write. */
function openFolder() {
  const folder = fs.mkdtempSync(path.join(temporaryFolder(), 'locks-'));
  fs.chmodSync(folder, 0o777);
  return folder;
}

test('a promise tells that the locks of the user cannot be opened', { skip: hasFolder }, async (t) => {
  t.equal(await inFolder(path.join(temporaryFolder(), 'none'), `
    for (const call of ['request', 'query']) shm.locks[call]('a', () => {}).catch(({ code }) => console.log(call, code));
    try { shm.locks.requestSync('b', () => {}); } catch ({ code }) { console.log('requestSync', code); }
  `), 'requestSync ENOENT\nrequest ENOENT\nquery ENOENT\n');
});

test('a manager without a key is that of the user, whatever else is given', { skip: hasFolder }, async (t) => {
  t.equal(await inFolder(openFolder(), `
    class Own extends shm.LockManager {}
    const key = new shm.LockManager().key;
    for (const make of [() => new shm.LockManager(), () => new shm.LockManager(undefined), () => new shm.LockManager(undefined, { requests: 10 }), () => new shm.LockManager(undefined, { perm: '640' }), () => new Own()]) {
      const other = new shm.LockManager();
      shm.destroy(key);
      const manager = make();
      const { perm, transient } = shm.stat(key);
      console.log(manager.key === key, perm, transient, manager instanceof Own);
    }
  `), 'true 600 true false\n'.repeat(3) + 'true 640 true false\ntrue 600 true true\n');
});

test('locks of the user that belong to somebody else are refused, and nothing of them is left attached', { skip: hasFolder || (process.getuid() !== 0 && 'only root can give an object to somebody else') }, async (t) => {
  const folder = openFolder();
  t.equal(await inFolder(folder, `
    const fs = require('fs');
    const binding = require(${JSON.stringify(require.resolve('../lib/runtime/binding'))});
    const mine = new shm.LockManager();
    const { key } = mine;
    fs.chownSync('${folder}' + key, 12345, 12345);
    const code = (call) => { try { return call().key; } catch (error) { return error.code; } };
    console.log([() => new shm.LockManager(), () => new shm.LockManager(undefined), () => new shm.LockManager(undefined, { perm: '600' })].map(code).join());
    mine.destroy();
    fs.chownSync('${folder}' + new shm.LockManager(key, { perm: '600' }).key, 12345, 12345);
    for (const keep of [false, true]) {
      shm.detachAll();
      const other = keep && new shm.LockManager(key);
      // Somebody takes the name after the first look.
      const { stat } = binding;
      binding.stat = () => { binding.stat = stat; return null; };
      console.log(code(() => new shm.LockManager()));
      if (keep) other.detach();
      console.log(shm.getTotalSize());
    }
  `), 'EACCES,EACCES,EACCES\n' + 'EACCES\n0\n'.repeat(2));
});

test('the locks of a user are those of the effective one', { skip: hasFolder || ((process.getuid() !== 0 || !process.seteuid) && 'only root can become somebody else') }, async (t) => {
  const { stdout, stderr } = await runCode(`
    process.seteuid(65534);
    const manager = new shm.LockManager();
    console.log(manager.key, manager.requestSync('test', { timeout: 10000 }, (lock) => lock.name), shm.stat(manager.key).uid);
    manager.detach();
  `);
  t.equal(stdout, '/shm-typed-array-locks-65534 test 65534\n', stderr);
});
