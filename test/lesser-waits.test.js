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
}
