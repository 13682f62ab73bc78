'use strict';
// Channel: no message is lost, torn, delivered twice, or out of order, nobody is stuck, and afterwards all slots are there.

const { constants } = require('./library');
const { Unwinding } = require('./process');

const { CLOSED } = constants('structures/structure');
const { FREE, FREED, HEAD, RING, SLOT, TAIL, ringOf } = constants('channel/layout');

const SIZE = 8;

const open = (options) => (library) => new (library.require('channel').Channel)('/explored', options);

/** Eight times the letter: what is torn has two of them. */
const payload = (letter) => letter.repeat(SIZE);

/** Makes a channel with some messages, whose senders are gone. */
function prepare(slots, messages, left = () => {}) {
  return (world) => {
    const creator = world.process('z', open({ slots, size: SIZE }));
    const before = Array.from({ length: messages }, (_, index) => String(index));
    creator.run((channel) => {
      before.forEach((letter) => channel.trySend(payload(letter)));
      left(channel);
    });
    creator.kill();
    return { slots, before };
  };
}

/** What has been received, as its letter. */
function letterOf(text) {
  if (!/^(.)\1{7}$/.test(text)) throw new Error(`a message is torn: ${JSON.stringify(text)}`);
  return text[0];
}

/** Timeouts are over when nobody wakes in vain any more: longer than two looks, so that those are tried. */
const timeout = 1e6;

/** Calls `then` with what a promise gives; the call has returned by then. */
function later(promise, out, then) {
  promise.then(then).catch((error) => (out.error = error));
}

function received(message, out) {
  if (message === null) return null;
  out.received = letterOf(message.text());
  out.deliveries = message.deliveries;
  return message;
}

const operations = {
  send: {
    act: (channel, out, letter) => {
      out.sending = letter;
      out.isSent = channel.trySend(payload(letter));
    },
  },
  sendSync: {
    isBlocking: true,
    act: (channel, out, letter) => {
      out.sending = letter;
      channel.sendSync(payload(letter), { timeout });
      out.isSent = true;
    },
  },
  sendAsync: {
    isBlocking: true,
    act: (channel, out, letter) => {
      out.sending = letter;
      later(channel.send(payload(letter)), out, () => (out.isSent = true));
    },
  },
  'loan, send': {
    act: (channel, out, letter, memory) => {
      const loan = channel.tryLoan();
      if (loan === null) return;
      out.sending = letter;
      memory.call(loan.data, 'set', [Buffer.from(payload(letter))]);
      out.isSent = loan.trySend();
      if (!out.isSent) loan.release();
    },
  },
  loan: { act: (channel) => void channel.tryLoan() },
  receive: {
    act: (channel, out) => {
      const message = received(channel.tryReceive(), out);
      if (message === null) return;
      out.isReleasing = true;
      message.release();
      out.isDone = true;
    },
  },
  receiveSync: {
    isBlocking: true,
    act: (channel, out) => {
      const message = received(channel.receiveSync({ timeout }), out);
      if (message === null) return;
      out.isReleasing = true;
      message.release();
      out.isDone = true;
    },
  },
  receiveAsync: {
    isBlocking: true,
    act: (channel, out) => {
      later(channel.receive(), out, (message) => {
        if (received(message, out) === null) return;
        out.isReleasing = true;
        message.release();
        out.isDone = true;
      });
    },
  },
  receiveInto: {
    act: (channel, out) => {
      const buffer = Buffer.alloc(SIZE);
      out.isReleasing = true;
      const length = channel.tryReceiveInto(buffer);
      if (length === null) return;
      out.received = letterOf(buffer.toString('latin1', 0, length));
      out.isDone = true;
    },
  },
  hold: { act: (channel, out) => void received(channel.tryReceive(), out) },
  putBack: {
    act: (channel, out) => {
      const message = received(channel.tryReceive(), out);
      if (message !== null) message.putBack();
    },
  },
  close: {
    act: (channel, out) => {
      out.isClosing = true;
      channel.close();
    },
  },
  dropOldest: {
    open: open({ overflow: 'drop-oldest' }),
    act: (channel, out, letter) => {
      out.sending = letter;
      out.isSent = channel.trySend(payload(letter));
    },
  },
};

const drops = (operation) => operation === 'dropOldest';

function isDue(world, { index }) {
  const words = world.words();
  if (words[CLOSED] !== 0) return true;
  if (index === HEAD) return words[HEAD] >>> 1 !== words[TAIL];
  if (index !== FREED) return false;
  const slots = words[2];
  const first = RING + ringOf(slots);
  return Array.from({ length: slots }, (_, slot) => words[first + slot * SLOT]).includes(FREE);
}

/** What may have become of each message: `[least, most]` times that it is found afterwards. */
function expected({ prepared, actors }) {
  const bounds = new Map(prepared.before.map((letter) => [letter, [1, 1]]));
  for (const { out } of actors) {
    if (out.sending === undefined) continue;
    if (out.isSent === undefined) bounds.set(out.sending, [0, 1]);
    else if (out.isSent) bounds.set(out.sending, [1, 1]);
  }
  for (const { out } of actors) {
    if (out.isDone) bounds.set(out.received, [0, 0]);
    else if (out.received !== undefined && out.isReleasing) bounds.set(out.received, [0, 1]);
  }
  return bounds;
}

const isClosed = (error) => error.code === 'ERR_SHM_CLOSED';

const isAllowed = (error) => error instanceof RangeError || error instanceof Unwinding;

function check(play) {
  const { actors, prepared } = play;
  const { slots, before } = prepared;
  const mayBeClosed = actors.some(({ out }) => out.isClosing);
  for (const { outcome, out } of actors) {
    for (const error of [outcome.error, out.error]) if (error !== undefined && !isAllowed(error) && !(mayBeClosed && isClosed(error))) throw error;
  }
  const bounds = expected(play);
  const isDone = actors.filter(({ out }) => out.isDone).map(({ out }) => out.received);
  if (new Set(isDone).size < isDone.length) throw new Error(`a message was received twice: ${isDone.join()}`);
  // Who copies out, or drops, and dies, has taken a message that may be gone.
  let mayBeLost = actors.filter(({ out, operation, by }) => (out.isReleasing && out.received === undefined) || drops(operation) || (by !== undefined && drops(by.operation))).length;
  play.killAll();
  const found = play.afterwards((channel) => {
    const all = [];
    for (let quiet = 0; quiet < 2; ) {
      const message = channel.tryReceive();
      if (message === null) {
        quiet++;
        play.world.time += 1000;
        continue;
      }
      all.push({ letter: letterOf(message.text()), deliveries: message.deliveries });
      message.release();
    }
    return all;
  });
  const letters = found.map(({ letter }) => letter);
  for (const [letter, [least, most]] of bounds) {
    const times = letters.filter((other) => other === letter).length;
    if (times > most) throw new Error(`${letter} is delivered ${times} times too often: [${letters}]`);
    if (times < least && mayBeLost-- <= 0) throw new Error(`${letter} is lost: [${letters}]`);
  }
  const unknown = letters.find((letter) => !bounds.has(letter));
  if (unknown !== undefined) throw new Error(`${unknown} was never sent`);
  const inOrder = found.filter(({ deliveries }) => deliveries === 0).map(({ letter }) => letter);
  const oldFirst = inOrder.filter((letter) => before.includes(letter));
  if (oldFirst.join() !== inOrder.slice(0, oldFirst.length).join() || oldFirst.join() !== oldFirst.slice().sort().join()) throw new Error(`out of order: [${letters}]`);
  if (!mayBeClosed) play.afterwards((channel) => checkCapacity(channel, slots));
}

/** All slots can be had, filled, and come in their order. */
function checkCapacity(channel, slots) {
  const loans = [];
  for (let loan = channel.tryLoan(); loan !== null; loan = channel.tryLoan()) loans.push(loan);
  if (loans.length !== slots) throw new Error(`${loans.length} of ${slots} slots are there afterwards`);
  loans.forEach((loan, index) => {
    loan.data.write(payload(String(index)));
    if (!loan.trySend()) throw new Error('nothing can be sent afterwards');
  });
  for (let index = 0; index < slots; index++) {
    const message = channel.tryReceive();
    if (message === null || letterOf(message.text()) !== String(index)) throw new Error('what is sent afterwards does not come, or not in order');
    message.release();
  }
}

/** What a zombie has overwritten is damaged for good: but every call ends, and says so. */
function checkUse(play) {
  play.afterwards((channel) => {
    for (let calls = 0; calls < 2 * channel.slots; calls++) {
      try {
        const loan = channel.tryLoan();
        if (loan !== null) loan.trySend();
        const message = channel.tryReceive();
        if (message !== null) message.release();
      } catch (error) {
        if (!['ERR_SHM_LAYOUT', 'ERR_SHM_CLOSED'].includes(error.code)) throw error;
      }
      play.world.time += 1000;
    }
  });
}

module.exports = {
  open: open(),
  scenes: [
    ['one slot, empty', prepare(1, 0)],
    ['one slot, full', prepare(1, 1)],
    ['two slots, one message', prepare(2, 1)],
    ['two slots, full', prepare(2, 2)],
    ['two slots, one that a dead one was writing', prepare(2, 1, (channel) => channel.tryLoan())],
    ['two slots, one that a dead one has taken', prepare(2, 1, (channel) => channel.tryReceive())],
  ],
  operations,
  // Two want the only slot.
  often: { 'crossed, then an exception': [{ scene: 0, operations: ['loan|send', 'sendAsync|sendSync'] }] },
  leavesNothing: ['send', 'sendSync', 'receiveInto', 'dropOldest', 'close'],
  isDue,
  check,
  checkUse,
};
