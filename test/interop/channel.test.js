'use strict';
// A C program (examples/c/channel.c) takes part in channels, a Python program (examples/python/frames.py) in a topic.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { freshName, isLinux, nodeMajor, outcome, runScript, shm } = require('../support');
const { compileC, lacks, pythonScript, pythonWithPackages } = require('./programs');

const tooOld = (!isLinux && 'the programs use futexes') || (nodeMajor < 16 && 'Atomics refuse these arrays before Node 16');

test('C takes messages out of a channel and sends to another', { skip: tooOld || lacks('cc') }, async (t) => {
  const [there, back] = [freshName(), freshName()];
  const requests = new shm.Channel(there, { slots: 4, size: 100 });
  const replies = new shm.Channel(back, { slots: 4, size: 100 });
  const count = 2000;
  const program = outcome(spawn(compileC('channel'), [there, back, String(count)], { stdio: 'pipe' }));
  (async () => {
    for (let i = 0; i < count; i++) {
      const loan = await requests.loan();
      loan.length = loan.data.write(`message ${i}`);
      loan.tag = i;
      loan.sendSync();
    }
  })();
  const wrong = [];
  for (let i = 0; i < count; i++) {
    const message = await replies.receive({ timeout: 10000 });
    if (message.tag !== i || message.data.toString() !== `MESSAGE ${i}`) wrong.push([i, message.tag, message.data.toString()]);
    message.release();
  }
  t.deepEqual(wrong, []);
  const end = await program;
  t.equal(end.code, 0, end.stderr);
  [there, back].forEach((key) => shm.destroy(key));
});

test('what a C program had taken when it was killed is delivered again', { skip: tooOld || lacks('cc') }, async (t) => {
  const [there, back] = [freshName(), freshName()];
  const requests = new shm.Channel(there, { slots: 4, size: 100 });
  const replies = new shm.Channel(back, { slots: 1, size: 100 });
  const loan = replies.loanSync(); // so that it waits, with a message in its hands
  const program = spawn(compileC('channel'), [there, back, '1'], { stdio: 'pipe' });
  const end = outcome(program);
  requests.sendSync('mine');
  while (requests.toJSON().queued > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  program.kill('SIGKILL');
  await end;
  const message = await requests.receive({ timeout: 10000 });
  t.deepEqual([message.data.toString(), message.deliveries], ['mine', 1]);
  loan.release();
  [there, back].forEach((key) => shm.destroy(key));
});

// Words of a channel and of a topic; docs/channels.md and docs/topics.md have them as bytes.
const CLOSED = 5;
const CHANNEL_HEAD = 32;
const TOPIC_LATEST = 32;

/**
 * A word is marked by a program that sleeps; then the structure is closed as by a process that is killed before it
 * notifies. The program has to clear the mark and wake the others, of whom this process is one.
 */
async function endedByClosed(t, key, index, program) {
  const words = shm.get(key, 'Int32Array');
  const end = outcome(program);
  while ((Atomics.load(words, index) & 1) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const woken = shm.waitAsync(words, index, Atomics.load(words, index), { timeout: 20000 });
  Atomics.store(words, CLOSED, 1);
  const { code, stderr } = await end;
  t.equal(code, 0, stderr);
  t.equal(await woken, 'ok', 'who sleeps is woken');
  t.equal(Atomics.load(words, index) & 1, 0, 'and the mark is cleared');
}

test('a C program that finds a channel closed wakes the others who sleep', { skip: tooOld || lacks('cc') }, async (t) => {
  const [there, back] = [freshName(), freshName()];
  [there, back].forEach((key) => new shm.Channel(key, { slots: 4, size: 100 }));
  await endedByClosed(t, there, CHANNEL_HEAD, spawn(compileC('channel'), [there, back, '1'], { stdio: 'pipe' }));
  [there, back].forEach((key) => shm.destroy(key));
});

const skipPython = tooOld || lacks('python3') || (!fs.existsSync('/dev/shm') && 'there is no /dev/shm');

test('frames from Python, as in examples/camera.js', { skip: skipPython }, async (t) => {
  const camera = path.join(__dirname, '..', '..', 'examples', 'camera.js');
  const end = await runScript(camera, ['30', pythonWithPackages()]);
  t.equal(end.code, 0, end.stderr);
  t.match(end.stdout, /^[1-9]\d* frames seen, \d+ missed, 0 wrong$/m);
});

test('frames to Python', { skip: skipPython }, async (t) => {
  const topic = new shm.Topic(freshName(), { size: 3000, readers: 2 });
  const program = spawn(pythonWithPackages(), [pythonScript('frames'), 'read', topic.key, '20'], { stdio: 'pipe' });
  const end = outcome(program);
  let isOver = false;
  program.on('exit', () => (isOver = true));
  for (let number = 1; !isOver; number++) {
    topic.publishSync(Buffer.alloc(3000, number % 256));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { code, stdout, stderr } = await end;
  t.equal(code, 0, stderr);
  const frames = stdout.trim().split('\n').map((line) => line.split(' ').map(Number));
  t.equal(frames.length, 20);
  t.ok(frames.every(([number, size, least, most]) => size === 3000 && least === number % 256 && most === least), stdout);
  shm.destroy(topic.key);
});

test('a Python program that finds a topic closed wakes the others who sleep', { skip: skipPython }, async (t) => {
  const topic = new shm.Topic(freshName(), { size: 3000, readers: 2 });
  await endedByClosed(t, topic.key, TOPIC_LATEST, spawn(pythonWithPackages(), [pythonScript('frames'), 'read', topic.key, '1'], { stdio: 'pipe' }));
  shm.destroy(topic.key);
});
