'use strict';
// Channel: how waits end, what they cost, and what else has its turn meanwhile.

const test = require('tape');
const { codeOf, rejection, skip } = require('./messages');
const { freshName, runCode, shm } = require('./support');
const { hasAbort } = require('./waiting');

const status = '/proc/self/status';
const hasStatus = require('fs').existsSync(status);

test('for await by hand: calls are answered one after the other, and give back what came before', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 3, size: 8 });
  const messages = channel[Symbol.asyncIterator]();
  t.equal(messages[Symbol.asyncIterator](), messages);
  const answers = [messages.next(), messages.next(), messages.next()];
  for (const text of ['a', 'b', 'c']) channel.sendSync(text);
  const [first, second, third] = await Promise.all(answers);
  t.deepEqual([first, second, third].map(({ done }) => done), [false, false, false]);
  t.deepEqual([first, second].map(({ value }) => value.data.length), [0, 0], 'released');
  t.equal(third.value.data.toString(), 'c');
  t.deepEqual(['d', 'e', 'f'].map((text) => channel.trySend(text)), [true, true, false], 'the third has its slot');
  t.deepEqual(await messages.return('value'), { value: 'value', done: true });
  t.equal(third.value.data.length, 0, 'released at the end');
  t.deepEqual(await messages.next(), { value: undefined, done: true });
  const failing = channel[Symbol.asyncIterator]();
  const [taken, last] = await Promise.all([failing.next(), failing.next()]);
  t.deepEqual([taken.value.data.length, last.value.data.toString()], [0, 'e']);
  const lost = failing.next();
  shm.destroy(key);
  const codes = [lost, failing.next()].map((answer) => answer.then(({ done }) => done, ({ code }) => code));
  t.deepEqual(await Promise.all(codes), ['ERR_SHM_DETACHED', true], 'an error ends it');
});

test('for await: until it is closed and empty', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 100, size: 8 });
  for (let i = 0; i < 100; i++) channel.sendSync(String(i));
  const seen = [];
  let refilled = 0;
  for await (const message of channel) {
    seen.push(message.data.toString());
    if (refilled < 1000) refilled += channel.trySend(`m${refilled}`) ? 1 : 0;
    else channel.close();
  }
  t.deepEqual(seen.slice(0, 100), Array.from({ length: 100 }, (_, i) => String(i)));
  t.equal(seen.length, 100 + refilled);
  t.equal(channel.receiveSync(), null);
  t.equal(await channel.receive(), null);
  t.equal(channel.receiveIntoSync(Buffer.alloc(8)), null);
  t.equal(codeOf(() => channel.sendSync('x')), 'ERR_SHM_CLOSED');
  t.equal(codeOf(() => channel.loanSync()), 'ERR_SHM_CLOSED');
  t.equal(await rejection(channel.send('x')), 'ERR_SHM_CLOSED');
  shm.destroy(key);
});

test('for await leaves the event loop its turns, however many messages there are', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 1000, size: 8 });
  while (channel.trySend('message'));
  let [received, turns] = [0, 0];
  const timer = setInterval(() => turns++, 1);
  for await (const message of channel) {
    message.release();
    channel.trySend('message'); // it never runs empty
    if (turns === 10 || ++received === 1e7) break;
  }
  clearInterval(timer);
  t.equal(turns, 10, `after ${received} messages`);
  shm.destroy(channel.key);
});

test('waits end: by a message, by close, by an abort, by a detach', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 1, size: 8 });
  const message = channel.receive();
  await channel.send('x');
  const held = await message;
  t.equal(held.data.toString(), 'x');
  if (hasAbort) {
    const controller = new AbortController();
    const aborted = rejection(channel.receive({ signal: controller.signal }));
    const abortedSend = rejection(channel.send('x', { signal: controller.signal }));
    controller.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }));
    t.ok(['ENOUGH', 'ABORT_ERR'].includes(await aborted));
    t.ok(['ENOUGH', 'ABORT_ERR'].includes(await abortedSend));
    t.ok(['ENOUGH', 'ABORT_ERR'].includes(await rejection(channel.receive({ signal: controller.signal }))));
  }
  const last = channel.receive();
  channel.close();
  t.equal(await last, null);
  held.release();
  shm.destroy(key);
  const again = new shm.Channel(key, { slots: 1, size: 8 });
  const loan = again.loanSync();
  const ended = Promise.all([rejection(again.receive()), rejection(again.send('x')), rejection(again.loan())]);
  shm.destroy(key);
  t.deepEqual(await ended, ['ERR_SHM_DETACHED', 'ERR_SHM_DETACHED', 'ERR_SHM_DETACHED']);
  for (const action of [() => again.sendSync('x'), () => again.tryReceive(), () => again.receiveSync(), () => loan.sendSync(), () => again.close(), () => again.closed]) {
    t.equal(codeOf(action), 'ERR_SHM_DETACHED');
  }
  loan.release();
});

test('who waits idly wakes up once a second, whatever the number of waits', { skip: skip || (!hasStatus && 'no /proc') }, async (t) => {
  const keys = Array.from({ length: 10 }, () => freshName());
  keys.forEach((key) => new shm.Channel(key, { slots: 4, size: 16 }));
  const { stdout, stderr } = await runCode(`
    const fs = require('fs');
    const switches = () => Number(/^voluntary_ctxt_switches:\\s+(\\d+)/m.exec(fs.readFileSync('${status}', 'utf8'))[1]);
    const all = ${JSON.stringify(keys)}.map(async (key) => { for await (const message of new shm.Channel(key)) message.release(); });
    setTimeout(() => {
      const before = switches();
      setTimeout(() => {
        console.log(switches() - before);
        process.exit();
      }, 3000);
    }, 1500);
  `);
  // Bun and Deno wake up by themselves, too.
  const most = process.versions.bun === undefined && process.versions.deno === undefined ? 6 : 20;
  t.ok(stdout !== '' && Number(stdout) <= most, `${stdout.trim()} times in three seconds${stderr}`);
  keys.forEach((key) => shm.destroy(key));
});

test('the process lives as long as it waits, unless it is told otherwise', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  const waiting = runCode(`
    new shm.Channel('${key}').receive().then((message) => console.log(message.data.toString()));
    console.log('waits');
  `);
  const leaving = await runCode(`new shm.Channel('${key}').receive({ ref: false }).then(() => console.log('woken'));`);
  t.deepEqual([leaving.code, leaving.stdout], [0, ''], leaving.stderr);
  channel.sendSync('late');
  t.equal((await waiting).stdout, 'waits\nlate\n');
  shm.destroy(key);
});

test('a call whose wait cannot begin does not keep the next one from being woken', { skip }, async (t) => {
  const waiting = require('../lib/wait');
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 2, size: 8 });
  const other = new shm.Channel(key);
  const { waitAsync } = waiting;
  waiting.waitAsync = () => {
    throw new RangeError('no room for a wait');
  };
  const first = await channel.receive({ timeout: 1000 }).catch((error) => error);
  waiting.waitAsync = waitAsync;
  t.ok(first instanceof Error, String(first));
  const second = channel.receive({ timeout: 2000 });
  await new Promise(setImmediate);
  other.trySend('x');
  const message = await second.catch((error) => error);
  t.equal(message.text && message.text(), 'x');
  shm.destroy(key);
});
