'use strict';
// Channel: a call that fails at any of its steps, by an exception or because its script is terminated, leaves nothing
// taken and loses no message: another process gets every slot, and what was sent.

const assert = require('assert');
const { addSteps, disarm, failAt, hurry, isMissing, ways } = require('./failing-steps');
const test = require('tape');
const { skip } = require('./messages');
const { forkCode, freshName, nextMessage, shm } = require('./support');

hurry();

const SLOTS = 3;

/** Throws what was not made to fail. */
function isMade(error) {
  if (error.message !== 'a failing step') throw error;
}

/**
 * What is done in a channel in which `before` was sent. `left` tells how often 'old' and 'mine' may be in it when the
 * call has failed; what it has in its hands is put into `held`, and given back later.
 */
const scenes = {
  trySend: { before: ['old'], act: (c) => c.trySend('mine'), left: { old: [1], mine: [0, 1] } },
  sendSync: { before: ['old'], act: (c) => c.sendSync('mine', { timeout: 0 }), left: { old: [1], mine: [0, 1] } },
  'trySend, full': { before: ['old', 'x', 'x'], act: (c) => c.trySend('mine'), left: { old: [1], mine: [0] } },
  tryLoan: { before: ['old'], act: (c, held) => held.push(c.tryLoan()), left: { old: [1], mine: [0] } },
  'a loan’s trySend': { before: ['old'], borrow: (c) => c.tryLoan(), act: (_, [loan]) => loan.trySend(), left: { old: [1], mine: [0] } },
  'a loan’s release': { before: ['old'], borrow: (c) => c.tryLoan(), act: (_, [loan]) => loan.release(), left: { old: [1], mine: [0] } },
  tryReceive: { before: ['old'], act: (c, held) => held.push(c.tryReceive()), left: { old: [1], mine: [0] } },
  'a message’s release': { before: ['old'], borrow: (c) => c.tryReceive(), act: (_, [message]) => message.release(), left: { old: [0, 1], mine: [0] } },
  'a message’s putBack': { before: ['old'], borrow: (c) => c.tryReceive(), act: (_, [message]) => message.putBack(), left: { old: [0, 1], mine: [0] } },
  tryReceiveInto: { before: ['old'], act: (c) => c.tryReceiveInto(Buffer.alloc(16)), left: { old: [0, 1], mine: [0] } },
  'drop-oldest': { before: ['x', 'x', 'old'], options: { overflow: 'drop-oldest' }, act: (c) => c.trySend('mine'), left: { old: [1], mine: [0, 1] } },
  send: { before: ['old'], act: (c) => void c.send('mine').catch(isMade), left: { old: [1], mine: [0, 1] } },
  loan: { before: ['old'], act: (c, held) => void c.loan().then((loan) => held.push(loan), isMade), left: { old: [1], mine: [0] } },
  receive: { before: ['old'], act: (c, held) => void c.receive().then((message) => held.push(message), isMade), left: { old: [1], mine: [0] } },
  receiveInto: { before: ['old'], act: (c) => void c.receiveInto(Buffer.alloc(16)).catch(isMade), left: { old: [0, 1], mine: [0] } },
  close: { before: ['old'], act: (c) => c.close(), left: { old: [1], mine: [0] } },
};

/** What another process finds: how often each text, and how many slots it can have. */
function startOther() {
  const child = forkCode(`
    process.on('message', ({ key, slots }) => {
      const channel = new shm.Channel(key);
      const found = { old: 0, mine: 0, x: 0, '': 0 };
      const loans = [];
      for (const end = Date.now() + 5000; loans.length < slots && Date.now() < end; ) {
        const message = channel.tryReceive();
        if (message !== null) {
          found[message.length > 10 ? '' : message.text()]++;
          message.release();
        }
        const loan = channel.closed ? null : channel.tryLoan();
        if (loan !== null) loans.push(loan);
        else if (message === null && channel.closed) break;
      }
      const slotsHad = channel.closed ? slots : loans.length;
      loans.forEach((loan) => loan.release());
      channel.detach();
      process.send({ found, slotsHad });
    });
  `);
  return {
    look(key) {
      const answer = nextMessage(child);
      child.send({ key, slots: SLOTS });
      return answer;
    },
    end: () => child.kill(),
  };
}

/**
 * Plays a scene that fails at a step; whether it failed. `run(act)` runs it, unless the machine is too slow: then it
 * returns false; `fail` is how it fails.
 */
async function play(t, other, name, step, fail, run) {
  const { before, options, borrow, act, left } = scenes[name];
  const key = freshName();
  new shm.Channel(key, { slots: SLOTS, size: 16 });
  const channel = new shm.Channel(key, options);
  before.forEach((text) => channel.sendSync(text));
  const held = borrow === undefined ? [] : [borrow(channel)];
  failAt(step, fail);
  const hasRun = run(() => act(channel, held));
  const hasFailed = disarm();
  await new Promise(setImmediate); // what was promised
  // The next call of this thread gives back what the failed one had; if there is none, a timer does.
  if (step % 2 === 0) callAgain(channel);
  // A message that the program has it may give back; what it was to return and did not, it never had.
  for (const one of held) if (one !== null && one.data.length > 0 && one.putBack !== undefined) one.putBack();
  for (const one of held) if (one !== null) one.release();
  const { found, slotsHad } = await other.look(key);
  const what = `${name} that failed at step ${step}`;
  if (slotsHad !== SLOTS) t.fail(`${what}: ${slotsHad} of ${SLOTS} slots can be had`);
  if (hasFailed && !(left.old.includes(found.old) && left.mine.includes(found.mine))) t.fail(`${what}: left ${JSON.stringify(found)}`);
  shm.destroy(key);
  return hasFailed || hasRun ? hasFailed : play(t, other, name, step, fail, run);
}

function callAgain(channel) {
  try {
    const loan = channel.tryLoan();
    if (loan !== null) loan.release();
  } catch (error) {
    if (error.code !== 'ERR_SHM_CLOSED') throw error;
  }
}

for (const [way, { fail, run }] of Object.entries(ways)) {
  test(`nothing stays taken after ${way}`, { skip: skip || isMissing(way) }, async (t) => {
    // Loads what is to be counted.
    shm.destroy(new shm.Channel(freshName(), { size: 8 }).key);
    if (way === 'an exception') {
      const rooms = ['channel/slots', 'channel/queue', 'channel/lock', 'channel/sender', 'channel/receiver', 'mutex/lock', 'structures/condition', 'structures/calls'];
      addSteps([].concat(...rooms.map((room) => Object.values(require(`../lib/${room}`)).filter((value) => typeof value === 'function' && value.prototype !== undefined))));
    }
    const other = startOther();
    let failures = 0;
    for (const name of Object.keys(scenes)) {
      let step = 1;
      while (await play(t, other, name, step, fail, run)) step++;
      failures += step - 1;
      t.ok(step > 4, `${name}: ${step - 1} steps`);
    }
    t.comment(`${failures} failures`);
    other.end();
  });
}

test('calls that wait without blocking end, whatever fails when they are woken', { skip }, async (t) => {
  const other = startOther();
  const { fail } = ways['an exception'];
  const waits = {
    receive: { before: [], wait: (c) => c.receive(), wake: (c) => c.trySend('mine'), isKept: true },
    send: { before: ['x', 'x', 'x'], wait: (c) => c.send('mine'), wake: (c) => c.tryReceive().release() },
  };
  for (const [name, { before, wait, wake, isKept = false }] of Object.entries(waits)) {
    let step = 0;
    for (let hasFailed = true; hasFailed; ) {
      const channel = new shm.Channel(freshName(), { slots: SLOTS, size: 16 });
      before.forEach((text) => channel.sendSync(text));
      const waiting = wait(channel).then((message) => ({ message }), (error) => ({ error }));
      wake(new shm.Channel(channel.key));
      failAt(++step, fail);
      const { message, error } = await waiting;
      hasFailed = disarm();
      if (error !== undefined && error.message !== 'a failing step') throw error;
      if (message) message.release();
      const { found, slotsHad } = await other.look(channel.key);
      if (slotsHad !== SLOTS) t.fail(`${name} that failed at step ${step}: ${slotsHad} of ${SLOTS} slots can be had`);
      if (error !== undefined && found.mine > 1) t.fail(`${name} that failed at step ${step}: ${found.mine} times`);
      if (error !== undefined && isKept && found.mine !== 1) t.fail(`${name} that failed at step ${step}: lost`);
      channel.destroy();
    }
    t.ok(step > 5, `${name}: ${step - 1} steps`);
  }
  other.end();
});

test('what a call has left that failed is free at the next call, though somebody has just looked for the dead', { skip }, (t) => {
  let steps = 0;
  for (let hasFailed = true; hasFailed; steps++) {
    const channel = new shm.Channel(freshName(), { slots: 1, size: 16 });
    channel.trySend('old');
    assert.equal(channel.trySend('mine'), false); // it has looked
    channel.tryReceive().release();
    failAt(steps + 1, ways['an exception'].fail);
    ways['an exception'].run(() => channel.trySend('mine'));
    hasFailed = disarm();
    const message = channel.tryReceive();
    if (message !== null) message.release();
    if (!channel.trySend('mine')) t.fail(`after a failure at step ${steps + 1} the slot is missing`);
    channel.destroy();
  }
  t.ok(steps > 4, `${steps} steps`);
  t.end();
});
