'use strict';
// Jobs of many machines: a Redis stream hands them to machines, a Channel to the processes of one. Each is done at
// least once, whatever is killed. It needs `npm install redis` and a server, 6.2 or newer.
//
//   node examples/jobs-from-redis.js redis://127.0.0.1:6379

const { fork } = require('child_process');
const { createClient } = require('redis');
const shm = require('shm-typed-array');

const GROUP = 'machines';

/** The one process of a machine that talks to Redis. It takes as many jobs as the machine's channel has slots. */
async function feed(redis, { stream, machine, jobs, done, idle, signal }) {
  await redis.xGroupCreate(stream, GROUP, '0', { MKSTREAM: true }).catch((error) => {
    if (!error.message.startsWith('BUSYGROUP')) throw error;
  });
  // What workers have done is told to Redis; until then it is pending there, under this machine's name.
  const acknowledging = done.consume((message) => redis.xAck(stream, GROUP, message.text()));
  const send = async (found) => {
    for (const { id, message } of found) await jobs.send({ id, data: message.data });
  };
  while (!signal.aborted) {
    // Jobs of machines that have not told of them for that long; of this one, too, if its memory was lost.
    const { messages } = await redis.xAutoClaim(stream, GROUP, machine, idle, '0', { COUNT: 8 });
    await send(messages.filter((message) => message !== null));
    const found = await redis.xReadGroup(GROUP, machine, { key: stream, id: '>' }, { COUNT: 8, BLOCK: 100 });
    if (found !== null) await send(found[0].messages);
  }
  jobs.close(); // workers finish what is queued
  return acknowledging;
}

/** A process that works. It knows nothing of Redis. */
async function work(machine) {
  const [jobs, done] = channels(machine);
  await jobs.consume(async (message) => {
    const { id, data } = message.json();
    if (data === 'kills' && message.deliveries === 0) process.kill(process.pid, 'SIGKILL');
    await new Promise((resolve) => process.send({ machine, data }, resolve));
    await done.send(id);
  });
  process.disconnect();
}

function channels(machine) {
  const options = { slots: 8, size: 1000, transient: true };
  return [new shm.Channel(`/jobs-${machine}`, options), new shm.Channel(`/done-${machine}`, options)];
}

async function main(url) {
  const redis = await createClient({ url }).on('error', console.error).connect();
  const stream = `jobs-${process.pid}`;
  for (let job = 0; job < 100; job++) await redis.xAdd(stream, '*', { data: job === 50 ? 'kills' : String(job) });

  const jobsDone = new Set();
  const machines = ['a', 'b'].map((letter) => `${letter}-${process.pid}`).map((machine) => {
    const [jobs, done] = channels(machine);
    const stop = new AbortController();
    const workers = [1, 2].map(() => fork(__filename, [url, machine]));
    workers.forEach((worker) => worker.on('message', ({ data }) => jobsDone.add(data)));
    const client = redis.duplicate(); // a client of its own: it blocks
    const fed = client.connect().then(() => feed(client, { stream, machine, jobs, done, idle: 5000, signal: stop.signal }));
    return { jobs, done, stop, fed, client, ends: workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))) };
  });

  while ((await redis.xPending(stream, GROUP).catch(() => ({ pending: 1 }))).pending > 0 || jobsDone.size < 100) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const { stop, ends, done, fed, client, jobs } of machines) {
    stop.abort();
    await Promise.all(ends);
    done.close();
    await fed;
    await client.close();
    jobs.detach();
    done.detach();
  }
  console.log(`${jobsDone.size} jobs done, ${(await redis.xPending(stream, GROUP)).pending} pending`);
  await redis.del(stream);
  await redis.close();
}

if (require.main === module) {
  const [url = 'redis://127.0.0.1:6379', machine] = process.argv.slice(2);
  (machine ? work(machine) : main(url)).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

module.exports = { feed };
