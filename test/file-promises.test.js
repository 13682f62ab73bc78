'use strict';
// What is promised of a mapped file, and what is not: docs/files.md says both.

const fs = require('fs');
const test = require('tape');
const { execArgv, forkCode, freshFile, isBun, nextMessage, outcome, shm } = require('./files');

/** A process that maps a file and reads all of it for every message; how it ended if it does. */
async function reader(file) {
  const child = forkCode(`
    const array = shm.mapFile(${JSON.stringify(file)});
    process.on('message', () => process.send(array.reduce((sum, byte) => sum + byte, 0)));
    process.send(array.length);`);
  await nextMessage(child);
  const end = outcome(child);
  return { child, end, read: () => (child.send('read'), Promise.race([nextMessage(child).catch(() => 'dead'), end.then(() => 'dead')])) };
}

test('a file that is replaced by rename: its readers go on with the old bytes', async (t) => {
  const file = freshFile(Buffer.alloc(50000, 1));
  const { child, read } = await reader(file);
  fs.writeFileSync(`${file}.new`, 'new');
  fs.renameSync(`${file}.new`, file);
  t.equal(await read(), 50000);
  t.equal(shm.mapFile(file).toString(), 'new');
  fs.unlinkSync(file);
  t.equal(await read(), 50000, 'removed, too');
  shm.detachAll();
  child.kill();
  t.end();
});

test('a stray write to a file that is mapped to be read harms nobody', async (t) => {
  const file = freshFile(Buffer.alloc(50000, 1));
  const { child, read } = await reader(file);
  shm.mapFile(file).fill(255);
  t.equal(await read(), 50000);
  t.ok(fs.readFileSync(file).every((byte) => byte === 1));
  shm.unmapFile(file);
  child.kill();
  t.end();
});

test('NOT promised: a file that is rewritten in place ends its readers', { skip: (isBun && 'Bun has a handler of its own for SIGBUS') || (execArgv.includes('run') && 'Deno, likewise') }, async (t) => {
  for (const rewrite of [(file) => fs.writeFileSync(file, 'short'), (file) => fs.truncateSync(file, 10)]) {
    const file = freshFile(Buffer.alloc(50000, 1));
    const { end, read } = await reader(file);
    t.equal(await read(), 50000);
    rewrite(file);
    t.equal(await read(), 'dead');
    t.equal((await end).signal, 'SIGBUS');
  }
  t.end();
});

test('a flush whose call was ended half-way harms nobody when it ends', async (t) => {
  const { code, stdout, stderr } = await outcome(forkCode(`
    const array = shm.mapFile(${JSON.stringify(freshFile(Buffer.alloc(10)))}, 'Buffer', { write: true });
    const { set } = Map.prototype;
    shm.flushAsync(array).then(() => {
      Map.prototype.set = function () {
        Map.prototype.set = set;
        throw new RangeError('Maximum call stack size exceeded');
      };
      const failed = shm.flushAsync(array);
      Map.prototype.set = set;
      return failed;
    }).catch((error) => console.log(error.message)).then(() => shm.flushAsync(array)).then(() => {
      console.log('flushed');
      process.disconnect();
    });`));
  t.deepEqual([code, stdout], [0, 'Maximum call stack size exceeded\nflushed\n'], stderr);
});
