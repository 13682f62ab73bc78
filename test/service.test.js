'use strict';
// The tutorial's service loses no job: while it is reloaded, when a worker is killed, and from one start to the next.

const { spawn } = require('child_process');
const http = require('http');
const path = require('path');
const test = require('tape');
const { execPath, isBun, isDeno, nodeMajor, outcome, shm, track, until } = require('./support');

const skip =
  (nodeMajor < 16 && 'it is for Node 16 and newer') ||
  ((isBun || isDeno) && 'cluster hands out connections otherwise') ||
  (process.env.SHM_TEST_EXEC !== undefined && 'cluster starts the executable itself, without its wrapper');

const port = 20000 + (process.pid % 40000);
const file = path.join(__dirname, '..', 'examples', 'service.js');

function ask(method, url) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, method, path: url, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(body) }));
    });
    request.setTimeout(1000, () => request.destroy(new Error('no answer')));
    request.on('error', reject).end();
  });
}

/** The service, once both workers answer; `stop(signal)` gives how it ended. */
async function start() {
  const child = spawn(execPath, [file, String(port)], { stdio: 'pipe' });
  const end = outcome(child);
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  await until(() => output.includes('leads'), 'a worker leads');
  const leaders = () => output.match(/\d+(?= leads)/g).map(Number);
  const stop = (signal) => child.kill(signal) && end;
  return { child, leaders, stop, printed: () => output };
}

async function queue(ids) {
  for (const id of ids) {
    // Node.js forgets a connection that it has handed to a worker which is killed: the client asks again.
    const answer = await ask('POST', `/jobs/${id}`).catch(() => ask('POST', `/jobs/${id}`));
    if (answer.status !== 202) throw new Error(`job ${id}: ${answer.status}`);
  }
}

const idsOf = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

test('the service loses no job', { skip }, async (t) => {
  const keys = [track(`/service-jobs-${port}`), track(`/service-results-${port}`)];
  const service = await start();
  const [jobs, results] = [new shm.Channel(keys[0]), new shm.SharedMap(keys[1])];
  const send = (ids) => ids.forEach((id) => jobs.trySend({ id }) || t.fail('the queue is full'));
  try {
    send(idsOf(0, 200));
    const sending = queue(idsOf(200, 300));
    service.child.kill('SIGHUP'); // while both workers have jobs
    await until(() => service.printed().includes('reloaded'), 'it is reloaded');
    await sending;
    send(idsOf(300, 500));
    await until(() => results.has('job:310'), 'it is at work on them');
    process.kill(service.leaders().pop(), 'SIGKILL'); // with jobs in its hands
    await queue(idsOf(500, 600));
    await until(() => /the last leader was killed/.test(service.printed()), 'another worker leads');
    t.equal((await ask('GET', '/rates')).body.USD, 1.1, 'it answers');
  } finally {
    const { code, stderr } = await service.stop('SIGTERM');
    t.equal(code, 0, stderr || 'it ends cleanly');
  }

  // What is queued waits for the next start.
  send(idsOf(600, 700));
  const again = await start();
  try {
    await until(() => idsOf(0, 700).every((id) => results.has(`job:${id}`)), 'every job is done');
    t.ok(idsOf(0, 700).every((id) => results.get(`job:${id}`).square === id * id), '700 jobs');
    t.equal((await ask('GET', '/jobs/699')).body.square, 699 * 699, 'a result');
  } finally {
    t.equal((await again.stop('SIGINT')).code, 0, 'Ctrl-C ends it cleanly');
  }
  jobs.destroy();
  results.destroy();
});
