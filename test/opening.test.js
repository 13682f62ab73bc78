'use strict';
// The constructors of the structures: what they find, what they make, and what is left of one that fails.

const test = require('tape');
const waiting = require('../lib/wait');
const { codeOf, skip } = require('./messages');
const { freshName, isLinux, runCode, shm } = require('./support');

/** Of each kind: options, others that do not fit these, and less memory and more than a default has. */
const kinds = {
  Channel: { given: { slots: 4, size: 64 }, other: { slots: 8, size: 64 } },
  Topic: { given: { size: 64 }, other: { size: 128 }, sizes: [{ size: 64, history: 2, readers: 1 }, { size: 64, history: 64, readers: 64 }], required: { size: 64 } },
  SharedMap: { given: { entries: 10 }, other: { entries: 1000 }, sizes: [{ entries: 10 }, { bytes: 2 ** 24 }], required: {} },
  LockManager: { given: { requests: 16 }, other: { requests: 32 }, sizes: [{ requests: 16 }, { requests: 10000 }], required: {} },
};

const open = (kind, key, options) => new shm[kind](key, options);

for (const kind of Object.keys(kinds)) {
  const { given, other, sizes, required } = kinds[kind];

  test(`new ${kind} that fails ends nothing that this thread has had`, { skip }, async (t) => {
    const key = freshName();
    const before = open(kind, key, given);
    await runCode(`shm.destroy('${key}'); new shm.${kind}('${key}', ${JSON.stringify(other)})`);
    t.equal(codeOf(() => open(kind, key, given)), 'ERR_SHM_LAYOUT');
    t.equal(JSON.parse(JSON.stringify(before)).detached, undefined, 'what had the key before is there');
    t.equal(shm.isCurrent(before), false);
    const size = shm.getTotalSize();
    before.detach();
    t.equal(shm.getTotalSize() < size, true);
    t.equal(shm.getTotalSize(), 0, 'and nothing else');
    shm.destroy(key);
  });

  test(`new ${kind} that fails leaves memory that is attached in another way`, { skip }, (t) => {
    const key = freshName();
    const ways = [{ copyOnWrite: true }, { readOnly: true }, { raw: true }, { raw: true, readOnly: true }];
    shm.create(10000, 'Buffer', key)[0] = 1;
    shm.detach(key);
    for (const way of ways) {
      const array = shm.get(key, 'Buffer', way);
      t.equal(codeOf(() => open(kind, key, given)), 'ERR_SHM_LAYOUT');
      t.equal(array.length >= 10000, true, JSON.stringify(way));
      shm.detach(array);
    }
    t.equal(shm.getTotalSize(), 0);
    t.equal(codeOf(() => open(kind, key, given)), 'ERR_SHM_LAYOUT');
    t.equal(shm.getTotalSize(), 0, 'and it leaves nothing where there was nothing');
    t.equal(shm.destroy(key), true);
    t.end();
  });

  test(`new ${kind} that fails removes what it has made, also where this thread has made something before`, { skip }, async (t) => {
    const key = freshName();
    const before = open(kind, key, given);
    await runCode(`shm.destroy('${key}')`);
    const { notify } = waiting;
    waiting.notify = () => {
      throw new Error('played');
    };
    try {
      t.throws(() => open(kind, key, given), /played/);
    } finally {
      waiting.notify = notify;
    }
    t.equal(shm.stat(key), null);
    t.equal(JSON.parse(JSON.stringify(before)).detached, undefined);
    before.detach();
    t.equal(shm.getTotalSize(), 0);
  });

  test(`new ${kind} with { transient: true } takes what is there as it is`, { skip: skip || (sizes === undefined && 'it has no size by default') }, (t) => {
    for (const size of sizes || []) {
      const key = freshName();
      const first = open(kind, key, Object.assign({ transient: true }, size));
      const second = open(kind, key, Object.assign({ transient: true }, required));
      const facts = ({ detached: _, ...rest }) => rest;
      t.deepEqual(facts(JSON.parse(JSON.stringify(second))), facts(JSON.parse(JSON.stringify(first))), JSON.stringify(size));
      first.detach();
      second.detach();
      t.equal(shm.stat(key), null);
    }
    t.end();
  });
}

test('new SharedMap with { readOnly: true } that fails leaves a structure under its key', { skip }, (t) => {
  const key = freshName();
  const channel = new shm.Channel(key, { slots: 4, size: 64 });
  t.equal(codeOf(() => new shm.SharedMap(key, { readOnly: true })), 'ERR_SHM_LAYOUT');
  channel.sendSync('a');
  t.equal(channel.receiveSync().text(), 'a');
  channel.destroy();
  t.equal(shm.getTotalSize(), 0);
  t.end();
});

test('a structure in a segment whose key comes from the kernel', { skip: skip || (!isLinux && 'only Linux has such segments') }, (t) => {
  const words = shm.create(10000, 'Int32Array', null, { transient: true });
  const channel = new shm.Channel(words.key, { slots: 4, size: 64, transient: true });
  channel.sendSync('a');
  t.equal(channel.receiveSync().text(), 'a');
  t.equal(codeOf(() => new shm.Channel(words.key + 2 ** 32, { slots: 4, size: 64, transient: true })), 'ERR_INVALID_ARG_VALUE');
  t.equal(channel.destroy(), true);
  t.end();
});
