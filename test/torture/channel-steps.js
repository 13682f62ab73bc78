'use strict';
// A process is killed before every single step that it takes in a channel or a topic; then all others must be able to
// go on: what was sent arrives once, what was not given back arrives again, every slot can be had and every place.

const { Queue } = require('../../lib/channel/queue');
const { recover } = require('../../lib/channel/recovery');
const { amount, check, ended, freshName, option, run, shm, start } = require('./support/harness');

const SLOTS = 4;

/** How long somebody may sleep whom the dead should have woken (milliseconds). */
const SOON = 5000;

/** What is done in a channel, and how often 'mine' and 'old' may be in it then. */
const ofChannel = {
  send: { before: ['old'], act: (c) => c.sendSync('mine'), mine: [0, 1], old: [1] },
  loan: { before: ['old'], act: (c) => c.loanSync().release(), mine: [0], old: [1] },
  receive: { before: ['old'], act: (c) => c.receiveSync().release(), mine: [0], old: [0, 1] },
  receiveInto: { before: ['old'], act: (c) => c.receiveIntoSync(Buffer.alloc(c.size)), mine: [0], old: [0, 1] },
  dropOldest: {
    before: ['old', 'x', 'x', 'x'],
    act: (c) => new shm.Channel(c.key, { overflow: 'drop-oldest' }).sendSync('mine'),
    mine: [0, 1],
    old: [0, 1],
  },
  // Others have died with a message and with a loan in their hands; whoever looks for that is killed, too.
  recover: { before: ['old'], dead: ['hold', 'borrow'], act: (c) => recover(new Queue(c.key, {}, () => false)), mine: [0], old: [1] },
  receiveAgain: { before: ['old'], dead: ['hold'], act: (c) => c.receiveSync({ timeout: 1000 }).release(), mine: [0], old: [0, 1] },
  close: { before: ['old'], act: (c) => c.close(), mine: [0], old: [1] },
  // Somebody sleeps who may have to be woken; he may get the message that was sent in its stead, and then it, too.
  sendToSleeper: { before: [], isAwaited: true, act: (c) => c.sendSync('mine'), mine: [0, 1], old: [0] },
};

const ofTopic = {
  publish: { act: (t) => t.publishSync('mine') },
  read: { act: (t) => t.receiveSync().release() },
  takeOver: { dead: ['pin', 'pin'], act: (t) => t.latest().release() },
  leave: { act: (t) => [t.latest(), t.leave()] },
  readOld: { act: (t) => [t.receiveSync(), t.publishSync('mine'), t.publishSync('mine'), t.receiveSync(), t.receiveSync(), t.tryReceive()] },
  publishAfterDeath: { dead: ['write'], act: (t) => t.publishSync('mine') },
  giveUp: { act: (t) => t.loanSync().release() },
  publishToSleeper: { isAwaited: true, act: (t) => t.publishSync('mine') },
  close: { isAwaited: true, act: (t) => t.close() },
};

/** Those who die with something in their hands. */
const deaths = { hold: (c) => c.receiveSync(), borrow: (c) => c.loanSync(), pin: (t) => t.latest(), write: (t) => t.loanSync().data.write('half') };

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

/** What a sleeper gets. It has no timeout of its own: then it would look once more, and find what it was not woken for. */
function soon(sleeper, what) {
  const tooLate = new Promise((_, reject) => setTimeout(() => reject(new Error(`${what}: nobody woke who sleeps`)), SOON).unref());
  return Promise.race([sleeper, tooLate]);
}

/** How often each of the texts is in the channel. */
function drain(channel, texts) {
  const found = {};
  texts.forEach((text) => (found[text] = 0));
  for (;;) {
    try {
      const message = channel.receiveSync({ timeout: 250 });
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
  const { before, dead = [], isAwaited = false, mine, old } = ofChannel[scene];
  const channel = new shm.Channel(freshName(), { slots: SLOTS, size: 64 });
  before.forEach((text) => channel.sendSync(text));
  for (const death of dead) await play(channel, death, 0);
  const sleeper = isAwaited ? channel.receive() : null;
  const isOver = await play(channel, scene, step);
  if (sleeper !== null) {
    // What is not there by now was not sent.
    if (channel.toJSON().queued === 0) channel.sendSync('mine');
    const message = await soon(sleeper, `${scene}, killed at step ${step}`);
    check(message.data.toString() === 'mine', `${scene}, killed at step ${step}`);
    message.release();
  }
  const found = drain(channel, ['old', 'mine', 'x']);
  check(old.includes(found.old) && mine.includes(found.mine), `${scene}, killed at step ${step}, left`, found);
  if (!channel.closed) {
    const loans = [];
    while (loans.length < SLOTS) loans.push(channel.loanSync({ timeout: 1000 }));
    loans.forEach((loan) => {
      loan.length = loan.data.write('x');
      loan.sendSync();
    });
    const again = drain(channel, ['x']);
    check(again.x === SLOTS, `${scene}, killed at step ${step}: of ${SLOTS} messages came`, again.x);
  }
  shm.destroy(channel.key);
  return isOver;
}

/** The text of the next frame that this reader waits for. */
async function nextOf(topic) {
  topic.receiveSync().release();
  const frame = await topic.receive();
  return frame && frame.data.toString();
}

async function killInTopic(scene, step) {
  const { dead = [], isAwaited = false } = ofTopic[scene];
  const topic = new shm.Topic(freshName(), { size: 64, history: 2, readers: 2 });
  topic.publishSync('old');
  for (const death of dead) await play(topic, death, 0);
  const sleeper = isAwaited ? nextOf(topic) : null;
  const isOver = await play(topic, scene, step);
  if (sleeper !== null) {
    // What is not there by now did not happen.
    if (!topic.closed && topic.toJSON().latest === 1) topic.publishSync('mine');
    const text = await soon(sleeper, `${scene}, killed at step ${step}`);
    check(text === (topic.closed ? null : 'mine'), `${scene}, killed at step ${step}: a sleeper got`, text);
    topic.leave();
  }
  const readers = topic.closed ? [] : [new shm.Topic(topic.key), new shm.Topic(topic.key)];
  for (const reader of readers) check(['old', 'mine'].includes(reader.latest().data.toString()), `${scene}, killed at step ${step}`);
  for (let i = 0; i < 20 && !topic.closed; i++) {
    topic.publishSync(`frame ${i}`, { timeout: 1000 });
    for (const reader of readers) check(reader.receiveSync({ timeout: 1000 }).data.toString() === `frame ${i}`, `${scene}, killed at step ${step}: frame ${i}`);
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
