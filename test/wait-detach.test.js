'use strict';
// A wait that a detach ends gives the notification that has reached it to the next waiter.

const test = require('tape');
const { isLinux, runCode } = require('./support');

const copy = JSON.stringify(require.resolve('./support'));
const rounds = 30;

/** Runs rounds of JavaScript in which two copies of the package wait for the same word; how many lost a notification. */
async function lostBy(way, round) {
  const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_WAITS: way });
  const { stdout, stderr } = await runCode(`
    const theirs = require(${copy}).copyOfPackage({ addon: false });
    const pause = () => new Promise((resolve) => setTimeout(resolve, 2));
    const notifyOne = (array) => { while (shm.notify(array, 0, 1) === 0); };
    const code = (error) => error.code;
    async function round() {
      const array = shm.create(4, 'Int32Array');
      const view = theirs.get(array.key, 'Int32Array');
      const waitFirst = () => shm.waitAsync(array, 0, 0).catch(code);
      const waitNext = () => theirs.waitAsync(view, 0, 0, { timeout: 1000 });
      let first, next;
      ${round}
      const ends = [await first, await next].join();
      theirs.detach(array.key);
      if (ends !== 'ERR_SHM_DETACHED,ok' && ends !== 'ERR_SHM_DETACHED,timed-out') throw new Error(ends);
      return ends.endsWith('ok') ? 0 : 1;
    }
    (async () => {
      let lost = 0;
      for (let i = 0; i < ${rounds}; i++) lost += await round();
      console.log(lost);
    })().catch((error) => { console.error(error); process.exit(1); });`, { env });
  return stdout.trim() || stderr;
}

// A thread that sleeps for one word at a time is awake for a moment in between.
const some = { single: 1 };

for (const way of isLinux ? ['loop', 'reaper', 'many', 'single'] : ['single']) {
  const most = some[way] || 0;

  test(`${way}: the notification of a wait that is detached at that moment is the next one's`, async (t) => {
    const lost = await lostBy(way, `
      first = waitFirst();
      await pause();
      next = waitNext();
      await pause();
      notifyOne(array);
      shm.detach(array.key);`);
    t.ok(Number(lost) <= most, `lost ${lost} of ${rounds}`);
  });

  test(`${way}: so is that of a wait which has ended and not been delivered`, async (t) => {
    const lost = await lostBy(way, `
      const other = shm.create(4, 'Int32Array');
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
    t.ok(Number(lost) <= most, `lost ${lost} of ${rounds}`);
  });
}
