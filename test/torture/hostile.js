'use strict';
// What others may do to an object that we open or have open: forge its header, before and while it
// is read, put something else under its name, cut it short, forbid it. The answer is an error with a
// code or memory inside the object, never anything else.

const { execFileSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { amount, check, ended, freshKey, freshName, isLinux, isRoot, nextMessage, object, option, random, run, seed, sharedMappings, shm, start, thrownBy } = require('./support/harness');

const SIZE = 4096;
const NOBODY = 65534;
const place = (name) => path.join('/dev/shm', name);

/** The 8 bytes of a header; `value` is a BigInt. */
function header(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(Number(value & 0xffffffffn), 0);
  bytes.writeUInt32LE(Number(value >> 32n), 4);
  return bytes;
}

/** Opens an object of SIZE bytes that claims to hold `claimed`. */
function openForged(name, file, claimed) {
  fs.writeSync(file, header(claimed), 0, 8, 0);
  const fits = claimed === BigInt(SIZE - 8);
  let array;
  try {
    array = shm.get(name);
  } catch (error) {
    check(!fits && error.code === 'ERR_SHM_LAYOUT', `header ${claimed}`, error);
    check(shm.getTotalSize() === 0, 'a refused object must not stay mapped');
    return;
  }
  check(fits && array.length === Number(claimed), `header ${claimed} gave`, array.length);
  array[array.length - 1] = 1;
  shm.detach(name);
}

function forgedHeaders(counts) {
  const name = freshName();
  const file = fs.openSync(place(name), 'w+');
  fs.ftruncateSync(file, SIZE);
  const edges = [0n, 1n, 7n, 8n, 4087n, 4088n, 4089n, 4095n, 4096n, 4097n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 100n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 4096n, 2n ** 64n - 9n, 2n ** 64n - 8n, 2n ** 64n - 7n, 2n ** 64n - 1n];
  for (const edge of edges) openForged(name, file, edge);
  const next = random(seed);
  const total = amount(100000, 5000);
  for (let count = 0; count < total; count++) {
    const bits = BigInt(next(64) + 1);
    const value = (BigInt(next(2 ** 32)) << 32n) | BigInt(next(2 ** 32));
    openForged(name, file, value & (2n ** bits - 1n));
  }
  fs.closeSync(file);
  check(shm.destroy(name), 'destroyed');
  counts['forged headers'] = total + edges.length;
}

/** A process that writes headers as fast as it can while this one opens the object. */
async function forgedMeanwhile(counts) {
  const name = freshName();
  fs.writeFileSync(place(name), Buffer.alloc(SIZE));
  const child = start(__filename, ['--role=forger', `--name=${name}`]);
  await nextMessage(child);
  const total = amount(20000, 2000);
  for (let count = 0; count < total; count++) {
    let array;
    try {
      array = shm.get(name);
    } catch (error) {
      check(error.code === 'ERR_SHM_LAYOUT', 'forged meanwhile', error);
      continue;
    }
    check(array.length > 0 && array.length <= SIZE - 8, 'outside the object', array.length);
    array[array.length - 1] = 1;
    shm.detach(name);
  }
  child.kill('SIGKILL');
  shm.destroy(name);
  counts['opened while forged'] = total;
}

function forger() {
  const file = fs.openSync(place(option('name')), 'r+');
  const headers = [1n, 4088n, 4089n, 2n ** 64n - 1n, 100n, 0n].map(header);
  process.send('ready', () => {
    for (let count = 0; ; count++) fs.writeSync(file, headers[count % headers.length], 0, 8, 0);
  });
}

/** Something else than one of our objects under the name, and the code of the error that `get` throws. */
async function strangers(counts) {
  const target = freshName();
  shm.create(100, 'Buffer', target);
  shm.detach(target);
  const socket = net.createServer();
  const kinds = [
    ...[0, 1, 7, 8].map((bytes) => [`a file of ${bytes} bytes`, (file) => fs.writeFileSync(file, Buffer.alloc(bytes)), ['ERR_SHM_LAYOUT']]),
    ['a FIFO', (file) => execFileSync('mkfifo', [file]), ['EINVAL', 'ENXIO']],
    ['a socket', (file) => new Promise((resolve) => socket.listen(file, resolve)), ['ENXIO']],
    ['a directory', (file) => fs.mkdirSync(file), ['EISDIR']],
    ['a link to an object', (file) => fs.symlinkSync(place(target), file), ['ELOOP']],
    ['a link to a file', (file) => fs.symlinkSync('/etc/passwd', file), ['ELOOP']],
    ['a link to nothing', (file) => fs.symlinkSync('/nowhere/at/all', file), ['ELOOP']],
    ['a link to itself', (file) => fs.symlinkSync(file, file), ['ELOOP']],
  ];
  if (isRoot) kinds.push(['a device', (file) => execFileSync('mknod', [file, 'c', '1', '5']), ['EINVAL', 'EACCES', 'ENXIO', 'EPERM']]);
  for (const [what, make, codes] of kinds) {
    const name = freshName();
    await make(place(name));
    const error = thrownBy(() => shm.get(name));
    check(codes.includes(error.code), `${what}: get`, error);
    check(shm.create(100, 'Buffer', name) === null, `${what}: create must answer that the name is taken`);
    check(shm.getTotalSize() === 0 && sharedMappings().length === 0, `${what}: nothing may stay attached`);
    check(object(target) === 108, `${what}: the target of a link must stay`);
    execFileSync('rm', ['-rf', place(name)]);
    counts['strange files']++;
  }
  socket.close();
}

/** Another user may neither read, nor write, nor destroy what its permissions keep from them. */
async function forbidden(counts) {
  const keys = [freshKey(), freshName(), freshKey(), freshName()];
  keys.forEach((key, index) => shm.create(100, 'Buffer', key, index < 2 ? '000' : '600').fill(5));
  const child = start(__filename, ['--role=nobody', `--keys=${JSON.stringify(keys)}`]);
  const tried = await nextMessage(child);
  check((await ended(child)).code === 0, 'the other user');
  for (const { call, key, code } of tried) {
    check(['EACCES', 'EPERM'].includes(code), `${call} of ${key} by another user gave`, code);
    counts['calls refused to another user']++;
  }
  for (const key of keys) {
    check(shm.get(key).every((byte) => byte === 5), 'untouched');
    check(shm.destroy(key), 'destroyed');
  }
}

function nobody() {
  process.setegid(NOBODY);
  process.setgroups([]);
  process.seteuid(NOBODY);
  const tried = [];
  for (const key of JSON.parse(option('keys'))) {
    for (const call of ['get', 'destroy', 'getOrCreate']) {
      const args = call === 'getOrCreate' ? [10, 'Buffer', key] : [key];
      try {
        tried.push({ call, key, code: `no error: ${shm[call](...args)}` });
      } catch (error) {
        tried.push({ call, key, code: error.code });
      }
    }
  }
  process.send(tried, () => process.disconnect());
}

/** An object that somebody cuts short, before it is opened and while it is mapped. */
async function cut(counts) {
  const total = amount(200, 20);
  for (let count = 0; count < total; count++) {
    const name = freshName();
    const array = shm.create(3 * SIZE, 'Buffer', name);
    const size = [0, 1, 7, 8, 9, SIZE, SIZE + 8, 3 * SIZE, 3 * SIZE + 7][count % 9];
    fs.truncateSync(place(name), size);
    check(thrownBy(() => shm.get(name)).code === 'ERR_SHM_LAYOUT', `cut to ${size}: get again`);
    if (count % 2) shm.detach(name);
    else {
      // Grown again it is what it was, less what was cut off.
      fs.truncateSync(place(name), 3 * SIZE + 8);
      check(array.length === 3 * SIZE && array[3 * SIZE - 1] === 0, 'grown again');
      fs.truncateSync(place(name), size);
      shm.detach(name);
    }
    check(array.length === 0 || array[3 * SIZE - 1] === 0, 'a dead view reads nothing, cut or not');
    check(thrownBy(() => shm.get(name)).code === 'ERR_SHM_LAYOUT', `cut to ${size}: get`);
    check(shm.destroy(name), 'destroyed');
    counts['objects cut short']++;
  }
  // The one thing that nobody can prevent, told in docs/reliability.md: this test must notice if it changes.
  const name = freshName();
  const child = start(__filename, ['--role=toucher', `--name=${name}`], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  await nextMessage(child);
  fs.truncateSync(place(name), SIZE);
  child.send('touch');
  const { signal } = await ended(child);
  check(signal === 'SIGBUS', 'touching the part that was cut off while mapped', signal);
  counts['SIGBUS, as documented'] = 1;
}

function toucher() {
  const array = shm.create(3 * SIZE, 'Buffer', option('name'));
  process.on('message', () => {
    array[3 * SIZE - 1] = 1;
    process.exit(0);
  });
  process.send('ready');
}

const roles = { forger, nobody, toucher };
if (option('role')) roles[option('role')]();
else {
  run(async (counts) => {
    if (!isLinux) return { skip: 'objects have no path on this system' };
    Object.assign(counts, { 'strange files': 0, 'calls refused to another user': 0, 'objects cut short': 0 });
    forgedHeaders(counts);
    await forgedMeanwhile(counts);
    await strangers(counts);
    if (isRoot && process.setgroups) await forbidden(counts);
    else if (isRoot) console.log('# SKIP calls by another user: this runtime cannot become one');
    else console.log('# SKIP calls by another user need root');
    await cut(counts);
    return undefined;
  });
}
