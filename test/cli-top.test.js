'use strict';
// The command top: a table on a terminal that is redrawn, and lines of JSON.

const fs = require('fs');
const test = require('tape');
const { cli, command, linuxOnly, noScript, spawnOnTerminal } = require('./command');
const { freshName, nodeMajor, outcome, shm, until } = require('./support');
const { execFileSync, spawn } = require('child_process');

const skip = linuxOnly.skip || (nodeMajor < 16 && 'there are no structures before Node 16');
const onTerminal = { skip: skip || noScript };

const BEGIN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const END = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/** A channel and a topic, and what a line of top says of each. */
function structures() {
  const channel = new shm.Channel(freshName(), { slots: 4, size: 8 });
  const topic = new shm.Topic(freshName(), { size: 8, history: 2 });
  topic.latest();
  channel.trySend('x');
  const pass = () => {
    channel.trySend('x'); // so there are one or two, whenever top looks
    (channel.tryReceive() || { release: () => {} }).release();
    (topic.tryPublish || topic.publish).call(topic, 'x');
  };
  const me = `${process.pid} \\S+`;
  return {
    keys: [channel.key, topic.key],
    pass,
    channelLine: new RegExp(`^${channel.key} +channel +[\\d.]+ K?B +[12] of 4 messages +[1-9]\\d* in/s, [1-9]\\d* out/s +${me}`),
    topicLine: new RegExp(`^${topic.key} +topic +[\\d.]+ K?B +frame \\d+, 1 reader +[1-9]\\d* frames/s, slowest [1-9]\\d* behind: ${me}`),
    destroy: () => [channel, topic].forEach(({ key }) => shm.destroy(key)),
  };
}

/** The command on a terminal: `screens()` are the texts that it has drawn, `text()` all that it has written. */
function onScreen(...args) {
  const child = spawnOnTerminal(['top'].concat(args));
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  // eslint-disable-next-line no-control-regex
  const plain = (screen) => screen.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').split(/\r*\n/);
  const screens = () => text.split('\u001b[H').slice(1, -1).map(plain);
  const last = () => screens().pop() || [];
  let end = null;
  const ended = outcome(child).then((found) => (end = found));
  /** Waits for what is to be on the screen; a rejection tells what is there, and why no more comes. */
  const shows = (condition) =>
    until(() => end !== null || condition(last())).then(
      () => end !== null && Promise.reject(new Error(`top has ended: ${end.code} ${end.signal} ${text.slice(-1000)}`)),
      () => Promise.reject(new Error(`top has drawn ${screens().length} times and does ${doingOf(child)}; it shows ${JSON.stringify(last())}`)),
    );
  return { child, ended, text: () => text, last, shows };
}

/** What keeps the process on the terminal: its state, and where in the kernel it waits. */
function doingOf(child) {
  try {
    const pid = processOn(child);
    const [state] = fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/^State:.*$/m);
    return `${state}, ${fs.readFileSync(`/proc/${pid}/wchan`, 'utf8')}, ${fs.readFileSync(`/proc/${pid}/syscall`, 'utf8').trim()}`;
  } catch (error) {
    return error.message;
  }
}

/** The process on the terminal that script(1) has made. */
function processOn(child) {
  const children = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
  // It may have been started by a shell.
  const [below] = children.map((pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  return Number(below || children[0]);
}

function resize(child, rows, columns) {
  const terminal = fs.readlinkSync(`/proc/${processOn(child)}/fd/1`);
  execFileSync('stty', ['-F', terminal, 'rows', String(rows), 'cols', String(columns)]);
}

test('top wants a terminal, and says what to do without', async (t) => {
  const { code, stdout, stderr } = await cli('top');
  t.deepEqual([code, stdout], [2, '']);
  t.match(stderr, /^top needs a terminal to draw on\. Use top --json, or ls\n\nUsage: shm-typed-array top /);
});

test('top draws what structures hold and pass, until q', onTerminal, async (t) => {
  const { keys, pass, channelLine, topicLine, destroy } = structures();
  const { child, ended, text, last, shows } = onScreen(...keys);
  await shows((lines) => lines.length > 0);
  resize(child, 40, 200);
  await shows((lines) => {
    pass();
    return lines.some((line) => channelLine.test(line)) && lines.some((line) => topicLine.test(line));
  });
  t.match(last()[0], /^\d\d:\d\d:\d\d {2}2 in use, 0 orphaned, [\d.]+ KB {2}\(q: quit\)$/);
  t.match(last()[2], /^KEY +KIND +SIZE +HOLDS +PASSES +LOCKS +PROCESSES/);
  t.equal(last().length, 5);
  child.stdin.write('q');
  t.equal((await ended).code, 0);
  t.ok(text().startsWith(BEGIN) && text().trim().endsWith(END), 'the terminal is as it was');
  destroy();
});

test('top draws anew when the terminal gets another size, and only as much as it shows', onTerminal, async (t) => {
  const names = Array.from({ length: 12 }, () => freshName());
  names.forEach((name) => shm.create(10, 'Buffer', name));
  const { child, ended, last, shows } = onScreen(...names);
  await shows((lines) => lines.length > 0);
  t.equal(last().length, 3 + names.length);
  resize(child, 8, 20);
  // The terminal gets its rows first, and then its columns.
  await shows((lines) => lines.length === 8 && lines.every((line) => line.length <= 20));
  t.equal(last()[7], '… and 8 more');
  child.stdin.write('\u0003');
  t.equal((await ended).code, 0, 'Ctrl-C');
  names.forEach((name) => shm.destroy(name));
});

test('top gives the terminal back when it is ended by a signal', onTerminal, async (t) => {
  const { child, ended, text, shows } = onScreen(freshName());
  await shows((lines) => lines.length > 0);
  process.kill(processOn(child), 'SIGTERM');
  await ended;
  t.ok(text().includes(END), 'the terminal is as it was');
});

test('top gives the terminal back before it says why it cannot go on', onTerminal, async (t) => {
  const { ended } = onScreen('/a/b');
  const { code, stdout } = await ended;
  t.equal(code, 2);
  t.match(stdout.slice(stdout.indexOf(END)), /one path component[^]*Usage: shm-typed-array top /);
});

test('top --json prints a line a second, also without a terminal, until nobody reads them', { skip }, async (t) => {
  const { keys, pass, destroy } = structures();
  const child = spawn(command[0], command.slice(1).concat('top', '--json', ...keys), { stdio: 'pipe' });
  const ended = outcome(child);
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  await until(() => {
    pass();
    return text.split('\n').length > 3;
  });
  child.stdout.destroy();
  const { code, signal, stderr } = await ended;
  t.ok(code === 0 || signal === 'SIGPIPE', `${code} ${signal} ${stderr}`);
  const [first, second] = text.split('\n').slice(0, 2).map((line) => JSON.parse(line));
  t.deepEqual(first.entries.map(({ key, perSecond }) => [key, perSecond]), keys.map((key) => [key, null]));
  t.ok(second.entries[0].perSecond.sent > 0 && second.entries[1].perSecond.published > 0, JSON.stringify(second));
  t.ok([1, 2].includes(second.entries[0].structure.messages), JSON.stringify(second));
  destroy();
});

test('top leaves nothing attached, and no orphan behind', { skip }, async (t) => {
  const name = freshName();
  shm.create(10, 'Buffer', name);
  shm.detach(name);
  const child = spawn(command[0], command.slice(1).concat('top', '--json', name), { stdio: 'pipe' });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  await until(() => text.split('\n').length > 2);
  t.doesNotMatch(fs.readFileSync(`/proc/${child.pid}/maps`, 'utf8'), new RegExp(name));
  t.deepEqual(text.split('\n').slice(0, 2).map((line) => JSON.parse(line).entries[0].orphan), [true, true]);
  child.kill();
  await new Promise((resolve) => child.on('exit', resolve));
  t.ok(shm.destroy(name));
});
