'use strict';
// waitAsync where the kernel has no io_uring with futexes: by threads that sleep for many words at once,
// or for one each.

const test = require('tape');
const { freshKey, isLinux, nodeMajor, runCode } = require('./support');

const skip = (!isLinux && 'on other systems it is the only way') || (nodeMajor < 16 && 'no AbortController');
const rounds = 300;

/** Runs JavaScript that returns a promise; in vain if it takes 20 seconds. */
async function runWith(kind, code) {
  const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_WAITS: kind });
  const program = `
    const array = shm.create(4, 'Int32Array', ${freshKey()});
    const pause = () => new Promise((resolve) => setTimeout(resolve, 2));
    const wait = (index, signal) => shm.waitAsync(array, index, 0, { ref: true, timeout: 60000, signal });
    (async () => {${code}})().then((result) => console.log(result), console.error).then(() => shm.detachAll());`;
  const { stdout, stderr } = await runCode(program, { env });
  return stdout.trim().split('\n')[0] || stderr;
}

for (const kind of ['many', 'single']) {
  test(`${kind}: a notification counts although another wait begins at that moment`, { skip }, async (t) => {
    const lost = await runWith(kind, `
      let lost = 0;
      for (let round = 0; round < ${rounds}; round++) {
        const first = wait(0);
        while (shm.notify(array, 0, 1) === 0);
        const second = wait(1);
        if ((await first) !== 'ok') lost++;
        while (shm.notify(array, 1, 1) === 0);
        await second;
        if (lost > 0) break;
      }
      return lost;`);
    t.equal(lost, '0');
  });

  test(`${kind}: a notification of a wait that is aborted at that moment is the next one's`, { skip }, async (t) => {
    const lost = await runWith(kind, `
      let lost = 0;
      for (let round = 0; round < ${rounds} && lost === 0; round++) {
        const ends = [];
        const controller = new AbortController();
        const first = wait(0, controller.signal).then((result) => ends.push(result), () => ends.push('aborted'));
        const second = wait(0).then((result) => ends.push(result));
        await pause();
        const woken = shm.notify(array, 0, 1);
        controller.abort();
        const told = () => ends.filter((end) => end === 'ok').length;
        const started = Date.now();
        while (told() < woken && Date.now() - started < 20000) await pause();
        if (told() < woken) lost++;
        while (ends.length < 2) {
          shm.notify(array, 0);
          await pause();
        }
      }
      return lost;`);
    t.equal(lost, '0');
  });

  test(`${kind}: of several that are notified at once, with the value that they wait at, each is told`, { skip }, async (t) => {
    const lost = await runWith(kind, `
      let lost = 0;
      for (let round = 0; round < 30 && lost === 0; round++) {
        let told = 0;
        const waits = [0, 1, 2].map(() => wait(0).then(() => told++));
        await pause();
        const woken = shm.notify(array, 0, 2);
        const started = Date.now();
        while (told < woken && Date.now() - started < 15000) await pause();
        if (told < woken) lost++;
        while (told < waits.length) {
          shm.notify(array, 0);
          await pause();
        }
      }
      return lost;`);
    t.equal(lost, '0');
  });

  test(`${kind}: a wait that has been given up takes no notification from the next one`, { skip }, async (t) => {
    const ended = await runWith(kind, `
      // As many as the first thread sleeps for: those that follow are of another one.
      for (let i = 0; i < ${kind === 'many' ? 127 : 1}; i++) wait(0).catch(() => {});
      await shm.waitAsync(array, 1, 0, { timeout: 1 });
      const next = shm.waitAsync(array, 1, 0, { timeout: 20000 });
      while (shm.notify(array, 1, 1) === 0);
      return next;`);
    t.equal(ended, 'ok');
  });

  test(`${kind}: where threads have more waits than they sleep for at once, the turn of each comes`, { skip }, async (t) => {
    const ended = await runWith(kind, `
      // At most 8 threads, of which each sleeps for at most 127 words at once; none but the last of these waits ends.
      const pending = Array.from({ length: ${kind === 'many' ? 8 * 127 + 100 : 40} }, () => wait(0).catch(() => {}));
      const last = shm.waitAsync(array, 1, 0, { timeout: 20000 });
      array[1] = 1;
      return last;`);
    t.equal(ended, 'ok');
  });
}
