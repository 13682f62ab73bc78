'use strict';
// Memory that no array is over and that its key no longer leads to is given back when the engine collects the arrays.
// Each test is a process of its own that can make its engine collect.

const path = require('path');
const test = require('tape');
const { canEmpty, freshKey, freshKeys, freshName, isBun, isDeno, isLinux, nodeMajor, runCode, temporaryFolder } = require('./support');

const SIZE = 1 << 20;

/** Memory that is lent to the engine stays attached. */
const isRefused = process.env.SHM_TEST_REFUSE_EXTERNAL !== undefined;
const skip = (!isLinux && 'macOS tells no object from another one of its name') || (isRefused && 'this engine takes no memory but its own') || (nodeMajor > 12 && nodeMajor < 18 && 'Node 13 to 17 keeps buffers over attached memory');

/**
 * What `code` prints in a process with `collect()`, `until(condition)`, `rounds()` and `other`, another copy of the
 * package, which is to this one as another process is.
 */
async function printed(code) {
  const setup = `
    const fs = require('fs');
    const gc = process.versions.bun ? () => global.Bun.gc(true) : global.gc || newGc();
    function newGc() {
      require('v8').setFlagsFromString('--expose-gc');
      return require('vm').runInNewContext('gc');
    }
    const other = copy();
    function copy() {
      const saved = Object.assign({}, require.cache);
      for (const file of Object.keys(saved)) if (file.startsWith(${JSON.stringify(path.join(__dirname, '..', 'lib'))})) delete require.cache[file];
      const made = require(${JSON.stringify(path.join(__dirname, '..'))});
      Object.assign(require.cache, saved);
      return made;
    }
    shm.setQuiet(true);
    other.setQuiet(true);
    const collect = () => { gc(); return new Promise((resolve) => setTimeout(resolve, 20)); };
    const rounds = async () => { for (let i = 0; i < 8; i++) await collect(); };
    const until = async (condition) => {
      for (let i = 0; i < 500; i++) {
        await collect();
        if (condition()) return true;
      }
      return false;
    };
    const mapped = (what) => fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => what.test(line)).length;
    (async () => { ${code} })().catch((error) => { console.log(error); process.exit(1); });`;
  const { stdout, stderr, code: exit, signal } = await runCode(setup, { env: Object.assign({}, process.env, { DENO_V8_FLAGS: '--expose-gc' }) });
  return exit === 0 ? stdout + stderr : `${exit} ${signal} ${stdout}${stderr}`;
}

test('memory without arrays goes when somebody else has destroyed it', { skip }, async (t) => {
  const names = Array.from({ length: 20 }, freshName).concat(Array.from({ length: 20 }, freshKey));
  // One array may be left on the stack, which some engines search for what looks like a pointer.
  t.equal(await printed(`
    const keys = ${JSON.stringify(names)};
    for (const key of keys) {
      shm.create(${SIZE}, 'Buffer', key).fill(1);
      shm.get(key, 'Int32Array')[0] = 2;
      other.destroy(key);
    }
    const few = () => shm.getTotalSize() <= ${SIZE} + 8 && shm.getTotalCreatedSize() <= ${SIZE} + 8;
    console.log(await until(few), shm.getTotalSize() <= ${SIZE} + 8, mapped(/SYSV|shm-test-/) <= 1);
  `), 'true true true\n');
});

test('of a file that is replaced again and again one version is mapped', { skip }, async (t) => {
  const file = path.join(temporaryFolder(), 'versions');
  t.equal(await printed(`
    const file = ${JSON.stringify(file)};
    for (let version = 0; version < 30; version++) {
      fs.writeFileSync(file + '.new', Buffer.alloc(${SIZE}, version));
      fs.renameSync(file + '.new', file);
      if (shm.mapFile(file)[0] !== version) throw new Error('not the newest');
      shm.mapFile(file, 'Buffer', { offset: 4096, count: 4096 });
    }
    console.log(await until(() => mapped(/versions/) <= 4), shm.mapFile(file)[5], shm.unmapFile(file));
  `), 'true 29 true\n');
});

test('what its key leads to stays attached, and goes when somebody destroys it later', { skip }, async (t) => {
  for (const key of freshKeys()) {
    t.equal(await printed(`
      const key = ${JSON.stringify(key)};
      (() => { shm.create(${SIZE}, 'Buffer', key).fill(7); })();
      const size = shm.getTotalSize();
      await rounds();
      console.log(shm.getTotalSize() === size, other.get(key)[9]);
      (() => { const again = shm.get(key); again[9] = 8; console.log(again.length, again[0], other.get(key)[9], shm.get(key).buffer === again.buffer); })();
      await rounds();
      console.log(shm.getTotalSize() === size);
      other.destroy(key);
      // Each attach has some of what is attached looked at again.
      const goes = await until(() => {
        shm.destroy(shm.create(10, 'Buffer', ${freshKey()}).key);
        return shm.getTotalSize() === 0;
      });
      console.log(goes, shm.getTotalCreatedSize());
    `), `true 7\n${SIZE} 7 8 true\ntrue\ntrue 0\n`, String(key));
  }
});

test('a detach ends what has no arrays, too', { skip }, async (t) => {
  for (const key of freshKeys()) {
    t.equal(await printed(`
      const key = ${JSON.stringify(key)};
      (() => { shm.create(${SIZE}, 'Buffer', key); })();
      await rounds();
      console.log(shm.detach(key, true), shm.detach(key), shm.getTotalSize(), shm.getTotalCreatedSize(), mapped(/SYSV|shm-test-/));
      (() => { shm.create(${SIZE}, 'Buffer', key)[0] = 1; })();
      await rounds();
      console.log(shm.get(key)[0], shm.destroy(key));
    `), '0 -1 0 0 0\n1 true\n', String(key));
  }
});

test('memory that an array, a part or a structure is over stays when its key leads elsewhere', { skip }, async (t) => {
  const [first, second, third] = [freshName(), freshKey(), freshName()];
  t.equal(await printed(`
    const part = (() => shm.create(1000, 'Uint8Array', '${first}').fill(7).subarray(10, 20))();
    const view = (() => new DataView(shm.create(1000, 'Uint8Array', ${second}).fill(8).buffer, 8))();
    const channel = ${nodeMajor >= 16} ? new shm.Channel('${third}', { slots: 4, size: 100 }) : null;
    for (const key of ['${first}', ${second}]) other.destroy(key);
    if (channel) fs.unlinkSync('/dev/shm${third}');
    await rounds();
    if (channel) channel.trySend('sent');
    await rounds();
    console.log(part.length, part[0], view.getUint8(0), channel === null || channel.tryReceive().text() === 'sent');
    console.log(shm.detach(part), part.length);
  `), `10 7 8 true\n1 ${canEmpty ? 0 : 10}\n`);
});

test('memory that was transferred to another buffer stays until that is collected', { skip: skip || (typeof ArrayBuffer.prototype.transfer !== 'function' && 'this runtime has no ArrayBuffer.prototype.transfer') }, async (t) => {
  for (const key of freshKeys()) {
    t.equal(await printed(`
      const key = ${JSON.stringify(key)};
      let taken = (() => new Uint8Array(shm.create(${SIZE}, 'Uint8Array', key).fill(7).buffer.transfer()))();
      other.destroy(key);
      await rounds();
      console.log(taken.length, taken.every((byte) => byte === 7), shm.getTotalSize() >= ${SIZE});
      taken = null;
      console.log(${isBun} || (await until(() => shm.getTotalSize() === 0)));
    `), `${SIZE} true true\ntrue\n`, String(key));
  }
});

/** Where Node-API makes a SharedArrayBuffer over given memory; elsewhere the engine's own is lent. */
const [major, minor] = process.versions.node.split('.').map(Number);
const hasExternalShared = !isBun && !isDeno && (major > 26 || minor >= { 22: 23, 24: 16, 26: 1 }[major]);

test('shared memory goes like other memory, and not as long as another thread has it', { skip: skip || (!hasExternalShared && 'the engine lends its own memory to shared arrays') }, async (t) => {
  for (const key of freshKeys()) {
    t.equal(await printed(`
      const key = ${JSON.stringify(key)};
      const { Worker } = require('worker_threads');
      (() => { shm.create(${SIZE}, 'Uint8Array', key, { shared: true }).fill(7); })();
      const size = shm.getTotalSize();
      await rounds();
      console.log(shm.getTotalSize() === size, shm.get(key, 'Uint8Array', { shared: true })[9]);
      const worker = new Worker("const { parentPort, workerData } = require('worker_threads'); parentPort.on('message', () => parentPort.postMessage(workerData[5]));", {
        eval: true, workerData: shm.get(key, 'Uint8Array', { shared: true }),
      });
      const ask = () => new Promise((resolve) => { worker.once('message', resolve); worker.postMessage(''); });
      await ask();
      other.destroy(key);
      await rounds();
      console.log(shm.getTotalSize() === size, await ask());
      await worker.terminate();
      console.log(await until(() => {
        shm.destroy(shm.create(10, 'Buffer', ${freshKey()}).key);
        return shm.getTotalSize() === 0;
      }));
    `), 'true 7\ntrue 7\ntrue\n', String(key));
  }
});

test('memory that is waited on stays until the wait ends', { skip }, async (t) => {
  const [key, name] = [freshName(), freshName()];
  t.equal(await printed(`
    const theirs = other.create(10, 'Int32Array', '${name}');
    const woken = (() => shm.waitAsync(shm.get('${name}', 'Int32Array'), 0, 0))();
    fs.unlinkSync('/dev/shm${name}');
    await rounds();
    console.log([shm.getTotalSize() > 0, other.notify(theirs, 0), await woken].join(' '));
    console.log(await until(() => {
      shm.destroy(shm.create(10, 'Buffer', '${key}') && '${key}');
      return shm.getTotalSize() === 0;
    }));
  `), 'true 1 ok\ntrue\n');
});

test('what was created anew under a key still counts when the old memory goes', { skip }, async (t) => {
  const name = freshName();
  t.equal(await printed(`
    (() => { shm.create(100, 'Buffer', '${name}'); })();
    other.destroy('${name}');
    const anew = shm.create(200, 'Buffer', '${name}');
    console.log(await until(() => shm.getTotalSize() === 208), shm.getTotalCreatedSize(), anew.length);
    console.log(shm.detach(anew), shm.getTotalSize(), shm.getTotalCreatedSize(), shm.destroy('${name}'), shm.getTotalCreatedSize());
  `), 'true 208 200\n1 0 208 true 0\n');
});
