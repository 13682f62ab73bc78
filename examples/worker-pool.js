'use strict';
// A worker pool over cluster: the processes take tasks from one shared list. A mutex guards the
// list, so a task that a dying worker had taken is given out again.
//
//   node examples/worker-pool.js [tasks]

const cluster = require('cluster');
const shm = require('..');

const WORKERS = 3;

// Words: the lock, how many tasks are open, how many workers have come, and for each task its state
// and its result.
const LOCK = 0;
const OPEN = 1;
const COME = 2;
const STATE = 16;
const TODO = 0; // else the id of the worker that has the task, or
const DONE = -1;

const isPrimary = cluster.isPrimary === undefined ? cluster.isMaster : cluster.isPrimary;

/** The tasks: for each a state, for each a result. */
function tasksOf(words) {
  const count = (words.length - STATE) / 2;
  return {
    count,
    mutex: new shm.Mutex(words, LOCK),
    states: words.subarray(STATE, STATE + count),
    results: words.subarray(STATE + count),
  };
}

/** Does something with the list while nobody else does. An owner's death cannot have harmed it. */
function locked(mutex, action) {
  mutex.lock();
  try {
    return action();
  } finally {
    mutex.unlock();
  }
}

function work() {
  const words = shm.get(Number(process.env.KEY), 'Int32Array');
  const { mutex, states, results } = tasksOf(words);
  const me = cluster.worker.id;
  Atomics.add(words, COME, 1);
  shm.notify(words, COME);
  for (let come; (come = Atomics.load(words, COME)) < WORKERS; ) shm.wait(words, COME, come);
  const take = () => {
    const task = states.indexOf(TODO);
    if (task !== -1) states[task] = me;
    return task;
  };
  for (let taken = 0; Atomics.load(words, OPEN) > 0; ) {
    const open = Atomics.load(words, OPEN);
    const task = locked(mutex, take);
    if (task === -1) {
      shm.wait(words, OPEN, open, 100); // others have the rest; one of them may die
      continue;
    }
    if (me === 1 && ++taken === 2) process.kill(process.pid, 'SIGKILL'); // an accident, with a task in hand
    const result = task * task; // the work
    shm.wait(words, COME, Atomics.load(words, COME), 1); // that takes a while
    locked(mutex, () => {
      results[task] = result;
      states[task] = DONE;
      Atomics.sub(words, OPEN, 1);
    });
    shm.notify(words, OPEN);
  }
  process.exit();
}

async function main(count) {
  const words = shm.create(STATE + 2 * count, 'Int32Array');
  const { mutex, states, results } = tasksOf(words);
  words[OPEN] = count;
  let done = false;
  cluster.on('exit', (worker) => {
    if (done || Atomics.load(words, OPEN) === 0) return;
    console.log(`worker ${worker.id} died`);
    locked(mutex, () => states.forEach((state, task) => state === worker.id && (states[task] = TODO)));
    cluster.fork({ KEY: words.key });
  });
  for (let i = 0; i < WORKERS; i++) cluster.fork({ KEY: words.key });
  for (let open; (open = Atomics.load(words, OPEN)) > 0; ) await shm.waitAsync(words, OPEN, open, { ref: true });
  done = true;
  const right = results.every((result, task) => result === task * task);
  console.log(`${count} tasks done, ${right ? 'all right' : 'some wrong'}`);
  await new Promise((resolve) => cluster.disconnect(resolve));
  shm.destroy(words.key);
}

if (isPrimary) main(Number(process.argv[2] || 1000));
else work();
