'use strict';
// Channel: every message to one receiver, in order, whoever closes, detaches or writes nonsense.

const test = require('tape');
const { forkCode, freshKeys, freshName, nextMessage, nodeMajor, runCode, shm, thrownBy } = require('./support');
const { hasAbort, hasWorkers } = require('./waiting');

const skip = nodeMajor < 16 && 'Atomics refuse these arrays before Node 16';

const codeOf = (action) => thrownBy(action).code;
const rejection = (promise) => promise.then(() => 'resolved', (error) => error.code || error.name);
const textOf = (message) => {
  const text = message.data.toString();
  message.release();
  return text;
};

test('before Node 16 there is one sentence about it', { skip: nodeMajor >= 16 && 'it is there' }, (t) => {
  for (const Class of [shm.Channel, shm.Topic]) {
    const error = thrownBy(() => new Class(freshName(), { size: 10 }));
    t.equal(error.code, 'ERR_SHM_UNAVAILABLE');
    t.match(error.message, /Node\.js 16/);
  }
  t.end();
});

test('messages come in order, as long as they are and with their tags', { skip }, (t) => {
  for (const key of freshKeys()) {
    const channel = new shm.Channel(key, { slots: 4, size: 100 });
    const other = new shm.Channel(key);
    t.deepEqual([other.key, other.slots, other.size, other.closed], [key, 4, 100, false]);
    channel.send('text ü');
    channel.send(new Uint16Array([1, 2]));
    const loan = channel.loan();
    t.equal(loan.data.length, 100);
    loan.length = loan.data.write('made in place');
    loan.tag = -7;
    loan.send();
    t.equal(textOf(other.receive()), 'text ü');
    const second = other.tryReceive();
    t.deepEqual([Array.from(second.data), second.length, second.tag, second.deliveries], [[1, 0, 2, 0], 4, 0, 0]);
    second.release();
    t.deepEqual([second.data.length, second.length], [0, 0], 'nothing after its end');
    second.release();
    const third = other.receive(0);
    t.deepEqual([third.tag, textOf(third)], [-7, 'made in place']);
    t.equal(other.tryReceive(), null);
    const buffer = Buffer.alloc(100);
    channel.send('copied');
    t.deepEqual([other.receiveInto(buffer), buffer.toString('utf8', 0, 6)], [6, 'copied']);
    shm.destroy(key);
  }
  t.end();
});

test('full: try is refused, a wait ends, the oldest can be thrown away', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 3, size: 8 });
  for (let round = 0; round < 10; round++) {
    for (const text of ['a', 'b', 'c']) t.ok(channel.trySend(text));
    t.equal(channel.trySend('d'), false);
    t.equal(channel.tryLoan(), null);
    t.equal(codeOf(() => channel.send('d', 10)), 'ERR_SHM_TIMED_OUT');
    t.equal(await rejection(channel.sendAsync('d', { timeout: 10 })), 'ERR_SHM_TIMED_OUT');
    t.deepEqual([1, 2, 3].map(() => textOf(channel.receive())), ['a', 'b', 'c']);
  }
  const dropping = new shm.Channel(key, { overflow: 'drop-oldest' });
  for (const text of ['a', 'b', 'c', 'd', 'e']) dropping.send(text);
  t.deepEqual([1, 2, 3].map(() => textOf(channel.receive())), ['c', 'd', 'e']);
  channel.loan().release();
  const unsent = [channel.loan(), channel.loan(), channel.loan()];
  t.equal(channel.tryLoan(), null);
  t.equal(dropping.tryLoan(), null, 'there is nothing to throw away');
  const waiting = channel.sendAsync('later');
  unsent[1].release();
  await waiting;
  t.equal(textOf(channel.receive()), 'later');
  t.equal(codeOf(() => unsent[1].send()), 'ERR_SHM_RELEASED');
  shm.destroy(key);
});

test('wrong arguments are told before anything happens', { skip }, (t) => {
  const key = freshName();
  t.equal(codeOf(() => new shm.Channel(key)), 'ERR_INVALID_ARG_TYPE', 'no size, and no channel yet');
  t.equal(codeOf(() => new shm.Channel(key, { size: 8, slot: 1 })), 'ERR_INVALID_ARG_VALUE');
  t.equal(codeOf(() => new shm.Channel(key, { size: 8, slots: 0 })), 'ERR_OUT_OF_RANGE');
  t.equal(codeOf(() => new shm.Channel(key, { size: '8' })), 'ERR_INVALID_ARG_TYPE');
  t.equal(codeOf(() => new shm.Channel(key, { size: 8, overflow: 'no' })), 'ERR_INVALID_ARG_VALUE');
  t.equal(shm.stat(key), null);
  const channel = new shm.Channel(key, { slots: 2, size: 8 });
  t.ok(thrownBy(() => channel.send('123456789')) instanceof RangeError);
  t.equal(codeOf(() => channel.send(5)), 'ERR_INVALID_ARG_TYPE');
  t.equal(codeOf(() => channel.receiveInto(Buffer.alloc(7))), 'ERR_OUT_OF_RANGE');
  const loan = channel.loan();
  loan.length = 9;
  t.equal(codeOf(() => loan.send()), 'ERR_OUT_OF_RANGE');
  loan.length = 1;
  loan.tag = 2 ** 31;
  t.equal(codeOf(() => loan.send()), 'ERR_OUT_OF_RANGE');
  loan.tag = 0;
  loan.send();
  t.equal(channel.receive().length, 1);
  t.equal(codeOf(() => new shm.Channel(key, { slots: 3, size: 8 })), 'ERR_SHM_LAYOUT');
  t.equal(codeOf(() => new shm.Channel(key, { slots: 2, size: 9 })), 'ERR_SHM_LAYOUT');
  t.equal(codeOf(() => new shm.Topic(key)), 'ERR_SHM_LAYOUT');
  shm.destroy(key);
  shm.create(100, 'Int32Array', key).fill(1);
  t.equal(codeOf(() => new shm.Channel(key, { slots: 1, size: 8 })), 'ERR_SHM_LAYOUT', 'something else');
  shm.destroy(key);
  t.end();
});

test('whoever opens it finishes what its creator has not set', { skip }, (t) => {
  const key = freshName();
  new shm.Channel(key, { slots: 2, size: 8 });
  for (let set = 0; set < 5; set++) {
    const words = shm.get(key, 'Int32Array');
    words.fill(0, set, 5);
    t.equal(codeOf(() => new shm.Channel(key)), 'ERR_SHM_LAYOUT');
    new shm.Channel(key, { slots: 2, size: 8 }).send('x');
    t.equal(textOf(new shm.Channel(key).receive()), 'x');
  }
  shm.destroy(key);
  t.end();
});

test('for await by hand: calls are answered one after the other, and give back what came before', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 3, size: 8 });
  const messages = channel[Symbol.asyncIterator]();
  t.equal(messages[Symbol.asyncIterator](), messages);
  const answers = [messages.next(), messages.next(), messages.next()];
  for (const text of ['a', 'b', 'c']) channel.send(text);
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
  for (let i = 0; i < 100; i++) channel.send(String(i));
  const seen = [];
  const turns = [Date.now()];
  const timer = setInterval(() => turns.push(Date.now()), 1);
  const started = Date.now();
  let refilled = 0;
  for await (const message of channel) {
    seen.push(message.data.toString());
    if (Date.now() - started < 100) refilled += channel.trySend(`m${refilled}`) ? 1 : 0;
    else channel.close();
  }
  clearInterval(timer);
  t.deepEqual(seen.slice(0, 100), Array.from({ length: 100 }, (_, i) => String(i)));
  t.equal(seen.length, 100 + refilled);
  const gaps = turns.slice(1).map((at, i) => at - turns[i]).sort((a, b) => a - b);
  const median = gaps[gaps.length >> 1];
  t.ok(median <= 5, `the event loop had its turns: an interval of 1 ms came ${gaps.length} times in 100 ms, every ${median} ms`);
  t.equal(channel.receive(), null);
  t.equal(await channel.receiveAsync(), null);
  t.equal(channel.receiveInto(Buffer.alloc(8)), null);
  t.equal(codeOf(() => channel.send('x')), 'ERR_SHM_CLOSED');
  t.equal(codeOf(() => channel.loan()), 'ERR_SHM_CLOSED');
  t.equal(await rejection(channel.sendAsync('x')), 'ERR_SHM_CLOSED');
  shm.destroy(key);
});

test('waits end: by a message, by close, by an abort, by a detach', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 1, size: 8 });
  const message = channel.receiveAsync();
  await channel.sendAsync('x');
  const held = await message;
  t.equal(held.data.toString(), 'x');
  if (hasAbort) {
    const controller = new AbortController();
    const aborted = rejection(channel.receiveAsync({ signal: controller.signal }));
    const abortedSend = rejection(channel.sendAsync('x', { signal: controller.signal }));
    controller.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }));
    t.ok(['ENOUGH', 'ABORT_ERR'].includes(await aborted));
    t.ok(['ENOUGH', 'ABORT_ERR'].includes(await abortedSend));
    t.ok(['ENOUGH', 'ABORT_ERR'].includes(await rejection(channel.receiveAsync({ signal: controller.signal }))));
  }
  const last = channel.receiveAsync();
  channel.close();
  t.equal(await last, null);
  held.release();
  shm.destroy(key);
  const again = new shm.Channel(key, { slots: 1, size: 8 });
  const loan = again.loan();
  const ended = Promise.all([rejection(again.receiveAsync()), rejection(again.sendAsync('x')), rejection(again.loanAsync())]);
  shm.destroy(key);
  t.deepEqual(await ended, ['ERR_SHM_DETACHED', 'ERR_SHM_DETACHED', 'ERR_SHM_DETACHED']);
  for (const action of [() => again.send('x'), () => again.tryReceive(), () => again.receive(), () => loan.send(), () => again.close(), () => again.closed]) {
    t.equal(codeOf(action), 'ERR_SHM_DETACHED');
  }
  loan.release();
});

test('between processes; the message of one that is killed is delivered again', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  const child = forkCode(`
    const channel = new shm.Channel('${key}');
    const first = channel.receive();
    channel.send('answer');
    channel.loan();
    process.send('ready');
    setInterval(() => {}, 1000);
  `);
  channel.send('question');
  await nextMessage(child);
  t.equal(textOf(channel.receive()), 'answer');
  t.equal(channel.tryReceive(), null, 'as long as it lives');
  const again = channel.receiveAsync();
  child.kill('SIGKILL');
  const message = await again;
  t.deepEqual([message.data.toString(), message.deliveries], ['question', 1]);
  message.release();
  const loans = [1, 2, 3, 4].map(() => channel.loan(5000));
  t.equal(loans.length, 4, 'what it had borrowed is free');
  shm.destroy(key);
});

test('one that is stopped holds up nobody while it fills a slot or has a message', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  const child = forkCode(`
    const channel = new shm.Channel('${key}');
    const message = channel.receive();
    const loan = channel.loan();
    loan.length = loan.data.write('late');
    process.send('ready');
    process.once('message', () => {
      loan.send();
      message.release();
      process.exit();
    });
  `);
  channel.send('its');
  await nextMessage(child);
  process.kill(child.pid, 'SIGSTOP');
  for (let i = 0; i < 100; i++) {
    channel.send(`message ${i}`, 1000);
    const message = channel.receive(1000);
    t.deepEqual([message.data.toString(), message.deliveries], [`message ${i}`, 0]);
    message.release();
  }
  t.equal(await rejection(channel.receiveAsync({ timeout: 1500 })), 'ERR_SHM_TIMED_OUT', 'who is stopped is not dead');
  process.kill(child.pid, 'SIGCONT');
  child.send('go on');
  const message = await channel.receiveAsync({ timeout: 10000 });
  t.equal(message.data.toString(), 'late');
  shm.destroy(key);
});

test('one that is stopped inside a lock holds up his side only', { skip }, async (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  for (const side of ['producers', 'consumers']) {
    const child = forkCode(`
      const channel = new shm.Channel('${key}');
      channel.queue.${side}.lock();
      process.once('message', () => {
        channel.queue.${side}.unlock();
        process.send('unlocked', () => process.exit());
      });
      process.send('ready');
    `);
    channel.send('queued');
    await nextMessage(child);
    process.kill(child.pid, 'SIGSTOP');
    if (side === 'producers') {
      t.equal(textOf(channel.receive(1000)), 'queued', 'receivers go on');
      t.equal(channel.tryReceive(), null);
    } else {
      t.ok(channel.trySend('second'), 'senders go on');
      t.equal(codeOf(() => channel.receive(60)), 'ERR_SHM_TIMED_OUT');
    }
    process.kill(child.pid, 'SIGCONT');
    const unlocked = nextMessage(child);
    child.send('go on');
    await unlocked;
    channel.send('third');
    const texts = side === 'producers' ? ['third'] : ['queued', 'second', 'third'];
    t.deepEqual(texts.map(() => textOf(channel.receive(10000))), texts);
  }
  shm.destroy(key);
});

const status = '/proc/self/status';
const hasStatus = require('fs').existsSync(status);

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
    new shm.Channel('${key}').receiveAsync().then((message) => console.log(message.data.toString()));
    console.log('waits');
  `);
  const leaving = await runCode(`new shm.Channel('${key}').receiveAsync({ ref: false }).then(() => console.log('woken'));`);
  t.deepEqual([leaving.code, leaving.stdout], [0, ''], leaving.stderr);
  channel.send('late');
  t.equal((await waiting).stdout, 'waits\nlate\n');
  shm.destroy(key);
});

test('worker threads take part, and a terminated one is a dead one', { skip: skip || (!hasWorkers && 'no worker threads') }, async (t) => {
  const { Worker } = require('worker_threads');
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 16 });
  const entry = JSON.stringify(require.resolve('..'));
  const worker = new Worker(`
    const shm = require(${entry});
    const channel = new shm.Channel('${key}');
    channel.receive();
    channel.send('taken');
    setInterval(() => {}, 1000);
  `, { eval: true });
  channel.send('mine');
  for (;;) {
    const message = await channel.receiveAsync();
    const text = textOf(message);
    if (text === 'taken') break;
    channel.send('mine');
  }
  await worker.terminate();
  const again = await channel.receiveAsync({ timeout: 10000 });
  t.deepEqual([again.data.toString(), again.deliveries], ['mine', 1]);
  shm.destroy(key);
});

test('what no participant writes is an error, nothing outside, and no endless loop', { skip }, (t) => {
  const key = freshName();
  const values = [-1, 0, 1, 2, 3, 5, 7, 64, 0x3fffffff, 0x40000001, 0x7fffffff, -0x80000000, -0x40000000, -0x7fffffff];
  const calls = [
    (channel) => channel.trySend('x'),
    (channel) => channel.tryReceive(),
    (channel) => channel.receive(0),
    (channel) => channel.queue.recover(),
    (channel) => channel.loan(0).send(),
    (channel) => channel.receiveInto(Buffer.alloc(64), 0),
    (channel) => channel.queue.lookUp(),
    () => new shm.Channel(key, { slots: 2, size: 64 }),
  ];
  const allowed = ['ERR_SHM_LAYOUT', 'ERR_SHM_TIMED_OUT', 'ERR_SHM_CLOSED', 'ERR_SHM_NOT_OWNER', 'ERR_SHM_DEADLOCK'];
  let forged = 0;
  const wrong = [];
  for (let index = 0; index < 96 + 4 + 16; index += index < 6 ? 1 : index < 96 ? 16 - (index % 16) : 1) {
    for (const value of values) {
      const channel = new shm.Channel(key, { slots: 2, size: 64 });
      const words = shm.get(key, 'Int32Array');
      channel.send('one');
      words[index] = value;
      for (const call of calls) {
        try {
          const message = call(channel);
          if (message && message.length > 64) wrong.push([index, value, message.length]);
        } catch (error) {
          if (!allowed.includes(error.code)) wrong.push([index, value, error]);
        }
        words[index] = value;
      }
      forged++;
      shm.destroy(key);
    }
  }
  t.deepEqual(wrong, [], `${forged} forged words`);
  t.end();
});
