'use strict';
// Producers and consumers of a channel are killed at random while millions of messages go through it. Each message
// says whose it is, which one, and repeats that all over; whoever gets it, counts it in shared memory and gives it
// back. In the end every message that was sent has been counted, and no more twice than consumers have died.

const { amount, check, ended, freshName, option, random, run, seed, shm, start, track } = require('./support/harness');

const PRODUCERS = 3;
const CONSUMERS = 3;
const SIZE = 256;
const MESSAGES = amount(1e7, 1e5);
const KILLS = amount(2000, 20);
/** How many a producer sends at most. */
const ROOM = 2e7;

// Words of the state: for each producer the number that it is sending and that it has sent; what they wait for.
const SENDING = 0;
const SENT = PRODUCERS;
const STOP = 2 * PRODUCERS;
const GOT = 2 * PRODUCERS + 1;

const keysOf = (key) => [key, `${key}-state`, `${key}-counts`];

function open(key) {
  const [, state, counts] = keysOf(key);
  return {
    channel: new shm.Channel(key, { slots: 32, size: SIZE }),
    state: shm.getOrCreate(16, 'Int32Array', state),
    counts: shm.getOrCreate(PRODUCERS * ROOM, 'Uint8Array', counts, { reserve: false }),
  };
}

/** Sends one number after the other, in one of the ways that there are. */
const roles = {
  producer(slot) {
    const { channel, state } = open(option('key'));
    const words = new Int32Array(SIZE / 4);
    // What the one before was sending when it died may have been sent or not.
    for (let number = state[SENDING + slot] + 1; number < ROOM && state[STOP] === 0; number++) {
      words.fill(number * PRODUCERS + slot);
      const length = 4 * (1 + (number % (SIZE / 4)));
      state[SENDING + slot] = number;
      if (number % 2 === 0) channel.sendSync(words.subarray(0, length / 4));
      else {
        const loan = channel.loanSync();
        loan.data.set(new Uint8Array(words.buffer, 0, length));
        loan.length = length;
        loan.tag = number;
        loan.sendSync();
      }
      state[SENT + slot] = number;
    }
  },
  async consumer(slot) {
    const { channel, state, counts } = open(option('key'));
    const count = (message) => {
      const words = new Int32Array(message.data.buffer, message.data.byteOffset, message.length / 4);
      const number = words[0];
      for (const word of words) check(word === number, 'a message is torn', words);
      check(words.length === 1 + (Math.floor(number / PRODUCERS) % (SIZE / 4)), 'a message has another length', words.length);
      Atomics.add(counts, number, 1);
      Atomics.add(state, GOT, 1);
      message.release();
    };
    if (slot === 0) for await (const message of channel) count(message);
    else for (let message; (message = channel.receiveSync()) !== null; ) count(message);
  },
};

async function main(told) {
  const name = freshName();
  keysOf(name).forEach(track);
  const { channel, state, counts } = open(name);
  const chosen = random(seed);
  const running = new Map();
  const begin = (role, slot) => {
    const child = start(__filename, [`--role=${role}`, `--slot=${slot}`, `--key=${name}`]);
    running.set(`${role} ${slot}`, child);
    child.role = role;
    child.slot = slot;
    return child;
  };
  for (let slot = 0; slot < PRODUCERS; slot++) begin('producer', slot);
  for (let slot = 0; slot < CONSUMERS; slot++) begin('consumer', slot);
  const unsure = new Set();
  let killed = 0;
  let consumersKilled = 0;
  const moved = async (from) => {
    const deadline = Date.now() + 60000;
    while (Atomics.load(state, GOT) < from + MESSAGES / KILLS) {
      check(Date.now() < deadline, 'nothing moves any more, after so many messages', Atomics.load(state, GOT));
      await new Promise((resolve) => setTimeout(resolve, 1 + chosen(10)));
    }
  };
  while (killed < KILLS) {
    await moved(Atomics.load(state, GOT));
    const victims = Array.from(running.values());
    const victim = victims[chosen(victims.length)];
    victim.kill('SIGKILL');
    const { code } = await ended(victim);
    check(code === null, 'a process ended by itself', victim.role, code);
    killed++;
    if (victim.role === 'consumer') consumersKilled++;
    else if (state[SENDING + victim.slot] !== state[SENT + victim.slot]) unsure.add(state[SENDING + victim.slot] * PRODUCERS + victim.slot);
    begin(victim.role, victim.slot);
  }
  Atomics.store(state, STOP, 1);
  await Promise.all(Array.from(running.values()).filter(({ role }) => role === 'producer').map(ended));
  let last = -1;
  for (let quiet = 0; quiet < 4; quiet = last === (last = Atomics.load(state, GOT)) ? quiet + 1 : 0) {
    await new Promise((resolve) => setTimeout(resolve, 600)); // what the dead had is delivered within a second
  }
  channel.close();
  await Promise.all(Array.from(running.values()).filter(({ role }) => role === 'consumer').map(ended));
  let [sent, lost, twice] = [0, 0, 0];
  for (let slot = 0; slot < PRODUCERS; slot++) {
    for (let number = 1; number <= state[SENDING + slot]; number++) {
      const count = counts[number * PRODUCERS + slot];
      sent++;
      if (count === 0 && !unsure.has(number * PRODUCERS + slot)) lost++;
      if (count > 1) twice += count - 1;
    }
  }
  Object.assign(told, { messages: sent, killed, 'of them consumers': consumersKilled, lost, torn: 0, 'delivered twice': twice });
  check(lost === 0 && twice <= consumersKilled, 'messages were lost, or delivered too often');
  keysOf(name).forEach((key) => shm.destroy(key));
}

const role = option('role');
if (role === undefined) run(main);
else Promise.resolve(roles[role](Number(option('slot')))).then(() => process.exit(0));
