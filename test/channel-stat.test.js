'use strict';
// What `shm-typed-array stat` tells of a channel and of a topic.

const path = require('path');
const test = require('tape');
const { freshName, nodeMajor, runScript, shm } = require('./support');

const skip = nodeMajor < 16 && 'Atomics refuse these arrays before Node 16';
const stat = (key) => runScript(path.join(__dirname, '..', 'lib', 'cli', 'cli.js'), ['stat', key]);

test('stat tells whose the slots are, and how far readers are behind', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 4, size: 10 });
  channel.send('a');
  channel.send('b');
  channel.receive();
  channel.loan();
  const { code, stdout, stderr } = await stat(channel.key);
  t.equal(code, 0, stderr);
  t.match(stdout, /^channel: +4 slots of 10 bytes$/m);
  t.match(stdout, /^messages: +1 waiting$/m);
  t.match(stdout, /^slots: +1 taken by \d+, 1 queued, 1 being written by \d+, 1 free$/m);
  const topic = new shm.Topic(freshName(), { size: 10, history: 3 });
  topic.publish('x');
  topic.latest();
  topic.publish('y');
  topic.close();
  const second = await stat(topic.key);
  t.match(second.stdout, /^topic: +frames of 10 bytes, history 3, closed$/m);
  t.match(second.stdout, /^newest: +frame 2$/m);
  t.match(second.stdout, /^reader 0: +\d+, 1 behind, has a frame$/m);
  [channel.key, topic.key].forEach((key) => shm.destroy(key));
});
