'use strict';
// Structures: what opens one, who uses it beside whom, what each shows of itself, and what is left when it ends.

const assert = require('assert');
const util = require('util');
const test = require('tape');
const { codeOf, rejection, skip, textOf } = require('./messages');
const { freshKeys, freshName, isBun, isLinux, runCode, sharedMappings, shm } = require('./support');

const options = { slots: 2, size: 64 };

test('only memory that is all zero is made a structure', { skip }, (t) => {
  const classes = [(key) => new shm.Channel(key, options), (key) => new shm.Topic(key, { size: 64 })];
  for (const open of classes) {
    for (const key of freshKeys()) {
      const words = shm.create(5000, 'Int32Array', key);
      for (const index of [1, 30, 4999]) {
        words.fill(0);
        words[index] = 7;
        t.equal(codeOf(() => open(key)), 'ERR_SHM_LAYOUT', `word ${index} is another program’s`);
        t.deepEqual([words[0], words[index], words.length], [0, 7, 5000], 'nothing was written, and the array is as it was');
      }
      words.fill(0);
      t.equal(open(key).key, key, 'zeros may become one');
      shm.destroy(key);
    }
  }
  t.end();
});

test('a constructor that fails leaves neither a name nor an attachment', { skip }, async (t) => {
  const { code, stdout, stderr } = await runCode(`
    const owners = require(${JSON.stringify(require.resolve('../lib/runtime/owner'))});
    const geometry = require(${JSON.stringify(require.resolve('../lib/structures/geometry'))});
    const { ownNumber } = owners;
    const name = '${freshName()}';
    const tell = () => console.log(shm.stat(name) !== null, shm.getTotalSize());
    const fail = () => { throw Object.assign(new Error('no'), { code: 'EMFILE' }); };
    const open = () => { try { new shm.Channel(name, { slots: 2, size: 64 }); } catch (error) { console.log(error.code); } };
    owners.ownNumber = fail;
    open();
    tell();
    owners.ownNumber = ownNumber;
    const { from } = Buffer;
    let left = 1; // the memory can be had, what shows it cannot
    Buffer.from = (...args) => (--left === 0 ? fail() : from(...args));
    open();
    Buffer.from = from;
    tell();
  `);
  t.deepEqual([code, stderr], [0, '']);
  t.match(stdout, /^EMFILE\nfalse 0\n/);
  t.match(stdout, /false 0\n$/);
  const name = freshName();
  shm.create(10, 'Buffer', name)[0] = 7;
  shm.detach(name);
  const before = shm.getTotalSize();
  t.equal(codeOf(() => new shm.Channel(name, options)), 'ERR_SHM_LAYOUT');
  t.equal(shm.getTotalSize(), before, 'what is there stays there, and is not attached');
  t.equal(shm.get(name)[0], 7);
  shm.destroy(name);
});

test('each object is a user of its own: detach ends its share, and the last one’s the memory', { skip }, async (t) => {
  const key = freshName();
  const [one, other] = [new shm.Channel(key, options), new shm.Channel(key)];
  one.sendSync('job');
  const message = one.tryReceive();
  const loan = one.tryLoan();
  const waiting = [rejection(one.receive()), rejection(one.send('x'))];
  one.detach();
  t.deepEqual(await Promise.all(waiting), ['ERR_SHM_DETACHED', 'ERR_SHM_DETACHED'], 'its calls end');
  t.equal(codeOf(() => one.tryReceive()), 'ERR_SHM_DETACHED');
  t.deepEqual([message.text(), loan.data.length], ['job', 64], 'what it had still can be looked at');
  message.release();
  loan.release();
  const again = other.tryReceive() || (await other.receive({ timeout: 5000 }));
  t.deepEqual([again.text(), again.deliveries], ['job', 1], 'what it had is delivered again');
  again.release();
  t.deepEqual([1, 2, 3].map(() => other.tryLoan() !== null), [true, true, false], 'and what it had borrowed is free');
  t.ok(shm.getTotalSize() > 0);
  one.detach();
  other.detach();
  t.equal(shm.getTotalSize(), 0);
  if (isLinux) t.deepEqual(sharedMappings(), []);
  t.equal(new shm.Channel(key).destroy(), true);
  t.equal(shm.stat(key), null);
});

test('whoever detaches the key gives back what objects have', { skip }, async (t) => {
  for (const detach of [(key) => shm.detach(key), () => shm.detachAll()]) {
    const key = freshName();
    const channel = new shm.Channel(key, { slots: 1, size: 64 });
    channel.sendSync('job');
    const message = channel.tryReceive();
    detach(key);
    message.release();
    t.equal(codeOf(() => channel.trySend('x')), 'ERR_SHM_DETACHED');
    const again = await new shm.Channel(key).receive({ timeout: 5000 });
    t.equal(again.text(), 'job');
    shm.destroy(key);
  }
});

test('using ends an object', { skip: skip || (Symbol.dispose === undefined && 'this runtime has no Symbol.dispose') }, (t) => {
  const channel = new shm.Channel(freshName(), options);
  channel[Symbol.dispose]();
  t.equal(codeOf(() => channel.closed), 'ERR_SHM_DETACHED');
  shm.destroy(channel.key);
  t.end();
});

test('what is collected has no share any more', { skip: skip || (isBun && 'Bun collects when it likes') }, async (t) => {
  const { stdout, stderr } = await runCode(`
    require('v8').setFlagsFromString('--expose-gc');
    const gc = require('vm').runInNewContext('gc');
    const kept = new shm.Channel('${freshName()}', { slots: 2, size: 8 });
    const lose = () => new shm.Channel(kept.key).tryLoan();
    lose();
    const loans = [kept.tryLoan()];
    setInterval(() => {
      gc();
      if (loans.length < 2 && (loans[1] = kept.tryLoan()) === null) loans.pop();
      if (loans.length < 2) return;
      console.log('had both');
      kept.destroy();
      process.exit();
    }, 20);
  `);
  t.equal(stdout, 'had both\n', stderr);
});

test('who opens it without options while it is being created is woken', { skip }, (t) => {
  const waiting = require('../lib/wait');
  const { notify, wait } = waiting;
  const key = freshName();
  shm.create(5000, 'Int32Array', key);
  const notified = [];
  waiting.notify = (words, index, count) => {
    notified.push(index);
    return notify(words, index, count);
  };
  // The kernel puts it to sleep; then its creator goes on.
  waiting.wait = (words, index, value, timeout) => {
    waiting.wait = wait;
    t.deepEqual([value, timeout, notified.includes(index)], [0, 500, false]);
    new shm.Channel(key, options);
    t.ok(notified.includes(index), 'the word it sleeps on is notified');
    return 'ok';
  };
  t.equal(new shm.Channel(key).slots, 2);
  Object.assign(waiting, { notify, wait });
  shm.destroy(key);
  t.end();
});

test('a detach that the kernel refuses ends the calls that wait all the same, and hides no other error', { skip }, async (t) => {
  const memory = require('../lib/memory');
  const { detach, destroy } = memory;
  const refuse = () => {
    throw Object.assign(new Error('refused'), { code: 'ENOMEM' });
  };
  for (const [name, end] of [['detach', (channel) => channel.detach()], ['destroy', (channel) => channel.destroy()]]) {
    const channel = new shm.Channel(freshName(), options);
    const waits = rejection(channel.receive({ timeout: 10000 }));
    await new Promise((resolve) => setTimeout(resolve, 50)); // it sleeps by now
    memory[name] = refuse;
    t.equal(codeOf(() => end(channel)), 'ENOMEM');
    Object.assign(memory, { detach, destroy });
    t.equal(await waits, 'ERR_SHM_DETACHED');
    shm.destroy(channel.key);
  }
  const key = freshName();
  shm.create(1000, 'Buffer', key)[0] = 7;
  shm.detach(key);
  memory.detach = refuse;
  t.equal(codeOf(() => new shm.Channel(key, options)), 'ERR_SHM_LAYOUT');
  memory.detach = detach;
  shm.destroy(key);
});

test('it shows one line of facts, and nothing inside', { skip }, (t) => {
  for (const key of freshKeys()) {
    const channel = new shm.Channel(key, options);
    channel.sendSync('x');
    const facts = { key, slots: 2, size: 64, queued: 1, closed: false };
    t.equal(util.inspect(channel), `Channel { key: ${util.inspect(key)}, slots: 2, size: 64, queued: 1, closed: false }`);
    t.ok(util.inspect({ deep: { channel } }, { depth: 0 }).length < 200);
    t.deepEqual(JSON.parse(JSON.stringify({ channel })), { channel: facts });
    assert.deepStrictEqual(channel, channel);
    t.deepEqual(Reflect.ownKeys(channel), [], 'no property leads inside');
    const message = channel.tryReceive();
    t.deepEqual(Reflect.ownKeys(message).sort(), ['deliveries', 'length', 'tag']);
    message.release();
    t.throws(() => (channel.key = 'other'), TypeError);
    shm.destroy(key);
    t.equal(util.inspect(channel), `Channel { key: ${util.inspect(key)}, slots: 2, size: 64, detached: true }`);
  }
  t.end();
});

test('a name that was removed is noticed by calls that wait', { skip: skip || (!isLinux && 'removes a name behind the package’s back') }, async (t) => {
  const fs = require('fs');
  for (const wait of [(channel) => channel.receive(), (channel) => channel.receiveSync({ timeout: 5000 })]) {
    const name = freshName();
    const channel = new shm.Channel(name, options);
    const waiting = rejection(new Promise((resolve) => setImmediate(resolve)).then(() => wait(channel)));
    fs.unlinkSync(`/dev/shm${name}`);
    t.equal(await waiting, 'ERR_SHM_REPLACED');
    channel.detach();
  }
});

test('who opens a replaced name again has the new memory, and the old object ends without it', { skip: skip || (!isLinux && 'removes a name behind the package’s back') }, (t) => {
  const name = freshName();
  const old = new shm.Channel(name, options);
  old.sendSync('old');
  require('fs').unlinkSync(`/dev/shm${name}`);
  const renewed = new shm.Channel(name, options);
  renewed.sendSync('new');
  t.equal(textOf(old.receiveSync()), 'old');
  old.detach();
  t.equal(textOf(renewed.receiveSync()), 'new');
  t.equal(renewed.destroy(), true);
  t.equal(shm.getTotalSize(), 0);
  t.end();
});

test('options are the caller’s own, and the old forms are told', { skip }, (t) => {
  const key = freshName();
  const inherited = Object.create({ overflow: 'drop-oldest', slots: 5 });
  inherited.size = 8;
  const channel = new shm.Channel(key, inherited);
  t.equal(channel.slots, 64);
  for (const call of [() => channel.sendSync('x', 100), () => channel.receiveSync(100), () => channel.loanSync(100)]) {
    try {
      call();
      t.fail('a bare number');
    } catch (error) {
      t.equal(error.code, 'ERR_INVALID_ARG_TYPE');
      t.match(error.message, /write \{ timeout: 100 \}/);
    }
  }
  t.equal(codeOf(() => channel.receiveSync({ signal: null })), 'ERR_INVALID_ARG_VALUE');
  channel.sendSync('x');
  t.equal(textOf(channel.receiveSync()), 'x');
  shm.destroy(key);
  t.end();
});
