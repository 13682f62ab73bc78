'use strict';
// A worker pool over cluster: the processes take tasks from one shared list. A mutex guards the
// list, so a task that a dying worker had taken is given out again.
//
//   node examples/worker-pool.js [tasks]

const cluster = require('cluster');
const { once } = require('events');
const shm = require('shm-typed-array');

const WORKERS = 3;
const LOOK_UP = 100; // how long to sleep before looking what has become of the others (milliseconds)

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
    words,
    mutex: new shm.Mutex(words, LOCK),
    states: words.subarray(STATE, STATE + count),
    results: words.subarray(STATE + count),
  };
}

/** Does something with the list while nobody else does. An owner that died may not have counted its last task. */
function locked({ words, mutex, states }, action) {
  if (mutex.lock() === 'owner-died') {
    Atomics.store(words, OPEN, states.filter((state) => state !== DONE).length);
    shm.notify(words, OPEN);
  }
  try {
    return action();
  } finally {
    mutex.unlock();
  }
}

/** Ends this process if it has outlived the one that started it: then it has got another parent. */
function exitIfOrphan() {
  if (process.ppid !== Number(process.env.PARENT)) process.exit(1);
}

function work() {
  const words = shm.get(Number(process.env.KEY), 'Int32Array');
  const tasks = tasksOf(words);
  const { states, results } = tasks;
  const me = cluster.worker.id;
  Atomics.add(words, COME, 1);
  shm.notify(words, COME);
  for (let come; (come = Atomics.load(words, COME)) < WORKERS; ) {
    if (shm.wait(words, COME, come, LOOK_UP) === 'timed-out') exitIfOrphan();
  }
  const take = () => {
    const task = states.indexOf(TODO);
    if (task !== -1) states[task] = me;
    return task;
  };
  let taken = 0;
  const accident = (worker) => me === worker && taken === 1 && process.kill(process.pid, 'SIGKILL');
  while (Atomics.load(words, OPEN) > 0) {
    exitIfOrphan(); // nobody wants the results any more
    const open = Atomics.load(words, OPEN);
    const task = locked(tasks, take);
    if (task === -1) {
      shm.wait(words, OPEN, open, LOOK_UP); // others have the rest; one of them may die
      continue;
    }
    taken++;
    accident(1); // with a task in hand
    const result = task * task; // the work
    shm.wait(words, COME, Atomics.load(words, COME), 1); // that takes a while
    locked(tasks, () => {
      results[task] = result;
      states[task] = DONE;
      accident(2); // with the lock, and the list half changed
      Atomics.sub(words, OPEN, 1);
    });
    shm.notify(words, OPEN);
  }
  process.exit();
}

async function main(count) {
  const words = shm.create(STATE + 2 * count, 'Int32Array');
  const tasks = tasksOf(words);
  const { states, results } = tasks;
  words[OPEN] = count;
  const env = { KEY: words.key, PARENT: process.pid };
  let running = 0;
  const start = () => {
    cluster.fork(env);
    running++;
  };
  cluster.on('exit', (worker) => {
    running--;
    if (Atomics.load(words, OPEN) === 0) return;
    console.log(`worker ${worker.id} died`);
    locked(tasks, () => states.forEach((state, task) => state === worker.id && (states[task] = TODO)));
    start();
  });
  for (let i = 0; i < WORKERS; i++) start();
  for (let open; (open = Atomics.load(words, OPEN)) > 0; ) await shm.waitAsync(words, OPEN, open, { ref: true });
  const right = results.every((result, task) => result === task * task);
  console.log(`${count} tasks done, ${right ? 'all right' : 'some wrong'}`);
  while (running > 0) await once(cluster, 'exit'); // the last one may only be starting
  shm.destroy(words.key);
}

if (isPrimary) main(Number(process.argv[2] || 1000));
else work();
