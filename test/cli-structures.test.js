'use strict';
// What the command tells of channels, topics and maps; also of memory that somebody has forged.

const path = require('path');
const test = require('tape');
const { cli, file } = require('./command');
const { freshName, nodeMajor, runCode, runScript, shm } = require('./support');

const skip = nodeMajor < 16 && 'Atomics refuse these arrays before Node 16';
const publish = (topic, data) => (topic.tryPublish || topic.publish).call(topic, data);
const me = `${process.pid} \\S.*`;

test('stat tells who has the slots of a channel, and how far readers of a topic are behind', { skip }, async (t) => {
  const channel = new shm.Channel(freshName(), { slots: 4, size: 10 });
  channel.trySend('a');
  channel.trySend('b');
  const message = channel.tryReceive();
  const loan = channel.tryLoan();
  const { code, stdout, stderr } = await cli('stat', channel.key);
  t.equal(code, 0, stderr);
  t.match(stdout, /^channel: +4 slots of 10 bytes$/m);
  t.match(stdout, /^messages: +1 waiting$/m);
  t.match(stdout, /^slots: +1 free, 1 queued, 1 being written, 1 taken$/m);
  t.match(stdout, new RegExp(`^user: +${me}, writes 1 message, has taken 1$`, 'm'));
  const [{ structure }] = JSON.parse((await cli('stat', '--json', channel.key)).stdout);
  t.deepEqual([structure.kind, structure.slots, structure.messages, structure.sent, structure.taken], ['channel', 4, 1, 2, 1]);
  t.deepEqual(structure.users.map(({ owner }) => [owner.alive, owner.process.pid]), [[true, process.pid]]);
  const topic = new shm.Topic(freshName(), { size: 10, history: 3 });
  publish(topic, 'x');
  const frame = topic.latest();
  publish(topic, 'y');
  topic.close();
  const second = await cli('stat', topic.key);
  t.match(second.stdout, /^topic: +frames of 10 bytes, history 3, closed$/m);
  t.match(second.stdout, /^newest: +frame 2$/m);
  t.match(second.stdout, /^readers: +1 of at most 8$/m);
  t.match(second.stdout, new RegExp(`^reader: +${me}, 1 frame behind, holds one$`, 'm'));
  t.ok(message && loan && frame, 'they are held until here');
  [channel.key, topic.key].forEach((key) => shm.destroy(key));
});

test('stat tells of an owner that is dead, and of locks that are held', { skip }, async (t) => {
  const name = freshName();
  await runCode(`
    const channel = new shm.Channel('${name}', { slots: 4, size: 10 });
    channel.tryLoan();
    process.kill(process.pid, 'SIGKILL');`);
  const words = shm.get(name, 'Int32Array');
  const { PRODUCERS, CONSUMERS } = require('../lib/channel/layout');
  const { CONTENDED } = require('../lib/mutex/word');
  words[PRODUCERS] = 5 | CONTENDED;
  words[CONSUMERS] = CONTENDED;
  const { stdout } = await cli('stat', name);
  t.match(stdout, /^user: +thread \d+ \(dead\), writes 1 message, has taken 0$/m);
  t.match(stdout, /^locks: +1 held by thread 5 \(dead\), 2 waited for$/m);
  shm.destroy(name);
});

test('stat and dump tell of a SharedMap', { skip }, async (t) => {
  const name = freshName();
  const map = new shm.SharedMap(name, { bytes: 300000, evict: true });
  map.set('text', 'a\u001bb').set('number', 1.5).set('bytes', Buffer.from([0, 255])).set('expired', 1, { ttl: 0.001 }).set('clé', 'ü').set('json', { a: ['\u001b'] });
  const described = (await cli('stat', name)).stdout;
  t.match(described, /^map: +6 entries of at most \d+ in \d+ shards, evicts when it is full$/m);
  t.match(described, /^live: +\d+ bytes, \d+ free$/m);
  for (const counter of ['evicted', 'expired', 'repairs']) t.match(described, new RegExp(`^${counter}: +0$`, 'm'));
  const { stdout } = await cli('dump', name);
  t.deepEqual(stdout.split('\n').sort(), ['', '"bytes": <00ff>', '"clé": "ü"', '"json": {"a":["\\u001b"]}', '"number": 1.5', '"text": "a\\u001bb"']);
  const first = await cli('dump', '--count', '1', name);
  t.equal(first.stdout.split('\n').length, 2);
  t.match(first.stderr, /and 4 more entries/);
  t.match((await cli('dump', '--offset', '0', name)).stdout, /^00000000 {2}53 4d 41 50/, 'its bytes, if they are asked for');
  map.clear();
  map.set('k'.repeat(1000), 'ä'.repeat(1000));
  t.equal((await cli('dump', name)).stdout, `"${'k'.repeat(100)}"…: "${'ä'.repeat(50)}"…\n`, 'the beginnings of what is long');
  map.destroy();
});

test('the command looks into structures without Atomics, whose loads write on Bun', { skip }, async (t) => {
  const names = [freshName(), freshName(), freshName()];
  const [map, topic, channel] = [new shm.SharedMap(names[0]), new shm.Topic(names[1], { size: 8 }), new shm.Channel(names[2], { slots: 4, size: 8 })];
  map.set('key', 'value');
  publish(topic, 'x');
  channel.trySend('x');
  const command = (name) => JSON.stringify(path.join(__dirname, '..', 'lib', 'cli', name));
  const { code, stdout, stderr } = await runCode(`
    const [stat, dump] = [require(${command('stat')}), require(${command('dump')})];
    ['channel', 'topic', 'map'].forEach((room) => require(${JSON.stringify(path.join(__dirname, '..', 'lib'))} + '/' + room + '/describe'));
    for (const name of Object.getOwnPropertyNames(Atomics)) {
      const real = Atomics[name];
      Atomics[name] = (words, ...args) => {
        if (words.length > 1) throw new Error('Atomics.' + name); // another word than its own
        return real(words, ...args);
      };
    }
    stat.run({ keys: ${JSON.stringify(names)}, flags: {} });
    dump.run({ keys: ['${names[0]}'], flags: {} });`);
  t.equal(code, 0, stderr);
  for (const line of [/^map: +1 entry/m, /^newest: +frame 1$/m, /^messages: +1 waiting$/m, /^"key": "value"$/m]) t.match(stdout, line);
  [map, topic, channel].forEach((structure) => shm.destroy(structure.key));
});

/** The command with little memory for JavaScript, so that what it keeps too much of ends it. */
async function cheaply(t, ...args) {
  const env = Object.assign({}, process.env, { NODE_OPTIONS: '--max-old-space-size=64' });
  const { code, signal, stdout, stderr } = await runScript(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.deepEqual([code, signal], [0, null], `${args.join(' ')} ${stderr.slice(0, 500)}`);
  return { stdout, stderr };
}

test('a forged channel costs no more than its size', { skip }, async (t) => {
  const { HEAD, RING, SLOT, TAIL, ringOf } = require('../lib/channel/layout');
  const slots = 2 ** 16;
  const name = freshName();
  shm.destroy(new shm.Channel(name, { slots, size: 1 }).key);
  const channel = new shm.Channel(name, { slots, size: 1 });
  const words = shm.get(name, 'Int32Array');
  words[HEAD] = -1;
  words[TAIL] = -1;
  const first = RING + ringOf(slots);
  for (let slot = 0; slot < slots; slot++) words[first + slot * SLOT] = 0x40000000 | (slot + 1);
  const { stdout } = await cheaply(t, 'stat', name);
  t.match(stdout, new RegExp(`^slots: +${slots} being written$`, 'm'));
  t.equal(stdout.match(/^user: /gm).length, 16, 'the first owners');
  await cheaply(t, 'ls');
  t.match((await cheaply(t, 'dump', name)).stdout, /^00000000 {2}43 48 41 4e /);
  words[2] = 2 ** 20;
  t.doesNotMatch((await cheaply(t, 'stat', name)).stdout, /^channel:/m, 'more slots than there is memory for');
  shm.destroy(channel.key);
});

test('a forged topic costs no more than its size', { skip }, async (t) => {
  const { OWNER, ROW, SEEN, rowsOf } = require('../lib/topic/layout');
  const readers = 2 ** 14;
  const name = freshName();
  const topic = new shm.Topic(name, { size: 1, readers });
  const words = shm.get(name, 'Int32Array');
  const first = rowsOf(1);
  for (let row = 0; row < readers; row++) {
    words[first + row * ROW + OWNER] = row - readers / 2;
    words[first + row * ROW + SEEN] = -row;
  }
  const { stdout } = await cheaply(t, 'stat', name);
  t.match(stdout, new RegExp(`^readers: +${readers - 1} of at most ${readers}$`, 'm'));
  t.equal(stdout.match(/^reader: /gm).length, 16, 'the slowest');
  t.match(stdout, /^reader: +thread -?\d+ \(dead\), \d+ frames behind$/m);
  await cheaply(t, 'dump', name);
  words[4] = 2 ** 16;
  t.doesNotMatch((await cheaply(t, 'stat', name)).stdout, /^topic:/m, 'more readers than there is memory for');
  shm.destroy(topic.key);
});

test('a forged map whose slots all refer to one large entry costs no more than its size', { skip }, async (t) => {
  const { ENTRY, FIRST_SHARD, FIRST_SLOT, SHARD, readGeometry, shardBytes } = require('../lib/map/layout');
  const { TYPE } = require('../lib/map/entry');
  const name = freshName();
  const map = new shm.SharedMap(name, { bytes: 2 ** 26, entries: 2 ** 19, maxEntry: 2 ** 18 });
  const words = shm.get(name, 'Int32Array');
  const { shards, slots, units } = readGeometry(words, name);
  for (let shard = 0; shard < shards; shard++) {
    const start = (FIRST_SHARD + shard * shardBytes(slots, units)) / 4;
    const position = 1;
    const entry = start + FIRST_SLOT + 2 * slots + slots / 4 + 2 * position;
    words[entry + ENTRY.units] = units - position;
    words[entry + ENTRY.tag] = 7;
    words[entry + ENTRY.key] = (TYPE.ascii << 16) | 3;
    words[entry + ENTRY.value] = (units - position - 4) * 8;
    for (let slot = 0; slot < slots; slot++) words.set([7, position], start + FIRST_SLOT + 2 * slot);
    words[start + SHARD.count] = -1;
    words[start + SHARD.live] = -1;
  }
  t.match((await cheaply(t, 'stat', name)).stdout, /^map: +\d+ entries of at most \d+ in \d+ shards$/m);
  for (const count of [1, 100000]) {
    const { stdout, stderr } = await cheaply(t, 'dump', name, '--count', String(count));
    t.equal(stdout.split('\n').length, count + 1);
    t.ok(stdout.length < 1000 * count, `${stdout.length} characters`);
    t.match(stderr, new RegExp(`^… and ${shards * slots - count} more entries`, 'm'));
  }
  map.destroy();
});

test('a forged lock manager costs no more than its size', { skip }, async (t) => {
  const { HELD, MODE, ORDER, REQUEST, STATE, USED, firstRequestOf } = require('../lib/locks/layout');
  const requests = 2 ** 16;
  const name = freshName();
  const manager = new shm.LockManager(name, { requests });
  const words = shm.get(name, 'Int32Array');
  words[USED] = -1;
  for (let request = 0; request < requests; request++) {
    const at = firstRequestOf(requests) + request * REQUEST;
    words[at + STATE] = HELD | (request + 1);
    words[at + MODE] = 1;
    words[at + ORDER] = -request;
    words.fill(-1, at + ORDER + 8, at + REQUEST);
  }
  t.match((await cheaply(t, 'stat', name)).stdout, new RegExp(`^locks: .*${requests}`, 'm'));
  const { stdout, stderr } = await cheaply(t, 'locks', name);
  t.equal(stdout.split('\n').length, 1002);
  t.match(stderr, new RegExp(`^… and ${requests - 1000} more$`, 'm'));
  manager.destroy();
});
