'use strict';
// A process is killed before every single step that it takes in a channel or a topic; then all others must be able to
// go on: what was sent arrives once, what was not given back arrives again, every slot can be had and every place.

const { amount, check, ended, freshName, option, run, shm, start } = require('./support/harness');

const SLOTS = 4;

/** What is done in a channel, and how often 'mine' and 'old' may be in it then. */
const ofChannel = {
  send: { before: ['old'], act: (c) => c.send('mine'), mine: [0, 1], old: [1] },
  loan: { before: ['old'], act: (c) => c.loan().release(), mine: [0], old: [1] },
  receive: { before: ['old'], act: (c) => c.receive().release(), mine: [0], old: [0, 1] },
  receiveInto: { before: ['old'], act: (c) => c.receiveInto(Buffer.alloc(c.size)), mine: [0], old: [0, 1] },
  dropOldest: {
    before: ['old', 'x', 'x', 'x'],
    act: (c) => new shm.Channel(c.key, { overflow: 'drop-oldest' }).send('mine'),
    mine: [0, 1],
    old: [0, 1],
  },
  // Others have died with a message and with a loan in their hands; whoever looks for that is killed, too.
  recover: { before: ['old'], dead: ['hold', 'borrow'], act: (c) => c.queue.recover(), mine: [0], old: [1] },
  receiveAgain: { before: ['old'], dead: ['hold'], act: (c) => c.receive(1000).release(), mine: [0], old: [0, 1] },
  close: { before: ['old'], act: (c) => c.close(), mine: [0], old: [1] },
};

const ofTopic = {
  publish: { act: (t) => t.publish('mine') },
  read: { act: (t) => t.receive().release() },
  takeOver: { dead: ['pin', 'pin'], act: (t) => t.latest().release() },
  leave: { act: (t) => [t.latest(), t.leave()] },
};

/** Those who die with something in their hands. */
const deaths = { hold: (c) => c.receive(), borrow: (c) => c.loan(), pin: (t) => t.latest() };

function victim() {
  const { countSteps } = require('./support/steps');
  const steps = countSteps();
  const scene = option('scene');
  const opened = new shm[option('class')](option('key'));
  if (deaths[scene] !== undefined) {
    deaths[scene](opened);
    process.kill(process.pid, 'SIGKILL');
  }
  steps.arm(Number(option('step')));
  (ofChannel[scene] || ofTopic[scene]).act(opened);
  steps.disarm();
  process.exit();
}

async function play({ constructor, key }, scene, step) {
  const end = await ended(start(__filename, [`--class=${constructor.name}`, `--key=${key}`, `--scene=${scene}`, `--step=${step}`]));
  check(end.code === 0 || end.signal === 'SIGKILL', `${scene} at step ${step} ended`, end);
  return end.code === 0;
}

/** How often each of the texts is in the channel. */
function drain(channel, texts) {
  const found = {};
  texts.forEach((text) => (found[text] = 0));
  for (;;) {
    try {
      const message = channel.receive(250);
      if (message === null) return found;
      found[message.data.toString()]++;
      message.release();
    } catch (error) {
      if (error.code !== 'ERR_SHM_TIMED_OUT') throw error;
      return found;
    }
  }
}

/** Whether the scene came to its end. */
async function killInChannel(scene, step) {
  const { before, dead = [], mine, old } = ofChannel[scene];
  const channel = new shm.Channel(freshName(), { slots: SLOTS, size: 64 });
  before.forEach((text) => channel.send(text));
  for (const death of dead) await play(channel, death, 0);
  const isOver = await play(channel, scene, step);
  const found = drain(channel, ['old', 'mine', 'x']);
  check(old.includes(found.old) && mine.includes(found.mine), `${scene}, killed at step ${step}, left`, found);
  if (!channel.closed) {
    const loans = [];
    while (loans.length < SLOTS) loans.push(channel.loan(1000));
    loans.forEach((loan) => {
      loan.length = loan.data.write('x');
      loan.send();
    });
    const again = drain(channel, ['x']);
    check(again.x === SLOTS, `${scene}, killed at step ${step}: of ${SLOTS} messages came`, again.x);
  }
  shm.destroy(channel.key);
  return isOver;
}

async function killInTopic(scene, step) {
  const { dead = [] } = ofTopic[scene];
  const topic = new shm.Topic(freshName(), { size: 64, readers: 2 });
  topic.publish('old');
  for (const death of dead) await play(topic, death, 0);
  const isOver = await play(topic, scene, step);
  const readers = [new shm.Topic(topic.key), new shm.Topic(topic.key)];
  for (const reader of readers) check(['old', 'mine'].includes(reader.latest().data.toString()), `${scene}, killed at step ${step}`);
  for (let i = 0; i < 20; i++) {
    topic.publish(`frame ${i}`, 1000);
    for (const reader of readers) check(reader.receive(1000).data.toString() === `frame ${i}`, `${scene}, killed at step ${step}: frame ${i}`);
  }
  shm.destroy(topic.key);
  return isOver;
}

async function main(counts) {
  Object.assign(counts, { kills: 0, scenes: 0 });
  for (const [scenes, kill] of [[ofChannel, killInChannel], [ofTopic, killInTopic]]) {
    for (const scene of Object.keys(scenes)) {
      for (let step = 1; !(await kill(scene, step)); step += amount(1, 5)) counts.kills++;
      counts.scenes++;
    }
  }
}

if (option('scene') === undefined) run(main);
else victim();
