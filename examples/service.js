'use strict';
// A small service: a cluster whose workers share a queue of jobs, their results, a cache and a lock. docs/tutorial.md
// explains it.
//
//   node examples/service.js [port]
//
//   curl -X POST localhost:8080/jobs/12    queues a job
//   curl localhost:8080/jobs/12            its result, once it is done
//   curl localhost:8080/rates              a value that one worker computes for all
//   kill -HUP PID                          a rolling reload: each worker is replaced by a new one
//   kill -TERM PID                         a clean shutdown: jobs that run are finished, queued ones wait for the next start

const cluster = require('cluster');
const { once } = require('events');
const http = require('http');
const shm = require('shm-typed-array');

const port = Number(process.argv[2] || 8080);
const WORKERS = 2;

const jobs = new shm.Channel(`/service-jobs-${port}`, { slots: 1000, size: 1024 });
const results = new shm.SharedMap(`/service-results-${port}`, { bytes: 16e6, evict: true });

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A job can be done twice, if its worker is killed at the very end. So it writes its result under its id.
async function doJob(message) {
  const { id } = message.json();
  await sleep(5);
  results.set(`job:${id}`, { square: id * id, by: process.pid }, { ttl: 3600e3 });
}

function onFailure(error, message) {
  console.error(`job ${message.text()} failed for good: ${error.message}`);
}

const fetchRates = async () => ({ EUR: 1, USD: 1.1, at: Date.now() });

async function answer({ method, url }) {
  const [, digits] = /^\/jobs\/(\d+)$/.exec(url) || [];
  const id = Number(digits);
  if (url === '/rates') return [200, await results.compute('rates', fetchRates, { ttl: 60e3, stale: 10e3 })];
  if (digits === undefined) return [404];
  if (method === 'POST') return [jobs.trySend({ id }) ? 202 : 503]; // 503: the queue is full
  const result = results.get(`job:${id}`);
  return result === undefined ? [404] : [200, result];
}

// One worker of all does this, until it ends. Then another one takes over.
async function lead({ ownerDied }, signal) {
  console.log(`${process.pid} leads${ownerDied ? ', the last leader was killed' : ''}`);
  const timer = setInterval(() => results.prune(), 60e3);
  await once(signal, 'abort');
  clearInterval(timer);
}

function work() {
  const stopping = new AbortController();
  const { signal } = stopping;
  const server = http.createServer(async (request, response) => {
    const [status, body = null] = await answer(request).catch((error) => [500, error.message]);
    response.writeHead(status, { connection: 'close' }).end(JSON.stringify(body));
  });
  server.listen(port);
  const ends = [
    jobs.consume(doJob, { signal, concurrency: 4, retries: 3, onFailure }),
    shm.locks.request(`service-${port}`, { signal }, (lock) => lead(lock, signal)),
    once(server, 'close'),
  ];
  process.on('message', async () => {
    stopping.abort(); // no further job is taken
    server.close(); // no further connection
    await Promise.allSettled(ends);
    process.exit();
  });
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => {}); // the primary says when to stop
}

async function stop(worker) {
  if (worker.isConnected()) worker.send('stop');
  if (!worker.isDead()) await once(worker, 'exit');
}

function manage() {
  let isStopping = false;
  const expected = new Set(); // workers that were told to stop

  const endAll = async () => {
    isStopping = true;
    await Promise.all(Object.values(cluster.workers).map(stop));
    process.exit();
  };
  const reload = async () => {
    for (const old of Object.values(cluster.workers)) {
      await once(cluster.fork(), 'listening');
      expected.add(old);
      await stop(old);
    }
    console.log('reloaded');
  };

  cluster.on('exit', (worker) => isStopping || expected.delete(worker) || cluster.fork());
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, endAll);
  process.on('SIGHUP', reload);
  for (let i = 0; i < WORKERS; i++) cluster.fork();
}

if (cluster.isPrimary) manage();
else work();
