'use strict';
// The examples of waiting, locking and messages do what they say, and leave nothing behind.

const { spawn } = require('child_process');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const test = require('tape');
const { execPath, freshName, isBun, isDeno, isLinux, nodeMajor, outcome, runScript, shm, track, until } = require('./support');

const fileOf = (name) => path.join(__dirname, '..', 'examples', `${name}.js`);
const example = (name, ...args) => runScript(fileOf(name), args);

// Deno forks without the permissions that its parent was given.
const skip =
  (nodeMajor < 16 && 'Atomics refuse these arrays before Node 16') ||
  (isDeno && 'Deno forks otherwise') ||
  (process.env.SHM_TEST_EXEC !== undefined && 'fork starts the executable itself, without its wrapper');

test('jobs: all are done, though a worker is killed', { skip }, async (t) => {
  const end = await example('jobs', '1000');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^worker \d was killed$/m);
  t.match(end.stdout, /^1000 jobs done, all right$/m);
});

test('request-reply: every request has its reply', { skip }, async (t) => {
  const end = await example('request-reply', '1000');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^1000 replies, all right$/m);
});

test('semaphore: never more than there are permits, and those of the dead come back', { skip }, async (t) => {
  const end = await example('semaphore', '5');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^at most [1-3] of 3 permits were used, 3 are free in the end$/m);
});

test('leader: another one takes over from a killed one', { skip }, async (t) => {
  const end = await example('leader');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^worker \d leads\nworker \d took over\nworker \d took over\n$/);
});

test('at-most: never more calls than there are permits', { skip }, async (t) => {
  const end = await example('at-most', '80');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^80 calls, at most ([2-9]|10) at a time\n$/);
});

test('one-writer: of several programs none loses a count', { skip }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-test-'));
  const file = path.join(folder, 'count');
  const ends = await Promise.all([1, 2, 3].map(() => example('one-writer', file, '20')));
  t.deepEqual(ends.map(({ code, stderr }) => [code, stderr]), Array(3).fill([0, '']));
  t.equal(fs.readFileSync(file, 'utf8'), '60');
  fs.rmSync(folder, { recursive: true });
});

test('seqlock: no reader sees half an update', { skip }, async (t) => {
  const end = await example('seqlock', '20000');
  t.equal(end.code, 0, end.stderr);
  const reads = (end.stdout.match(/^\d+(?= reads, 0 torn records$)/gm) || []).map(Number);
  t.ok(reads.length === 2 && Math.min(...reads) > 1, end.stdout); // more than the last update alone
});

test('rate-limit: an address gets as many answers as it may, from all workers together', { skip }, async (t) => {
  const port = 20000 + (process.pid % 40000);
  const name = `/rate-limit-${port}`;
  track(name);
  const server = spawn(execPath, [fileOf('rate-limit'), String(port), '100', '600000', '127.0.0.1,10.9.9.9'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let listening = 0;
  server.stdout.on('data', (chunk) => (listening += String(chunk).split('listening').length - 1));
  try {
    await until(() => listening === 4, 'all workers');
    const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
    const fire = (address) => Promise.all(Array.from({ length: 150 }, () => statusOf(port, address)));
    const answers = await Promise.all(addresses.map(fire));
    for (const codes of answers) {
      t.deepEqual([200, 429].map((code) => codes.filter((found) => found === code).length), [100, 50]);
    }
    t.equal(await statusOf(port, 'x'.repeat(9000)), 200, 'a header that is no address');
    t.equal(await statusOf(port, '10.0.0.77, 10.0.0.1'), 429, 'what a client has put in front of its address');
    t.equal(await statusOf(port, '10.0.0.1, 10.9.9.9'), 429, 'by way of two proxies');
    t.equal(await statusOf(port, '10.0.0.1, 10.0.0.78'), 200, 'what comes by way of somebody else is his');
  } finally {
    const end = outcome(server);
    server.kill('SIGTERM');
    await end;
  }
  t.equal(shm.stat(name), null, 'the map has gone');
});

function statusOf(port, address) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', agent: false, headers: { 'x-forwarded-for': address } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
  });
}

test('session-cache: no change is lost', { skip }, async (t) => {
  const end = await example('session-cache');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /visits: 4000,?\s*} undefined/);
});

test('keyv: another process gets what one has stored', { skip }, async (t) => {
  const end = await example('keyv');
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^\{\s+born: 1815,?\s+\}\n$/);
});

/** keyv 5 is what the examples name; 6 came with other ways to treat a store. */
for (const [version, separator] of [['keyv', ':'], ['keyv-6', '::']]) {
  test(`${version}: its store keeps namespaces apart, and knows what has expired`, { skip }, async (t) => {
    const { Keyv } = require(version);
    const { SharedStore } = require('../examples/keyv');
    const name = track(freshName());
    const [users, places, everything] = ['users', 'places', undefined].map((namespace) => {
      return new Keyv({ store: new SharedStore(name, { bytes: 1e6 }), namespace, throwOnErrors: true });
    });
    const map = new shm.SharedMap(name);
    await users.set('a', { bytes: Buffer.from('bytes'), ü: [1] });
    await places.set('a', 'a place');
    await users.set('gone', 1, 5);
    await until(() => map.ttl(`users${separator}gone`) === undefined, 'it has expired');
    t.deepEqual(await users.get('a'), { bytes: Buffer.from('bytes'), ü: [1] });
    t.deepEqual(await users.get(['b', 'gone']), [undefined, undefined]);
    t.deepEqual([await users.has('a'), await users.has('gone'), await users.delete('b')], [true, false, false]);
    t.equal(map.ttl(`users${separator}a`), Infinity);
    await users.clear();
    t.deepEqual([await users.get('a'), await places.get('a')], [undefined, 'a place'], 'what others have stays');
    try {
      await users.set('large', 'x'.repeat(1e6));
      t.fail('it is too large');
    } catch (error) {
      t.equal(error.code, 'ERR_SHM_ENTRY_SIZE');
    }
    if (separator === '::') {
      const found = [];
      for await (const entry of places.iterator()) found.push(entry);
      t.deepEqual(found, [['a', 'a place']]);
    }
    await everything.clear();
    t.equal(await places.get('a'), undefined);
    shm.destroy(name);
  });
}

/** The keys of the segments that a process has mapped; none if it has ended. */
function segmentsOf(pid) {
  const keys = readIfThere(`/proc/${pid}/maps`).match(/(?<=\/SYSV)[0-9a-f]{8}/g) || [];
  return keys.map((key) => parseInt(key, 16));
}

const childrenOf = (pid) => readIfThere(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
    throw error;
  }
}

const skipOrphans = skip || (!isLinux && 'looks into /proc') || (isBun && 'Bun does not tell of a new parent');

// A worker of `jobs` kills itself once; were it the last one, it would leave the memory.
for (const [name, children, printed, rounds] of [['jobs', 2, 'was killed', 100000], ['seqlock', 2, '', 1000000]]) {
  test(`${name}: when its first process is killed, the others end and leave nothing`, { skip: skipOrphans }, async (t) => {
    const first = spawn(execPath, [fileOf(name), String(rounds)], { detached: true, stdio: 'pipe' });
    // Its output ends when the last one that has inherited it does.
    const end = outcome(first);
    let output = '';
    first.stdout.on('data', (chunk) => (output += chunk));
    try {
      const isAtWork = (pid) => segmentsOf(pid).length > 0;
      await until(() => output.includes(printed), `what it prints: ${printed}`);
      await until(() => childrenOf(first.pid).filter(isAtWork).length >= children, 'all processes at work');
      const keys = segmentsOf(first.pid).map(track);
      first.kill('SIGKILL');
      const late = setTimeout(killGroup, 20000, first.pid);
      t.equal((await end).signal, 'SIGKILL');
      clearTimeout(late);
      t.deepEqual(keys.map(shm.stat), keys.map(() => null), 'all have ended by themselves');
    } finally {
      killGroup(first.pid);
    }
  });
}

/** Ends what is left of a process and its children, if anything is. */
function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
