'use strict';
// A job pool: a cluster takes jobs by a flag each, results are in further segments, workers detach as they exit

const cluster = require('cluster');
const shm = require('shm-typed-array');

const JOBS = 12;
if (cluster.isMaster) {
  const jobs = shm.create(JOBS, 'Int32Array');
  Array.prototype.fill.call(jobs, 1);
  const results = Array.from({ length: JOBS }, () => shm.create(40000, 'Buffer'));
  const keys = { jobsKey: jobs.key, resultKeys: results.map((result) => result.key) };
  let running = 3;
  for (let index = 0; index < running; index++) {
    const worker = cluster.fork();
    worker.on('online', () => worker.send(keys));
    worker.on('exit', (code, signal) => {
      console.log('a worker ended', code, signal);
      if (--running > 0) return;
      console.log(Array.from(jobs).join(''), results.map((result, job) => result.readUInt32LE(0) === job ** 2 && result[39999]).join(''));
      console.log(results.map((result) => shm.detach(result.key)).join(''), shm.getTotalSize(), shm.getTotalCreatedSize());
    });
  }
} else {
  let taken = [];
  process.on('exit', () => {
    const left = taken.map(([key]) => shm.detach(key));
    if (left.some((count) => count < 1)) console.log('detach', left);
    taken = [];
  });
  process.on('message', ({ jobsKey, resultKeys }) => {
    const jobs = shm.get(jobsKey, 'Int32Array');
    for (let job = 0; job < jobs.length; job++) {
      if (Atomics.compareExchange(jobs, job, 1, 2) !== 1) continue;
      const result = shm.get(resultKeys[job]);
      taken.push([resultKeys[job], result]);
      result.fill(1);
      result.writeUInt32LE(job ** 2, 0);
      Atomics.store(jobs, job, 3);
    }
    process.exit();
  });
}
