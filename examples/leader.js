'use strict';
// node examples/leader.js: three workers run the same program. One of them runs the schedule; when it is killed,
// another takes over.

const { fork } = require('child_process');
const { locks } = require('..');

if (process.argv[2] === 'worker') {
  locks.request(process.argv[3], (lock) => {
    process.send(lock.ownerDied ? 'took over' : 'leads');
    return new Promise(() => {}); // for life
  });
  process.on('disconnect', () => process.exit());
} else {
  main();
}

async function main() {
  await locks.query(); // The memory of the locks is transient: with this process it outlives a worker that dies alone.
  const name = `schedule-${process.pid}`;
  const workers = [1, 2, 3].map(() => fork(__filename, ['worker', name]));
  let kills = 2;
  for (const worker of workers) {
    worker.on('message', (text) => {
      console.log(`worker ${workers.indexOf(worker) + 1} ${text}`);
      if (kills-- > 0) worker.kill('SIGKILL');
      else workers.forEach((other) => other.connected && other.disconnect());
    });
  }
}
