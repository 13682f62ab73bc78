'use strict';
// Topic: no reader sees half a frame, or one that changes while it has it; numbers only grow, nothing that was published is
// missing, and nobody is stuck. Afterwards all rows are there.

const { constants } = require('./library');
const { Unwinding } = require('./process');

const { LATEST, OWNER, ROW, SEEN, WRITER, rowsOf } = constants('topic/layout');
const { CLOSED } = constants('structures/structure');
const word = constants('mutex/word');

const SIZE = 8;
const timeout = 1e6;

const open = (options) => (library) => new (library.require('topic').Topic)('/explored', options);

const TWICE = 'publish twice';

const sum = (list, count) => list.reduce((total, one) => total + count(one), 0);

const payload = (letter) => letter.repeat(SIZE);

/** Before: so many frames, of a writer that is gone; readers that have one, of whom some are dead. */
function prepare({ history = 1, readers = 1, frames = 0, living = 0, dead = 0, hasLoan = false }) {
  return (world) => {
    const writer = world.process('z', open({ size: SIZE, history, readers }));
    writer.run((topic) => {
      for (let number = 0; number < frames; number++) topic.tryPublish(payload(String(number)));
      if (hasLoan) topic.tryLoan().data.write('half');
    });
    writer.kill();
    const holders = Array.from({ length: living + dead }, (_, index) => {
      const holder = { process: world.process('y', open()), out: {} };
      holder.process.run((topic) => see(topic.latest(), holder.out));
      if (index >= living) holder.process.kill();
      return holder;
    });
    return { history, readers, frames, holders };
  };
}

/** Notes a frame that a reader has. */
function see(frame, out) {
  if (frame === null) return null;
  checkFrame(frame);
  const before = out.frame;
  if (before !== undefined && frame.sequence < before.sequence) throw new Error(`after frame ${before.sequence} comes ${frame.sequence}`);
  if (frame.missed < 0 || frame.missed >= frame.sequence) throw new Error(`frame ${frame.sequence} tells of ${frame.missed} missed ones`);
  out.frame = { sequence: frame.sequence, shown: frame, text: frame.text() };
  return frame;
}

function checkFrame(frame) {
  const text = frame.text();
  if (!/^(.)\1{7}$/.test(text)) throw new Error(`frame ${frame.sequence} is torn: ${JSON.stringify(text)}`);
}

function later(promise, out, then) {
  promise.then(then).catch((error) => (out.error = error));
}

const operations = {
  publish: {
    act: (topic, out, letter) => {
      out.publishing = letter;
      out.isPublished = topic.tryPublish(payload(letter));
    },
  },
  [TWICE]: {
    act: (topic, out, letter) => {
      out.publishing = letter;
      out.times = topic.tryPublish(payload(letter)) ? 1 : 0;
      if (topic.tryPublish(payload(letter.toLowerCase()))) out.times++;
      out.isPublished = true;
    },
  },
  publishSync: {
    isBlocking: true,
    act: (topic, out, letter) => {
      out.publishing = letter;
      topic.publishSync(payload(letter), { timeout });
      out.isPublished = true;
    },
  },
  publishAsync: {
    isBlocking: true,
    act: (topic, out, letter) => {
      out.publishing = letter;
      later(topic.publish(payload(letter)), out, () => (out.isPublished = true));
    },
  },
  'loan, publish': {
    act: (topic, out, letter, memory) => {
      const loan = topic.tryLoan();
      if (loan === null) return;
      memory.call(loan.data, 'set', [Buffer.from(payload(letter))]);
      out.publishing = letter;
      loan.publish();
      out.isPublished = true;
    },
  },
  loan: { act: (topic, out) => void (out.loan = topic.tryLoan()) },
  latest: { act: (topic, out) => void see(topic.latest(), out) },
  receive: { act: (topic, out) => void see(topic.tryReceive(), out) },
  'latest, receive': {
    act: (topic, out) => {
      const frame = see(topic.latest(), out);
      out.isReleased = true;
      if (frame !== null) frame.release();
      if (see(topic.tryReceive(), out) !== null) out.isReleased = false;
    },
  },
  'join again': {
    act: (topic, out) => {
      see(topic.latest(), out);
      out.isReleased = true;
      topic.leave();
      if (see(topic.latest(), out) !== null) out.isReleased = false;
    },
  },
  receiveSync: { isBlocking: true, act: (topic, out) => void see(topic.receiveSync({ timeout }), out) },
  receiveAsync: { isBlocking: true, act: (topic, out) => later(topic.receive(), out, (frame) => see(frame, out)) },
  close: {
    act: (topic, out) => {
      out.isClosing = true;
      topic.close();
    },
  },
};

function isDue(world, { process, index }) {
  const words = world.words();
  const owner = words[WRITER] & word.OWNER;
  if (index === WRITER) return owner === 0 || (world.hasLooked && !world.alive.has(owner));
  if (words[CLOSED] !== 0) return true;
  const [, , , history, readers] = words;
  for (let reader = 0; reader < readers; reader++) {
    const row = rowsOf(history) + reader * ROW;
    if (words[row + OWNER] === process.number) return words[row + SEEN] !== words[LATEST] >>> 1;
  }
  return false;
}

const isAllowed = (error, { hasClose, mayBeFull }) =>
  error instanceof Unwinding ||
  (error instanceof RangeError && error.message.includes('call stack')) ||
  (hasClose && error.code === 'ERR_SHM_CLOSED') ||
  (mayBeFull && error.code === 'ERR_SHM_FULL') ||
  error.code === 'ERR_SHM_DEADLOCK';

function check(play) {
  const { actors, prepared, world } = play;
  const { history, readers, frames, holders } = prepared;
  const hasClose = actors.some(({ out }) => out.isClosing);
  const mayBeFull = holders.filter(({ process }) => !process.isDead).length + actors.length > readers;
  for (const { outcome, out } of actors) {
    for (const error of [outcome.error, out.error]) if (error !== undefined && !isAllowed(error, { hasClose, mayBeFull })) throw error;
  }
  const latest = world.words()[LATEST] >>> 1;
  const least = sum(actors, ({ out: { isPublished, times = isPublished ? 1 : 0 } }) => times);
  const most = least + sum(actors, ({ operation, out: { publishing, isPublished, times = 0 } }) => (publishing !== undefined && isPublished === undefined ? (operation === TWICE ? 2 : 1) - times : 0));
  if (latest < frames + least) throw new Error(`${frames + least} frames were published, and the newest is ${latest}`);
  if (latest > frames + most) throw new Error(`the newest frame is ${latest}, and only ${frames + most} were published`);
  const goesOn = new Set(actors.map(({ by }) => by)); // what they had is over
  const shown = holders.concat(actors.filter((actor) => !goesOn.has(actor))).filter(({ process, out, outcome }) => !process.isDead && out.frame !== undefined && !out.isReleased && (outcome || {}).ended === undefined);
  const checkShown = () => {
    for (const { process, out } of shown) {
      if (process.isDead) continue;
      checkFrame(out.frame.shown);
      if (out.frame.text !== out.frame.shown.text()) throw new Error(`frame ${out.frame.sequence} has changed from ${out.frame.text} to ${out.frame.shown.text()}`);
    }
  };
  checkShown();
  if (!play.hasFailure) for (const { process, operation } of actors) if (/loan|publish/.test(operation)) process.kill();
  if (play.hasFailure) play.killAll();
  if (!hasClose) {
    play.afterwards((topic) => {
      for (let number = 0; number < 2 * (history + readers + 1); number++) {
        topic.publishSync(payload('abcdefghijklmnop'[number]), { timeout });
        checkShown();
      }
    });
  }
  for (const { process } of holders) process.kill();
  play.killAll();
  const joined = Array.from({ length: readers }, () => world.process('x', open()));
  const newest = joined.map((process) => process.run((topic) => see(topic.latest(), {})));
  for (const { error, value } of newest) {
    if (error !== undefined) throw error;
    if (value === null && latest > 0) throw new Error('the newest frame is gone');
  }
  joined.forEach((process) => process.kill());
}

function checkUse(play) {
  const { prepared, world } = play;
  for (const { process } of prepared.holders) process.kill();
  play.afterwards((topic) => {
    if (topic.closed) return;
    topic.publishSync(payload('a'), { timeout });
    if (topic.latest().text() !== payload('a')) throw new Error('what is published afterwards is not the newest');
  });
  const joined = Array.from({ length: prepared.readers }, () => world.process('x', open()));
  for (const process of joined) if (process.run((topic) => topic.latest()).error !== undefined) throw new Error('not all rows are there afterwards');
  joined.forEach((process) => process.kill());
}

module.exports = {
  open: open(),
  scenes: [
    ['no frame', prepare({})],
    ['a frame', prepare({ frames: 1 })],
    ['a frame, a living reader has the only row', prepare({ frames: 1, living: 1 })],
    ['frames, the row is that of a dead one', prepare({ frames: 2, dead: 1 })],
    ['two rows, a history of two, a living reader', prepare({ history: 2, readers: 2, frames: 3, living: 1 })],
    ['two rows, a living reader, a dead one, and a loan that a dead one had', prepare({ readers: 2, frames: 2, living: 1, dead: 1, hasLoan: true })],
    ['two rows, a frame', prepare({ readers: 2, frames: 1 })],
  ],
  operations,
  leavesNothing: ['publish', 'publishSync', 'close'],
  // A frame is too old once two have come after it; and what joins before the first meets the first two.
  often: {
    crossed: [{ operations: ['latest|receive|latest, receive|join again', TWICE] }],
    'reader that is overtaken': [{ operations: ['latest|receive|latest, receive|join again', TWICE] }],
  },
  readers: ['latest', 'receive', 'latest, receive', 'join again'],
  isDue,
  check,
  checkUse,
};
