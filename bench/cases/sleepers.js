'use strict';
// What a message costs all processes together where many sleep for it, and what many waiters for locks cost while nothing
// happens. Run as a program, this is one who sleeps, or one who holds the locks.

const { fork } = require('child_process');
const fs = require('fs');
const shm = require('../..');
const waiting = require('../../lib/wait');
const { interleave } = require('../statistics');

const WAITERS = 4000;
const LONG = 4000; // milliseconds
const MESSAGES = 60;

const once = (child) => new Promise((resolve) => child.once('message', resolve));
const after = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Microseconds of a processor that processes have used, of all their threads. */
function processorTime(pids) {
  const ofThread = (pid, thread) => Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return pids.reduce((sum, pid) => sum + fs.readdirSync(`/proc/${pid}/task`).reduce((own, thread) => own + ofThread(pid, thread), 0), 0) / 1000;
}

const roles = {
  /** Gives each message back by the other channel. */
  async promises(key) {
    const [there, back] = [new shm.Channel(key, { size: 64 }), new shm.Channel(`${key}-back`, { size: 64 })];
    process.send('ready');
    for await (const message of there) await back.send(message.data);
  },
  blocking(key) {
    const [there, back] = [new shm.Channel(key, { size: 64 }), new shm.Channel(`${key}-back`, { size: 64 })];
    const data = Buffer.alloc(64);
    process.send('ready', () => {
      for (;;) back.sendSync(data.subarray(0, there.receiveIntoSync(data)));
    });
  },
  holder(key) {
    const words = shm.get(key, 'Int32Array');
    for (let i = 0; i < WAITERS; i++) new shm.Mutex(words, i).lockSync();
    setInterval(() => {}, LONG);
    process.send('ready');
  },
};

async function started(role, key) {
  const child = fork(__filename, [role, key]);
  await once(child);
  return child;
}

/** Does `work` with a `notify` that wakes all, also where the package has one woken. */
async function wakingAll(work) {
  const { notify } = waiting;
  waiting.notify = (words, index) => notify(words, index);
  try {
    return await work();
  } finally {
    waiting.notify = notify;
  }
}

/** Microseconds of processor time for a message to one of so many who sleep, by name of who is woken. */
async function messages(bench, role, sleepers, label) {
  const { first: key } = bench.keys('posix', 1);
  const [there, back] = [key, `${key}-back`].map((name) => new shm.Channel(bench.track(name), { size: 64 }));
  const children = [];
  for (let i = 0; i < sleepers; i++) children.push(await started(role, key));
  const pids = children.map(({ pid }) => pid).concat(process.pid);
  const data = Buffer.alloc(64);
  // They sleep again before the next one. The reply is waited for by a timer: to look for it would be counted, too.
  const send = async () => {
    there.sendSync(data);
    do await after(3); while (back.tryReceiveInto(data) === null);
  };
  const count = bench.smoke ? 1 : MESSAGES;
  const round = async () => {
    const before = processorTime(pids);
    for (let i = 0; i < count; i++) await send();
    return (processorTime(pids) - before) / count;
  };
  const numbers = await interleave({ this: round, 'all woken': () => wakingAll(round) }, bench.rounds(11), bench.round(label));
  children.forEach((child) => child.kill('SIGKILL'));
  there.destroy();
  back.destroy();
  return numbers;
}

/** Percent of a processor that so many pending locks take while nothing happens. */
async function waiters(bench) {
  const { first: key } = bench.keys('posix', 1);
  const words = shm.create(WAITERS, 'Int32Array', bench.track(key));
  const holder = await started('holder', key);
  const ends = Array.from({ length: WAITERS }, (_, index) => new shm.Mutex(words, index).lock().catch(() => {}));
  await after(bench.smoke ? 10 : 2000);
  const long = bench.smoke ? 100 : LONG;
  const shares = [];
  for (let round = 0; round < bench.rounds(3); round++) {
    const before = process.cpuUsage();
    await after(long);
    const { user, system } = process.cpuUsage(before);
    shares.push((user + system) / long / 10);
  }
  shm.detach(key);
  await Promise.all(ends);
  holder.kill('SIGKILL');
  return shares;
}

/** By how many sleep. */
const bars = { 1: 1.03, 4: null, 16: 0.5 };

async function run(bench) {
  if (process.platform !== 'linux') return [];
  const rows = [];
  for (const role of ['promises', 'blocking']) {
    for (const sleepers of Object.keys(bars)) {
      const label = `a message, ${sleepers} asleep, ${role}`;
      rows.push({ label, unit: 'µs', numbers: await messages(bench, role, Number(sleepers), label), bars: { 'all woken': bars[sleepers] } });
    }
  }
  rows.push({ label: '4,000 waiters of `lock()`', unit: '%', numbers: { this: await waiters(bench) }, limit: 1 });
  return rows;
}

module.exports = {
  name: 'sleepers',
  title: 'Many who wait',
  note: 'Processor time of all processes for a message where 1, 4 or 16 of them sleep for one, its reply included; beside, where all are woken for each message. And the share of a processor that pending locks take while nothing happens.',
  run,
};

if (require.main === module) roles[process.argv[2]](process.argv[3]);
