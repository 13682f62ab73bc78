'use strict';
// What a loop that polls a word of shared memory sees: docs/synchronising.md says to poll with Atomics.load only.

const test = require('tape');
const { forkCode, freshName, isBun, nextMessage, nodeMajor, shm } = require('./support');

/** A process that polls a word until it is not 0; what ends the loop is its `message` 'seen'. */
async function pollElsewhere(name, condition) {
  const child = forkCode(`
    const words = shm.get(${JSON.stringify(name)}, 'Int32Array');
    function poll() { while (${condition}); }
    process.send('polling', () => { poll(); process.send('seen'); });`);
  await nextMessage(child);
  return child;
}

test('a loop of Atomics.load sees what another process writes', { skip: nodeMajor < 16 && 'Atomics refuse these arrays before Node 16' }, async (t) => {
  const name = freshName();
  const words = shm.create(4, 'Int32Array', name);
  const child = await pollElsewhere(name, 'Atomics.load(words, 0) === 0');
  await new Promise((resolve) => setTimeout(resolve, 500)); // so that the engine has compiled the loop
  words[0] = 1;
  t.equal(await nextMessage(child), 'seen');
  child.kill();
  shm.destroy(name);
  t.end();
});

test('on Bun a loop of plain reads does not: JavaScriptCore reads once', { skip: !isBun && 'this is not Bun' }, async (t) => {
  const name = freshName();
  const words = shm.create(4, 'Int32Array', name);
  const child = await pollElsewhere(name, 'words[0] === 0');
  await new Promise((resolve) => setTimeout(resolve, 500));
  words[0] = 1;
  const seen = nextMessage(child).then(() => 'seen', () => 'killed');
  const late = new Promise((resolve) => setTimeout(resolve, 2000, 'not seen'));
  t.equal(await Promise.race([seen, late]), 'not seen', 'if it is, the pages may say so');
  child.kill('SIGKILL');
  await seen;
  shm.destroy(name);
  t.end();
});
