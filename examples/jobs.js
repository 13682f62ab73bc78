'use strict';
// Jobs for cluster workers, of which one is killed with a job in its hands: another one gets it.
//
//   node examples/jobs.js [jobs]

const cluster = require('cluster');
const { randomInt } = require('crypto');
const shm = require('shm-typed-array');

const WORKERS = 3;
const isPrimary = cluster.isPrimary === undefined ? cluster.isMaster : cluster.isPrimary;

/** Ends when the channel is closed, or when whoever started it is gone. */
async function work() {
  process.on('disconnect', () => process.exit());
  const jobs = new shm.Channel(Number(process.env.JOBS));
  const results = new shm.Channel(Number(process.env.RESULTS));
  for await (const message of jobs) {
    const { number } = JSON.parse(message.data.toString());
    if (number === 10 && message.deliveries === 0) process.kill(process.pid, 'SIGKILL');
    await results.sendAsync(JSON.stringify({ number, square: number * number }));
  }
  process.exit();
}

async function main(count) {
  // Segments go with the last process that has them, also if this one is killed.
  const [JOBS, RESULTS] = [randomInt(1, 2 ** 31), randomInt(1, 2 ** 31)];
  const jobs = new shm.Channel(JOBS, { slots: 16, size: 256 });
  const results = new shm.Channel(RESULTS, { slots: 16, size: 256 });
  process.on('exit', () => [JOBS, RESULTS].forEach((key) => shm.destroy(key)));
  cluster.on('exit', (worker, code, signal) => signal && console.log(`worker ${worker.id} was killed`));
  for (let i = 0; i < WORKERS; i++) cluster.fork({ JOBS, RESULTS });

  const send = async () => {
    for (let number = 0; number < count; number++) await jobs.sendAsync(JSON.stringify({ number }));
  };
  send();
  const squares = new Map();
  for await (const message of results) {
    const { number, square } = JSON.parse(message.data.toString());
    squares.set(number, square); // a job that was done and not given back is done twice
    if (squares.size === count) break;
  }
  jobs.close();
  const right = Array.from(squares).every(([number, square]) => square === number * number);
  console.log(`${squares.size} jobs done, ${right ? 'all right' : 'some wrong'}`);
}

if (isPrimary) main(Number(process.argv[2] || 1000));
else work();
