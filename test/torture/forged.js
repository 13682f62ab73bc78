'use strict';
// Memory of a Channel, Topic, SharedMap or LockManager that a grammar has forged, for everything that reads it: their
// calls, and the command. Each call ends with a result or with an error that tells; in bounded time, of the processor's,
// and bounded memory. `--case=N` with the seed repeats one.

const { ownNumber } = require('../../lib/runtime/owner');
const { forge, kinds, ownersOf } = require('./support/grammar');
const { amount, check, ended, freshName, nextMessage, option, random, run, seed, shm, start } = require('./support/harness');

/** What a call may take beyond what its memory's size allows: milliseconds of the processor's, bytes, bytes printed. */
const MOST_MILLISECONDS = 400;
const MOST_BYTES = 64e6;
const MOST_PRINTED = 1e6;

/** What each megabyte of memory may take besides. */
const MILLISECONDS_FOR_MB = 400;
const BYTES_FOR_MB = 50e6;

/** After so many milliseconds in one call a process is taken to go round in circles, or to sleep for ever. */
const STALLED_AFTER = 30000;

const JSON_OR_NOT = (borrowed) => {
  try {
    borrowed.json();
  } catch (error) {
    check(error instanceof SyntaxError, 'JSON or not', error);
  }
};

/** Honest structures of each kind, small or larger: made by real calls, with what the grammar has to know. */
const scenes = {
  channel(name, next) {
    const values = { slots: 1 + next(next(8) === 0 ? 2000 : 9), size: 12 + next(200) };
    const channel = new shm.Channel(name, values);
    for (let count = next(values.slots + 1); count > 0; count--) channel.trySend('x'.repeat(next(values.size)));
    const taken = next(2) === 0 ? channel.tryReceive() : null;
    return { values, object: channel, held: [taken, next(2) === 0 ? channel.tryLoan() : null] };
  },
  topic(name, next) {
    const values = { size: 12 + next(200), history: 1 + next(next(8) === 0 ? 500 : 5), readers: 1 + next(5) };
    const topic = new shm.Topic(name, values);
    for (let count = next(8); count > 0; count--) topic.tryPublish('x'.repeat(next(values.size)));
    return { values, object: topic, held: [next(2) === 0 ? topic.latest() : null] };
  },
  map(name, next) {
    const entries = next(8) === 0 ? 5000 : 30;
    const map = new shm.SharedMap(name, { bytes: entries * 200 + 16000, entries, maxEntry: 500, evict: next(2) === 0, timeout: 60 });
    for (let index = next(40); index > 0; index--) map.set(`key ${index}`, [index, 'x'.repeat(index * 5), { json: [index] }, Buffer.alloc(index)][next(4)]);
    const [shards, slots, units] = shm.get(name, 'Int32Array').subarray(2, 5);
    return { values: { shards, slots, units }, object: map, held: [] };
  },
  locks(name, next) {
    const values = { requests: 4 + next(next(8) === 0 ? 5000 : 9) };
    const locks = new shm.LockManager(name, values);
    for (let count = next(4); count > 0; count--) locks.requestSync(`lock ${count}`, { ifAvailable: true }, () => {});
    const held = [];
    if (next(2) === 0) locks.request('lock 1', { ifAvailable: true }, () => new Promise((resolve) => held.push({ release: resolve }))).catch(isTelling);
    return { values, object: locks, held };
  },
};

/** The calls that read or change each kind. */
const calls = {
  channel: (channel, name) => [
    () => channel.trySend('text'),
    () => look(channel.tryReceive()),
    () => look(channel.tryReceive(), 'putBack'),
    () => channel.tryReceiveInto(Buffer.alloc(channel.size)),
    () => channel.receiveSync({ timeout: 0 }),
    () => channel.sendSync({ json: 1 }, { timeout: 0 }),
    () => {
      const loan = channel.tryLoan();
      if (loan !== null && !loan.trySend()) loan.release();
    },
    () => JSON.stringify(channel),
    () => new shm.Channel(name, { overflow: 'drop-oldest' }).trySend('text'),
    () => channel.close(),
  ],
  topic: (topic, name) => [
    () => look(topic.latest()),
    () => look(topic.tryReceive()),
    () => topic.receiveSync({ timeout: 0 }),
    () => topic.tryPublish('text'),
    () => topic.publishSync('text', { timeout: 0 }),
    () => {
      const loan = topic.tryLoan();
      if (loan !== null) loan.release();
    },
    () => JSON.stringify(topic),
    () => topic.leave(),
    () => look(new shm.Topic(name).latest()),
    () => topic.close(),
  ],
  map: (map, name) => [
    () => map.get('key 1'),
    () => map.ttl('key 2'),
    () => map.has('key 3'),
    () => map.set('key 4', 'x'.repeat(200)),
    () => map.set('key 5', 5),
    () => map.increment('key 6'),
    () => map.update('key 7', (old) => (old === undefined ? 'new' : undefined)),
    () => map.delete('key 8'),
    () => map.touch('key 9', 1000),
    () => Array.from(map).length,
    () => map.stats(),
    () => map.prune(),
    () => new shm.SharedMap(name, { readOnly: true, timeout: 60 }).get('key 1'),
    () => new shm.SharedMap(name, { timeout: 60 }).get('key 1'),
    () => map.clear(),
  ],
  locks: (locks, name) => [
    () => locks.requestSync('lock 1', { ifAvailable: true }, () => {}),
    () => locks.requestSync('lock 2', { timeout: 0 }, () => {}),
    () => locks.requestSync('lock 3', { mode: 'shared', timeout: 0 }, () => {}),
    () => locks.requestSync('lock 4', { permits: 2, timeout: 0 }, () => {}),
    () => locks.requestSync('lock 1', { steal: true }, () => {}),
    () => orPending(locks.query()),
    () => JSON.stringify(locks),
    () => new shm.LockManager(name).requestSync('lock 5', { timeout: 0 }, () => {}),
  ],
};

/** The same, or nothing after a second: a forged owner of the mutex may be a living thread, which is waited for. */
function orPending(promise) {
  return Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 1000))]);
}

/** Looks at all that a message or frame shows, and ends it. */
function look(borrowed, end = 'release') {
  if (borrowed === null) return;
  borrowed.text();
  JSON_OR_NOT(borrowed);
  check(borrowed.data.length === borrowed.length, 'its data is as long as it says');
  borrowed[end]();
}

/** The command's parts that look into memory; to look into all processes takes long on some machines. */
function commands(name) {
  const cli = (part) => require(`../../lib/cli/${part}`);
  cli('processes').findProcesses = () => ({ of: () => [{ pid: process.pid, name: 'node' }], unseen: '' });
  return [
    () => cli('stat').run({ keys: [name], flags: {} }),
    () => cli('stat').run({ keys: [name], flags: { json: true } }),
    () => cli('dump').run({ keys: [name], flags: {} }),
    () => cli('locks').run({ keys: [name], flags: {} }),
    () => cli('locks').run({ keys: [name], flags: { json: true } }),
    () => {
      const samples = new (cli('samples').Samples)([name], {});
      [samples.next(), samples.next()].forEach(({ entries }) => entries.forEach(({ structure, perSecond }) => structure && cli('facts').summaryOf(structure, perSecond)));
    },
  ];
}

/** Throws unless an error tells what is wrong with the memory. */
function isTelling(error) {
  // A forged size may have become too small for what is sent; a forged holder may have other permits, or be a thief.
  check(/^ERR_SHM_/.test(error.code) || error.name === 'AbortError' || /^The lock .* has { permits: \d+ } now/.test(error.message) || /^A message of \d+ bytes is too long/.test(error.message) || /^there (are no locks in|is no) /.test(error.message), 'an error that tells', error);
}

/** Runs a call within its bounds; whether it failed, as it may. */
async function bounded(what, megabytes, call) {
  process.send({ at: what });
  const before = { processor: process.cpuUsage(), memory: process.memoryUsage().rss };
  let printed = 0;
  const write = process.stdout.write;
  process.stdout.write = process.stderr.write = (text) => {
    printed += text.length;
    return true;
  };
  let error = null;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  } finally {
    delete process.stdout.write;
    delete process.stderr.write;
    if (process.stdout.write !== write) process.stdout.write = write;
  }
  if (error !== null) isTelling(error);
  const { user, system } = process.cpuUsage(before.processor);
  const milliseconds = (user + system) / 1000;
  const bytes = process.memoryUsage().rss - before.memory;
  check(milliseconds < MOST_MILLISECONDS + MILLISECONDS_FOR_MB * megabytes, `${what} ends soon`, `${milliseconds} ms`);
  check(bytes < MOST_BYTES + BYTES_FOR_MB * megabytes, `${what} takes little memory`, `${bytes} bytes`);
  check(printed < MOST_PRINTED, `${what} prints little`, `${printed} characters`);
  return error !== null;
}

/** One forged memory, and every call that looks at it. */
async function runCase(number, living) {
  const next = random(Math.imul(seed ^ number, 0x9e3779b1) || 1);
  for (let warm = 0; warm < 8; warm++) next(2);
  const kind = kinds[next(kinds.length)];
  const name = freshName();
  const { values, object, held } = scenes[kind](name, next);
  const given = { next, values, owners: ownersOf(ownNumber(), living, living ^ 1) };
  const forgeAll = () => forge(kind, shm.get(name, 'Int32Array'), given);
  const megabytes = shm.stat(name).size / 1e6;
  let errors = 0;
  const runAll = async (todo) => {
    for (const { call } of todo.map((one) => ({ call: one, at: next(2 ** 31) })).sort((one, other) => one.at - other.at)) {
      if (next(4) === 0) forgeAll();
      if (await bounded(`${kind}: ${call}`, megabytes, call)) errors++;
    }
    return todo.length;
  };
  forgeAll();
  let count = await runAll(calls[kind](object, name));
  count += await runAll(held.filter((borrowed) => borrowed !== null).map((borrowed) => () => borrowed.release()));
  await bounded(`${kind}: detach`, megabytes, () => object.detach());
  count += await runAll(commands(name)); // which detach what they look at
  shm.destroy(name);
  return { kind, calls: count, errors };
}

/** Runs cases one after the other, and tells of each. */
async function victim() {
  const [from, to, living] = ['from', 'to', 'living'].map((name) => Number(option(name)));
  // Deno sends no message before the event loop has turned.
  const tell = (message) => new Promise((resolve) => process.send(message, resolve));
  for (let number = from; number < to; number++) {
    await tell({ begun: number });
    try {
      await tell(await runCase(number, living));
    } catch (error) {
      await tell({ at: error.stack });
      process.exit(1);
    }
  }
  process.exit(0);
}

async function forgedMemory(counts) {
  const only = option('case');
  const [first, total] = only === undefined ? [0, amount(15000, 150)] : [Number(only), 1];
  const living = start(__filename, ['--role=living']);
  const number = await nextMessage(living);
  process.once('exit', () => living.kill('SIGKILL'));
  let now = first;
  let at = '';
  while (now < first + total) {
    const to = Math.min(now + 500, first + total);
    const child = start(__filename, [`--role=victim`, `--seed=${seed}`, `--from=${now}`, `--to=${to}`, `--living=${number}`]);
    let timer = null;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), STALLED_AFTER);
    };
    child.on('message', (message) => {
      watch();
      if (message.begun !== undefined) now = message.begun;
      else if (message.at !== undefined) ({ at } = message);
      else {
        counts[`forged ${message.kind}`] = (counts[`forged ${message.kind}`] || 0) + 1;
        counts.calls = (counts.calls || 0) + message.calls;
        counts['errors that tell'] = (counts['errors that tell'] || 0) + message.errors;
      }
    });
    watch();
    const { code, signal } = await ended(child);
    clearTimeout(timer);
    if (code !== 0) living.disconnect();
    check(code === 0, `--seed=${seed} --case=${now}`, code, signal, at);
    now = to;
  }
  living.disconnect();
}

const role = option('role');
if (role === 'victim') victim();
else if (role === 'living') {
  process.send(ownNumber());
  process.once('disconnect', () => process.exit());
} else run(forgedMemory);
