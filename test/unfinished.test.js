'use strict';
// JavaScript that fails, or ends, in the middle of a create or get: then the memory never was.

const test = require('tape');
const { Worker, canEmpty, forkCode, freshKey, freshKeys, freshName, isDeno, isLinux, nextMessage, runCode, sharedMappings, shm, thrownBy, until } = require('./support');

/** Runs `action` while `Buffer.from` is `instead`: it is what makes the array. */
function whileBufferFromIs(instead, action) {
  const { from } = Buffer;
  Buffer.from = instead;
  try {
    return action();
  } finally {
    Buffer.from = from;
  }
}

function fail() {
  throw Object.assign(new Error('no array for you'), { code: 'ERR_TEST' });
}

const isRefusing = Boolean(process.env.SHM_TEST_REFUSE_EXTERNAL);

const variants = [undefined, { shared: true }];

test('a create whose array cannot be made leaves nothing', (t) => {
  for (const key of freshKeys()) {
    for (const options of variants) {
      for (const call of [() => shm.create(5000, 'Buffer', key, options), () => shm.getOrCreate(5000, 'Buffer', key, options)]) {
        const error = thrownBy(() => whileBufferFromIs(fail, call));
        t.equal(error.code, 'ERR_TEST', `${key}`);
        t.equal(shm.stat(key), null, 'nothing exists');
        t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], [0, 0]);
        t.equal(shm.detach(key), -1);
      }
    }
    t.equal(shm.create(5000, 'Buffer', key).length, 5000, 'and it works again');
    shm.destroy(key);
  }
  if (isLinux) t.deepEqual(sharedMappings(), []);
  t.end();
});

test('a get whose array cannot be made leaves what is there, and the arrays over it', (t) => {
  for (const key of freshKeys()) {
    for (const options of variants) {
      const array = shm.create(5000, 'Buffer', key);
      array[4999] = 7;
      const before = [shm.getTotalSize(), shm.getTotalCreatedSize()];
      for (const extra of [{}, { copyOnWrite: true }]) {
        const call = () => shm.get(key, 'Buffer', Object.assign({}, options, extra));
        t.equal(thrownBy(() => whileBufferFromIs(fail, call)).code, 'ERR_TEST', `${key}`);
      }
      t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], before);
      t.deepEqual([array.length, array[4999]], [5000, 7], 'the earlier array is as it was');
      t.equal(shm.get(key, 'Buffer', options)[4999], 7);
      t.equal(shm.destroy(key), true);
    }
  }
  if (isLinux) t.deepEqual(sharedMappings(), []);
  t.end();
});

test('what is shown too early is empty when the create has failed', (t) => {
  for (const key of freshKeys()) {
    let early = null;
    const keep = (buffer) => {
      early = new Uint8Array(buffer);
      early.fill(7);
      return fail();
    };
    t.equal(thrownBy(() => whileBufferFromIs(keep, () => shm.create(5000, 'Buffer', key))).code, 'ERR_TEST');
    // A buffer that the engine has lent is not emptied, and has room to spare.
    t.ok(canEmpty && !isRefusing ? early.length === 0 : early.filter((byte) => byte === 0).length >= 5000, `${key}`);
    t.equal(shm.stat(key), null);
  }
  t.end();
});

test('calls in the middle of a create are calls like any other', (t) => {
  for (const key of freshKeys()) {
    const [inner, failing] = freshKeys();
    const { from } = Buffer;
    const nested = (...args) => {
      Buffer.from = from;
      t.equal(shm.create(10, 'Uint8Array', inner).length, 10);
      t.equal(thrownBy(() => whileBufferFromIs(fail, () => shm.create(10, 'Buffer', failing))).code, 'ERR_TEST');
      shm.detachAll();
      return from(...args);
    };
    const array = whileBufferFromIs(nested, () => shm.create(5000, 'Buffer', key));
    array[0] = 7;
    t.equal(shm.get(key)[0], 7, `${key}: the outer create is whole`);
    t.equal(shm.stat(failing), null);
    t.equal(shm.getTotalSize(), typeof key === 'string' ? 5008 : 5000);
    [key, inner].forEach((made) => shm.detach(made, true));
  }
  t.end();
});

test('another who takes the name in the middle of a create has it', { skip: !isLinux && 'elsewhere the name is taken first' }, (t) => {
  const name = freshName();
  const { from } = Buffer;
  const overtake = (...args) => {
    Buffer.from = from;
    shm.create(10, 'Buffer', name)[0] = 7;
    return from(...args);
  };
  t.equal(whileBufferFromIs(overtake, () => shm.create(5000, 'Buffer', name)), null);
  t.deepEqual([shm.get(name).length, shm.get(name)[0], shm.getTotalSize()], [10, 7, 18]);
  t.equal(shm.destroy(name), true);
  t.deepEqual(sharedMappings(), []);
  t.end();
});

test('a stack overflow at any depth leaves nothing', async (t) => {
  const [number, name] = [freshKey(), freshName()];
  const { code, signal, stdout, stderr } = await runCode(`
    shm.destroy(shm.create(10).key);
    let failed = 0;
    let made = 0;
    // Without a return: JavaScriptCore makes no frame for a tail call.
    const at = (level, action) => {
      if (level > 0) at(level - 1, action);
      else action();
    };
    const overflows = (level, action) => {
      try {
        at(level, action);
        return false;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return true;
      }
    };
    // Compiled functions take less stack than the engine's first ones: should a function be compiled between
    // two looks at the stack, the depths that matter may be missed.
    for (let tries = 0; tries < 10 && (failed === 0 || made === 0); tries++) {
      for (const key of [${number}, '${name}']) {
        for (const options of [undefined, { shared: true }]) {
          const create = () => {
            hasBegun = true;
            array = shm.create(100, 'Buffer', key, options);
          };
          let array = null;
          let hasBegun = false;
          let level = 1000;
          while (!overflows(level, () => {})) level *= 2;
          while (overflows(level, () => {})) level -= 20;
          // From where nothing can be called to where nothing has failed for long.
          level += 40;
          for (let fine = 0; fine < 100; level--) {
            array = null;
            hasBegun = false;
            const hasFailed = overflows(level, create);
            if (hasFailed && hasBegun) failed++;
            fine = hasFailed ? 0 : fine + 1;
            const exists = shm.stat(key) !== null;
            if (exists !== (shm.getTotalSize() > 0)) throw new Error('exists ' + exists + ', attached ' + shm.getTotalSize());
            if (array !== null && array.length !== 100) throw new Error('half an array');
            if (exists) made++;
            if (exists && !shm.destroy(key)) throw new Error('not destroyed');
          }
        }
      }
    }
    console.log(failed > 0, made > 0);
  `);
  t.deepEqual([code, signal, stdout], [0, null, 'true true\n'], stderr);
});

const noThreads = (Worker === null && 'this runtime has no worker_threads') || (isDeno && 'Deno does not end a worker that is busy, whatever it has loaded');

test('a worker that is terminated in the middle of a create or get leaves nothing', { skip: noThreads || (!isLinux && 'reads /proc') }, async (t) => {
  for (const [key, existing] of [freshKeys(), freshKeys()].map((keys, index) => [keys[index], keys[1 - index]])) {
    for (const options of ['undefined', '{ shared: true }']) {
      const array = shm.create(10, 'Uint8Array', existing);
      array[9] = 7;
      const before = sharedMappings().length;
      for (const call of [`create(1 << 20, 'Buffer', ${JSON.stringify(key)}, ${options})`, `get(${JSON.stringify(existing)}, 'Buffer', ${options})`]) {
        const worker = new Worker(`
          const { parentPort } = require('worker_threads');
          const shm = require(${JSON.stringify(require.resolve('..'))});
          Buffer.from = () => {
            parentPort.postMessage('in the middle');
            for (;;);
          };
          shm.${call};
        `, { eval: true });
        t.equal(await nextMessage(worker), 'in the middle', call);
        t.equal(sharedMappings().length, before + 1, 'it is mapped');
        await worker.terminate();
        await until(() => sharedMappings().length === before, 'the mapping to go');
        t.equal(shm.stat(key), null, 'what was being created never was');
      }
      t.deepEqual([array.length, array[9]], [10, 7], "this thread's array is as it was");
      t.equal(shm.destroy(existing), true);
    }
  }
  t.end();
});

test('a process that is killed in the middle of a create leaves no object', { skip: (!isLinux && 'elsewhere the name is taken first') || (isDeno && 'Deno sends no message before the event loop goes on') }, async (t) => {
  const name = freshName();
  const child = forkCode(`
    Buffer.from = () => {
      process.send('in the middle');
      for (;;);
    };
    shm.create(1 << 20, 'Buffer', '${name}');
  `);
  t.equal(await nextMessage(child), 'in the middle');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  t.equal(shm.stat(name), null);
});
