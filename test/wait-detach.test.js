'use strict';
// A wait that a detach ends gives the notification that has reached it to the next waiter.

const test = require('tape');
const { freshKey, isBun, isDeno, isLinux, runCode } = require('./support');

const copy = JSON.stringify(require.resolve('./support'));
const rounds = 30;

/**
 * Runs rounds of JavaScript in which two copies of the package wait for the same word. The word has a
 * new value before it is notified, as every way to wait asks. How many rounds lost the notification,
 * and in how many the detach came before the first wait was told of it.
 */
async function endsBy(way, round) {
  const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_WAITS: way });
  const { stdout, stderr } = await runCode(`
    const theirs = require(${copy}).copyOfPackage({ addon: false });
    const pause = () => new Promise((resolve) => setTimeout(resolve, 2));
    const notifyOne = (array) => { array[0] = 1; shm.notify(array, 0, 1); };
    const code = (error) => error.code;
    async function round() {
      const array = shm.create(4, 'Int32Array', ${freshKey()});
      const view = theirs.get(array.key, 'Int32Array');
      const waitFirst = () => shm.waitAsync(array, 0, 0).catch(code);
      const waitNext = () => theirs.waitAsync(view, 0, 0, { timeout: 20000 });
      let first, next;
      ${round}
      const isDetached = await first === 'ERR_SHM_DETACHED';
      if (!isDetached) theirs.notify(view, 0);
      const isLost = await next !== 'ok';
      theirs.detach(array.key);
      return { isDetached, isLost };
    }
    (async () => {
      const ends = [];
      for (let i = 0; i < ${rounds}; i++) ends.push(await round());
      const count = (name) => ends.filter((end) => end[name]).length;
      console.log(JSON.stringify({ lost: count('isLost'), detached: count('isDetached') }));
    })().catch((error) => { console.error(error); process.exit(1); });`, { env });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

// Bun and Deno must not be asked for libuv's event loop.
const ways = (isBun || isDeno ? [] : ['loop']).concat('reaper', 'many', 'single');

for (const way of isLinux ? ways : ['single']) {
  test(`${way}: the notification of a wait that is detached at that moment is the next one's`, async (t) => {
    const { lost, detached } = await endsBy(way, `
      first = waitFirst();
      await pause();
      next = waitNext();
      await pause();
      notifyOne(array);
      shm.detach(array.key);`);
    t.equal(lost, 0, 'none is lost');
    t.ok(detached > 0, `detached first in ${detached} of ${rounds}`);
  });

  test(`${way}: so is that of a wait which has ended and not been delivered`, async (t) => {
    const { lost, detached } = await endsBy(way, `
      const other = shm.create(4, 'Int32Array', ${freshKey()});
      // Called at the end of a wait, while others wait for theirs.
      const signal = { aborted: false, addEventListener() {}, removeEventListener: () => shm.detach(array.key) };
      const ending = shm.waitAsync(other, 0, 0, { signal });
      await pause();
      first = waitFirst();
      await pause();
      next = waitNext();
      await pause();
      for (const words of [other, array]) {
        notifyOne(words);
        for (const end = Date.now() + 5; Date.now() < end; ); // it has ended by then
      }
      await ending;
      shm.destroy(other.key);`);
    t.equal(lost, 0, 'none is lost');
    t.ok(detached > 0, `detached first in ${detached} of ${rounds}`);
  });
}
