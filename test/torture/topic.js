'use strict';
// Writers and readers of a topic are killed and stopped at random. Each frame says which it is, whose, and repeats
// that all over; before, its memory is filled with what must never be seen. Whatever happened to whom, all others
// must go on; no reader sees half a frame, one that was not published, or an older one than before.

const fs = require('fs');
const { amount, check, ended, freshName, option, random, run, seed, shm, start, track, until } = require('./support/harness');

const WRITERS = 3;
const READERS = 3;
const SIZE = 4096;
const KILLS = amount(600, 12);
/** After so many kills, one is stopped. */
const STOPS = amount(10, 4);

/** What is in a frame as long as it is written, and in one that is given back instead of published. */
const NEVER = -1;
/** How many of the newest frames are known by their numbers. */
const KNOWN = 2 ** 20;

// Words of the state: what each writer is at and how many frames it has published; what each reader has seen last and
// how many frames it has got; what all wait for; which writer is to stop with a frame in its hands, and whether it has.
const AT = 0;
const PUBLISHED = AT + WRITERS;
const SEEN = PUBLISHED + WRITERS;
const GOT = SEEN + READERS;
const END = GOT + READERS;
const STOP = END + 1;
const STOPPED = STOP + 1;
const NAP = STOPPED + 1;

const keysOf = (key) => [key, `${key}-state`, `${key}-known`];

function open(key) {
  const [, state, known] = keysOf(key);
  return {
    // One more row, for the process that looks on: a row that was lost would be missed at once, and so would its pin.
    topic: new shm.Topic(key, { size: SIZE, history: 3, readers: READERS + 1 }),
    state: shm.getOrCreate(NAP + 1, 'Int32Array', state),
    known: shm.getOrCreate(KNOWN, 'Int32Array', known),
  };
}

const wordsIn = ({ data }) => new Int32Array(data.buffer, data.byteOffset, data.length / 4);
const nameOf = (writer, number) => number * WRITERS + writer;
const lengthOf = (name) => 1 + (name % (SIZE / 4 - 1));

/** The first word of a frame is its number, all others are its name. */
function checkWhole(frame, { topic, known }) {
  const [sequence, ...names] = wordsIn(frame);
  check(names.length === lengthOf(names[0]), 'a frame has another length', names.length, names[0]);
  check(names.every((name) => name === names[0]), 'a frame is torn', sequence, names);
  check(sequence === frame.sequence, 'a frame has another number', sequence, frame.sequence);
  // Who was stopped may have an old one.
  const isKnown = topic.toJSON().latest - sequence < KNOWN / 2;
  check(!isKnown || known[sequence % KNOWN] === names[0], 'a frame is another one than was published', sequence, names[0]);
}

const roles = {
  writer(slot) {
    const { topic, state, known } = open(option('key'));
    for (let number = state[AT + slot] + 1; state[END] === 0; number++) {
      state[AT + slot] = number;
      const loan = topic.loanSync();
      const words = wordsIn(loan).fill(NEVER);
      if (state[STOP] === slot + 1) stopHere(state);
      if (number % 8 === 0) {
        loan.release();
        continue;
      }
      const name = nameOf(slot, number);
      const { sequence } = loan;
      words.fill(name, 1);
      words[0] = sequence;
      known[sequence % KNOWN] = name;
      loan.length = 4 * (1 + lengthOf(name));
      loan.publish();
      state[PUBLISHED + slot]++;
    }
  },
  async reader(slot) {
    const opened = open(option('key'));
    const { topic, state } = opened;
    let last = 0;
    const look = (frame, isNew) => {
      checkWhole(frame, opened);
      check(frame.sequence >= state[SEEN + slot] + (isNew && last !== 0), 'a reader went back', frame.sequence, state[SEEN + slot]);
      if (last !== 0) check(frame.missed === Math.max(0, frame.sequence - last - 1), 'more or fewer were missed', frame.sequence, last, frame.missed);
      state[SEEN + slot] = last = frame.sequence;
      if (++state[GOT + slot] % 16 !== 0) return;
      const before = Buffer.from(frame.data);
      shm.wait(state, NAP, 0, 1);
      check(before.equals(frame.data), 'a frame has changed while a reader had it', frame.sequence);
    };
    if (slot === 0) for await (const frame of topic) look(frame, true);
    else {
      for (let frame; (frame = topic.receiveSync()) !== null; ) {
        look(frame, true);
        if (slot === 1) frame.release();
        else look(topic.latest(), false);
      }
    }
  },
};

/** Stops this writer until somebody says that it can go on. */
function stopHere(state) {
  state[STOP] = 0;
  Atomics.store(state, STOPPED, process.pid);
  while (Atomics.load(state, STOPPED) !== 0) process.kill(process.pid, 'SIGSTOP');
}

const latestOf = (topic) => topic.toJSON().latest;

const isStopped = ({ pid }) => /^\S+ \(.*\) T/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
const codeOf = (action) => {
  try {
    return action() && undefined;
  } catch (error) {
    return error.code;
  }
};

async function main(counts) {
  if (!fs.existsSync('/proc/self/stat')) return { skip: 'no /proc, which tells who is stopped' };
  const name = freshName();
  keysOf(name).forEach(track);
  const opened = open(name);
  const running = new Map();
  try {
    await torture(name, opened, running, counts);
  } finally {
    running.forEach((child) => child.kill('SIGKILL'));
  }
  return undefined;
}

async function torture(name, opened, running, counts) {
  const { topic, state } = opened;
  const chosen = random(seed);
  const begin = (role, slot) => {
    const child = Object.assign(start(__filename, [`--role=${role}`, `--slot=${slot}`, `--key=${name}`]), { role, slot });
    running.set(`${role} ${slot}`, child);
    return child;
  };
  for (let slot = 0; slot < WRITERS; slot++) begin('writer', slot);
  for (let slot = 0; slot < READERS; slot++) begin('reader', slot);
  const all = () => Array.from(running.values());
  const any = (roles) => {
    const children = all().filter(({ role }) => roles.includes(role));
    return children[chosen(children.length)];
  };
  const progressOf = ({ role, slot }) => Atomics.load(state, (role === 'writer' ? PUBLISHED : GOT) + slot);
  /** Everybody goes on, and nobody has ended. */
  const goOn = async (children) => {
    const before = children.map(progressOf);
    const stuck = () => children.filter((child, i) => progressOf(child) === before[i]);
    const failed = () => all().find(({ exitCode }) => exitCode !== null);
    const deadline = Date.now() + 15000;
    await until(() => failed() !== undefined || stuck().length === 0 || Date.now() > deadline, 'progress');
    check(failed() === undefined, 'a process ended by itself', (failed() || {}).role);
    check(stuck().length === 0, 'nobody was to be stuck', stuck().map(({ role, slot }) => `${role} ${slot}`), latestOf(topic));
  };
  // The process that looks on joins last, and always has a frame: so every frame that can be in use is.
  let held = null;
  let before = null;
  const holdOn = () => {
    check(before.equals(held.data), 'a frame has changed while the process that looks on had it', held.sequence);
    held = topic.latest();
    checkWhole(held, opened);
    before = Buffer.from(held.data);
  };
  const killed = { writer: 0, reader: 0 };
  const kill = async (victim) => {
    victim.kill('SIGKILL');
    const { code } = await ended(victim);
    check(code === null, 'a process ended by itself', victim.role, code);
    killed[victim.role]++;
    return begin(victim.role, victim.slot);
  };
  const stops = { writer: 0, reader: 0 };
  /** A writer stops with half a frame: readers have what there was, and other writers are told in time. */
  const stopWriter = async () => {
    const writer = any(['writer']);
    state[STOP] = writer.slot + 1;
    await until(() => Atomics.load(state, STOPPED) === writer.pid && isStopped(writer), 'a writer that stops');
    stops.writer++;
    const latest = latestOf(topic);
    await goOn([await kill(any(['reader']))]); // who comes late gets the newest
    holdOn();
    const began = Date.now();
    check(codeOf(() => topic.publishSync('never', { timeout: 30 })) === 'ERR_SHM_TIMED_OUT', 'a writer came between');
    check(Date.now() - began < 5000, 'a timeout of 30 ms took', Date.now() - began);
    check(latestOf(topic) === latest, 'there are new frames without a writer');
    Atomics.store(state, STOPPED, 0);
    if (chosen(2) === 0) await kill(writer);
    else process.kill(writer.pid, 'SIGCONT');
  };
  /** A reader stops, wherever it is: nobody waits for it. */
  const stopReader = async () => {
    const reader = any(['reader']);
    process.kill(reader.pid, 'SIGSTOP');
    await until(() => isStopped(reader), 'a reader that stops');
    stops.reader++;
    for (let i = 0; i < 3; i++) await goOn(all().filter((child) => child !== reader));
    if (chosen(2) === 0) await kill(reader);
    else process.kill(reader.pid, 'SIGCONT');
  };
  await goOn(all());
  held = topic.latest();
  before = Buffer.from(held.data);
  for (let kills = 1; killed.writer + killed.reader < KILLS; kills++) {
    shm.wait(state, NAP, 0, chosen(20));
    const begun = await kill(any(['writer', 'reader']));
    // Who has just begun may be the next, whatever it is doing.
    await goOn(chosen(4) === 0 ? all().filter((child) => child !== begun) : all());
    holdOn();
    if (kills % STOPS === 0) await (chosen(2) === 0 ? stopReader() : stopWriter());
  }
  await goOn(all());
  Atomics.store(state, END, 1);
  await Promise.all(all().filter(({ role }) => role === 'writer').map(ended));
  topic.close();
  await Promise.all(all().map(ended));
  all().forEach((child) => check(child.exitCode === 0, 'a process failed', child.role, child.exitCode));
  const sum = (from, many) => state.subarray(from, from + many).reduce((total, count) => total + count, 0);
  const published = latestOf(topic);
  Object.assign(counts, { frames: published, seen: sum(GOT, READERS), 'writers killed': killed.writer, 'readers killed': killed.reader });
  Object.assign(counts, { 'writers stopped': stops.writer, 'readers stopped': stops.reader, torn: 0, back: 0 });
  // Who was killed after it had published, had no time to count that.
  const lost = published - sum(PUBLISHED, WRITERS);
  check(lost >= 0 && lost <= killed.writer, 'other frames have been published than were counted', lost);
  checkWhole(topic.latest(), opened);
  for (let reader = 0; reader < READERS; reader++) checkWhole(new shm.Topic(name).latest(), opened);
  keysOf(name).forEach((key) => shm.destroy(key));
}

const role = option('role');
if (role === undefined) run(main);
else Promise.resolve(roles[role](Number(option('slot')))).then(() => process.exit(0));
