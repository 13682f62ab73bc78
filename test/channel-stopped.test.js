'use strict';
// Channel: whoever is stopped (SIGSTOP) holds up nobody, or nobody for longer than he wants to wait.

const { performance } = require('perf_hooks');
const test = require('tape');
const vm = require('vm');
const { codeOf, rejection, skip, textOf } = require('./messages');
const { forkCode, freshName, isBun, isDeno, nextMessage, shm, until } = require('./support');
const { hasAbort } = require('./waiting');
const owners = require('../lib/runtime/owner');
const waiting = require('../lib/wait');

const TIMEOUT = 200;

/** The file with the protocol, in whose locks and steps children are stopped. */
const room = JSON.stringify(require.resolve('../lib/channel/queue'));

// Where the locks are, in words.
const PRODUCERS = 16;
const CONSUMERS = 48;

test('one that is stopped holds up nobody while it fills a slot or has a message', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  const child = forkCode(`
    const channel = new shm.Channel('${key}');
    const message = channel.receiveSync();
    const loan = channel.loanSync();
    loan.length = loan.data.write('late');
    process.send('ready');
    process.once('message', () => {
      loan.sendSync();
      message.release();
      process.exit();
    });
  `);
  channel.sendSync('its');
  await nextMessage(child);
  process.kill(child.pid, 'SIGSTOP');
  for (let i = 0; i < 100; i++) {
    channel.sendSync(`message ${i}`, { timeout: 1000 });
    const message = channel.receiveSync({ timeout: 1000 });
    t.deepEqual([message.data.toString(), message.deliveries], [`message ${i}`, 0]);
    message.release();
  }
  t.equal(await rejection(channel.receive({ timeout: 1500 })), 'ERR_SHM_TIMED_OUT', 'who is stopped is not dead');
  process.kill(child.pid, 'SIGCONT');
  child.send('go on');
  const message = await channel.receive({ timeout: 10000 });
  t.equal(message.data.toString(), 'late');
  shm.destroy(key);
});

test('one that is stopped inside a lock holds up his side only', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  for (const side of ['producers', 'consumers']) {
    const child = forkCode(`
      const { ${side} } = new (require(${room}).Queue)('${key}', {}, () => false);
      ${side}.enter(Infinity);
      process.once('message', () => {
        ${side}.leave();
        process.send('unlocked', () => process.exit());
      });
      process.send('ready');
    `);
    channel.sendSync('queued');
    await nextMessage(child);
    process.kill(child.pid, 'SIGSTOP');
    if (side === 'producers') {
      t.equal(textOf(channel.receiveSync({ timeout: 1000 })), 'queued', 'receivers go on');
      t.equal(channel.tryReceive(), null);
    } else {
      t.ok(channel.trySend('second'), 'senders go on');
      t.equal(codeOf(() => channel.receiveSync({ timeout: 60 })), 'ERR_SHM_TIMED_OUT');
    }
    process.kill(child.pid, 'SIGCONT');
    const unlocked = nextMessage(child);
    child.send('go on');
    await unlocked;
    channel.sendSync('third');
    const texts = side === 'producers' ? ['third'] : ['queued', 'second', 'third'];
    t.deepEqual(texts.map(() => textOf(channel.receiveSync({ timeout: 10000 }))), texts);
  }
  shm.destroy(key);
});

/** A process that is stopped inside a lock, in the middle of sending `late` or of receiving. */
async function stoppedIn(channel, side) {
  const [step, act, lock] = side === 'producers' ? ['append', "sendSync('late')", PRODUCERS] : ['queuedAt', 'receiveSync().release()', CONSUMERS];
  const child = forkCode(`
    const channel = new shm.Channel('${channel.key}');
    const { prototype } = require(${room}).Queue;
    const { ${step} } = prototype;
    process.once('message', () => {
      prototype.${step} = function (...args) {
        prototype.${step} = ${step};
        process.kill(process.pid, 'SIGSTOP');
        return ${step}.apply(this, args);
      };
      channel.${act};
      process.send('done', () => process.exit());
    });
    process.send('ready');
  `);
  await nextMessage(child);
  child.send('go on');
  const words = shm.get(channel.key, 'Int32Array');
  await until(() => words[lock] !== 0, 'a process that is stopped inside a lock');
  process.kill(child.pid, 'SIGSTOP'); // should it not have come to that
  return child;
}

/** Lets it go on, to its end. It may have been stopped before it came to stop itself: then it does now. */
async function goOn(child) {
  const done = nextMessage(child);
  const timer = setInterval(() => process.kill(child.pid, 'SIGCONT'), 10);
  await done;
  clearInterval(timer);
}

/** An action is refused for want of time, not sooner: without a timeout that holds it would not end before `goOn`. */
async function timesOut(t, what, action) {
  const start = performance.now();
  t.equal(await rejection((async () => action())()), 'ERR_SHM_TIMED_OUT', what);
  t.ok(performance.now() - start > TIMEOUT - 5, `${what}: not too early`);
}

test('a timeout holds, too, while another process is stopped in the middle of sending', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 4, size: 16 });
  const child = await stoppedIn(channel, 'producers');
  await timesOut(t, 'send', () => channel.sendSync('never', { timeout: TIMEOUT }));
  const loan = channel.loanSync({ timeout: TIMEOUT });
  await timesOut(t, 'a loan’s send', () => loan.sendSync({ timeout: TIMEOUT }));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await timesOut(t, 'sendAsync', () => channel.send('never', { timeout: TIMEOUT }));
  clearInterval(timer);
  t.ok(turns > 0, 'the event loop had its turns meanwhile');
  t.equal(channel.trySend('never'), false);
  if (hasAbort) {
    const controller = new AbortController();
    const aborted = rejection(channel.send('never', { signal: controller.signal }));
    setImmediate(() => controller.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' })));
    t.ok(['ENOUGH', 'ABORT_ERR'].includes(await aborted), 'an abort holds');
  }
  const later = channel.send('async');
  t.equal(channel.tryReceive(), null, 'nothing was sent yet');
  await goOn(child);
  await later;
  loan.length = loan.data.write('loaned');
  loan.sendSync();
  const texts = ['late', 'async', 'loaned'];
  t.deepEqual(texts.map(() => textOf(channel.receiveSync({ timeout: 10000 }))), texts, 'and nothing that was refused');
  const loans = [1, 2, 3, 4].map(() => channel.tryLoan());
  t.ok(loans.every((one) => one !== null), 'every slot is free');
  shm.destroy(channel.key);
});

test('a timeout holds, too, while another process is stopped in the middle of receiving', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 4, size: 16 });
  ['first', 'second', 'third'].forEach((text) => channel.sendSync(text));
  const child = await stoppedIn(channel, 'consumers');
  await timesOut(t, 'receive', () => channel.receiveSync({ timeout: TIMEOUT }));
  await timesOut(t, 'receiveInto', () => channel.receiveIntoSync(Buffer.alloc(16), { timeout: TIMEOUT }));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await timesOut(t, 'receiveAsync', () => channel.receive({ timeout: TIMEOUT }));
  const later = channel.receive();
  await new Promise((resolve) => setImmediate(resolve));
  clearInterval(timer);
  t.ok(turns > 0, 'the event loop had its turns meanwhile');
  t.equal(channel.tryReceive(), null);
  await goOn(child);
  t.equal(textOf(await later), 'second');
  t.equal(textOf(channel.receiveSync({ timeout: 10000 })), 'third');
  shm.destroy(channel.key);
});

test('one that drops the oldest message goes on when the lock is free, whoever had it', { skip }, async (t) => {
  const { isAlive } = owners;
  owners.isAlive = () => true;
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 2, size: 16, overflow: 'drop-oldest' });
  ['a', 'b'].forEach((text) => channel.trySend(text));
  const words = shm.get(key, 'Int32Array');
  words[CONSUMERS] = 12345; // a thread that lives
  const sent = rejection(channel.send('c', { timeout: 10000 }));
  let longest = 0;
  for (let turn = 0, before = performance.now(); turn < 20; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    longest = Math.max(longest, performance.now() - before);
    before = performance.now();
  }
  t.ok(longest < 40, `the event loop has its turns meanwhile: ${longest.toFixed(0)} ms`);
  t.equal(channel.trySend('never'), false);
  t.equal(codeOf(() => channel.sendSync('never', { timeout: 60 })), 'ERR_SHM_TIMED_OUT');
  words[CONSUMERS] = 0;
  t.equal(await sent, 'resolved');
  owners.isAlive = isAlive;
  t.deepEqual(['b', 'c'].map(() => textOf(channel.tryReceive())), ['b', 'c']);
  shm.destroy(key);
});

test('a detach of the key ends what waits, and what is about to try again, with the key in the error', { skip }, async (t) => {
  const { isAlive } = owners;
  owners.isAlive = () => true;
  const key = freshName();
  const detached = ({ code, key }) => [code, key];
  for (let round = 0; round < 12; round++) {
    const channel = new shm.Channel(key, { slots: 2, size: 16 });
    const other = new shm.Channel(freshName(), { slots: 1, size: 8, transient: true });
    const words = shm.get(key, 'Int32Array');
    channel.trySend('x');
    words[CONSUMERS] = 12345; // a thread that lives
    const stopped = channel.receive().catch(detached);
    const waits = other.receive().catch(detached);
    await new Promise((resolve) => setTimeout(resolve, round % 3));
    shm.detach(key);
    shm.detach(other.key);
    t.deepEqual(await stopped, ['ERR_SHM_DETACHED', key]);
    t.deepEqual(await waits, ['ERR_SHM_DETACHED', other.key]);
    shm.destroy(key);
  }
  owners.isAlive = isAlive;
});

test('a loan whose send was ended by force shows nothing any more', { skip: skip || ((isBun || isDeno) && 'this runtime does not terminate scripts') }, (t) => {
  const { isAlive } = owners;
  const { wait } = waiting;
  const channel = new shm.Channel(freshName(), { slots: 2, size: 16 });
  const words = shm.get(channel.key, 'Int32Array');
  const loans = [channel.tryLoan(), channel.tryLoan()];
  t.equal(loans[1].data.length, 16);
  words[PRODUCERS] = 12345;
  for (const loan of loans) {
    owners.isAlive = () => true;
    waiting.wait = () => {
      for (;;);
    };
    t.equal(codeOf(() => vm.runInNewContext('send()', { send: () => loan.sendSync() }, { timeout: 20 })), 'ERR_SCRIPT_EXECUTION_TIMEOUT');
    Object.assign(owners, { isAlive });
    Object.assign(waiting, { wait });
    t.equal(loan.data.length, 0);
    loan.release();
    t.equal(loan.data.length, 0);
    t.equal(codeOf(() => loan.trySend()), 'ERR_SHM_RELEASED');
  }
  words[PRODUCERS] = 0;
  t.deepEqual([channel.trySend('a'), channel.trySend('b')], [true, true], 'their slots are free');
  channel.destroy();
  t.end();
});
