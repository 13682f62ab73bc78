'use strict';
// A topic's calls are made to fail at every single step, by an exception before and after it, and by the end of the
// script that makes the call (a timeout of `vm`: no `finally` runs then). Whatever that was, afterwards another
// process can write, and have every row.

const names = ['load', 'store', 'compareExchange', 'exchange', 'and', 'or', 'add'];

/** What happens at a step: `before()` and `after()` each access by Atomics. Replaced before the package is loaded. */
const hook = { before() {}, after() {} };
for (const name of names) {
  const original = Atomics[name];
  Atomics[name] = (...args) => {
    hook.before();
    const result = original(...args);
    hook.after();
    return result;
  };
}

const vm = require('vm');
const test = require('tape');
const { skip } = require('./messages');
const { forkCode, freshName, isBun, isDeno, nextMessage, shm } = require('./support');

const READERS = 2;
const STUCK_AFTER = 5000;

/** What is called; `topic` has a frame to read, and `holder` one that is pinned. */
const scenes = {
  publishSync: (topic) => topic.publishSync('mine'),
  publish: (topic) => topic.publish('mine'),
  tryPublish: (topic) => topic.tryPublish('mine'),
  loan: (topic) => topic.loan().then((loan) => loan.release()),
  'loan, published': (topic) => topic.loanSync().publish(),
  'loan, released': (topic) => topic.loanSync().release(),
  latest: (topic) => topic.latest(),
  receiveSync: (topic) => topic.receiveSync().release(),
  tryReceive: (topic) => topic.tryReceive(),
  receive: (topic) => topic.receive(),
  leave: (topic) => [topic.latest(), topic.leave()],
  detach: (topic) => [topic.latest(), topic.tryLoan(), topic.detach()],
};

/** Calls `act` so that it fails at step `n` by `fail`; false if it has fewer steps. */
function failAt(n, when, fail, act) {
  let taken = 0;
  let hasFailed = false;
  hook[when] = () => {
    if (++taken !== n) return;
    hasFailed = true;
    fail();
  };
  try {
    Promise.resolve(act()).catch(() => {});
  } catch (_) {
    // It was made to.
  } finally {
    hook.before = hook.after = () => {};
  }
  return hasFailed;
}

function raise() {
  throw new Error('made to fail');
}

const ways = {
  'an exception before it': (n, act) => failAt(n, 'before', raise, act),
  'an exception after it': (n, act) => failAt(n, 'after', raise, act),
};

// The others have no timeout for scripts that holds for functions from outside.
if (!isBun && !isDeno) {
  ways['the end of its script'] = (n, act) => {
    global.actOnTopic = () => {
      const stop = () => {
        for (;;);
      };
      const script = (when) => failAt(n, when, stop, act);
      return script('after');
    };
    let isOver = false;
    try {
      isOver = !vm.runInThisContext('actOnTopic()', { timeout: 5 });
    } catch (_) {
      // Stopped, before any `finally`.
    }
    hook.before = hook.after = () => {};
    return !isOver;
  };
}

/** Another process, that says whether it could write, and had every row. */
async function otherProcess() {
  const child = forkCode(`
    process.on('message', (key) => {
      const said = [];
      const all = [];
      try {
        for (let i = 0; i < ${READERS}; i++) all.push(new shm.Topic(key));
        all[0].publishSync('theirs', { timeout: ${STUCK_AFTER} });
        for (const topic of all) said.push(topic.latest().text());
      } catch (error) {
        said.push(error.code || String(error));
      }
      for (const topic of all) topic.detach();
      process.send(said.join());
    });
    process.send('ready');
  `);
  await nextMessage(child);
  return {
    use(key) {
      child.send(key);
      return new Promise((resolve) => child.once('message', resolve));
    },
    end: () => child.disconnect(),
  };
}

for (const way of Object.keys(ways)) {
  test(`a topic's calls, each step ended by ${way}`, { skip }, async (t) => {
    const other = await otherProcess();
    for (const scene of Object.keys(scenes)) {
      const wrong = [];
      let step = 0;
      for (let hasFailed = true; hasFailed && step < 200; ) {
        step++;
        const key = freshName();
        const [topic, helper] = [new shm.Topic(key, { size: 16, readers: READERS }), new shm.Topic(key)];
        helper.publishSync('old');
        helper.latest();
        hasFailed = ways[way](step, () => scenes[scene](topic));
        // The next call of this thread gives back what the failed one had; if there is none, a timer does.
        if (step % 2 === 0) helper.detach();
        await new Promise(setImmediate);
        helper.detach();
        topic.detach();
        const said = await other.use(key);
        if (said !== 'theirs,theirs') wrong.push([step, said]);
        shm.destroy(key);
      }
      t.deepEqual(wrong, [], `${scene}: ${step} steps`);
      t.ok(step > 1 && step < 200, 'steps were counted');
    }
    other.end();
  });
}

test('the next call of the thread finds nothing taken, before the event loop has a turn', { skip: skip || ((isBun || isDeno) && 'no timeouts of vm') }, (t) => {
  const wrong = [];
  let step = 0;
  for (let hasFailed = true; hasFailed && step < 200; ) {
    step++;
    const key = freshName();
    const [topic, other] = [new shm.Topic(key, { size: 16 }), new shm.Topic(key)];
    hasFailed = ways['the end of its script'](step, () => topic.publishSync('mine'));
    if (!other.tryPublish('next') || other.latest().text() !== 'next') wrong.push(step);
    shm.destroy(key);
  }
  t.deepEqual(wrong, []);
  t.ok(step > 1 && step < 200, 'steps were counted');
  t.end();
});
