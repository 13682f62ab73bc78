'use strict';
// Jobs for cluster workers: one job fails the first time, and one worker is killed with a job in its hands. Both jobs
// are done in the end, by whoever is there.
//
//   node examples/jobs.js [jobs]

const cluster = require('cluster');
const { randomInt } = require('crypto');
const shm = require('shm-typed-array');

const WORKERS = 3;

/** Ends when the channel is closed, or when whoever started it is gone. */
async function work({ JOBS, RESULTS }) {
  process.on('disconnect', () => process.exit());
  const results = new shm.Channel(Number(RESULTS));
  await new shm.Channel(Number(JOBS)).consume(async (message) => {
    const { number } = message.json();
    if (message.deliveries === 0) trouble(number);
    await results.send({ number, square: number * number });
  });
  process.exit();
}

function trouble(number) {
  if (number === 10) process.kill(process.pid, 'SIGKILL');
  if (number === 20) throw new Error('not the first time');
}

async function main(count) {
  // Segments go with the last process that has them, also if this one is killed.
  const [JOBS, RESULTS] = [randomInt(1, 2 ** 31), randomInt(1, 2 ** 31)];
  const jobs = new shm.Channel(JOBS, { slots: 16, size: 256 });
  const results = new shm.Channel(RESULTS, { slots: 16, size: 256 });
  process.on('exit', () => [jobs, results].forEach((channel) => channel.destroy()));
  cluster.on('exit', (worker, _, signal) => signal && console.log(`worker ${worker.id} was killed`));
  for (let i = 0; i < WORKERS; i++) cluster.fork({ JOBS, RESULTS });

  for (let number = 0; number < count; number++) jobs.send({ number }); // they wait for free slots, in their order
  const squares = new Map();
  for await (const message of results) {
    const { number, square } = message.json();
    squares.set(number, square); // a job whose worker died after it had sent the result is done twice
    if (squares.size === count) break;
  }
  jobs.close();
  const right = Array.from(squares).every(([number, square]) => square === number * number);
  console.log(`${squares.size} jobs done, ${right ? 'all right' : 'some wrong'}`);
}

if (cluster.isPrimary) main(Number(process.argv[2] || 1000));
else work(process.env);
