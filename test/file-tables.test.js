'use strict';
// What files are mapped for: tables that other programs write, and those that they read.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const readline = require('readline');
const test = require('tape');
const { mmdb } = require('./fixtures/mmdb');
const { fileIn, freshFile, isBun, isDeno, isLinux, nextMessage, forkCode, shm, thrownBy } = require('./files');

function installed(name) {
  try {
    return require(name);
  } catch (_) {
    return null;
  }
}

const library = installed('mmdb-lib');

test('a MaxMind database through mmdb-lib, and its update', { skip: library === null && 'mmdb-lib is not installed' }, async (t) => {
  const file = freshFile(mmdb([[1, 2, 'DE'], [1, 3, 'FR'], [203, 0, 'NZ']]));
  const reader = new library.Reader(shm.mapFile(file));
  const country = (address) => {
    const found = reader.get(address);
    return found && found.country.iso_code;
  };
  t.deepEqual(['1.2.3.4', '1.3.255.255', '203.0.113.7', '9.9.9.9'].map(country), ['DE', 'FR', 'NZ', null]);
  fs.writeFileSync(`${file}.new`, mmdb([[1, 2, 'AT']]));
  fs.renameSync(`${file}.new`, file);
  t.equal(country('1.2.3.4'), 'DE', 'what was mapped stays');
  reader.load(shm.mapFile(file));
  t.deepEqual(['1.2.3.4', '203.0.113.7'].map(country), ['AT', null]);
  shm.unmapFile(file);
  t.end();
});

const python = spawnSync('python3', ['-c', 'import numpy'], { encoding: 'utf8' });
const noNumpy = python.error ? 'python3 is not on the PATH' : python.status !== 0 && 'python3 has no numpy';

/** The header of a .npy file (version 1.0), for that many doubles; the data begins at a multiple of 64. */
function npyHeader(count) {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${count},), }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(length, ' ');
  bytes.write('\x93NUMPY\x01\x00', 'latin1');
  bytes.writeUInt16LE(length - 10, 8);
  bytes.write(header, 10, 'latin1');
  bytes[length - 1] = 10;
  return bytes;
}

/** Where the data of a .npy file begins, and how many doubles it has. */
function npyPart(file) {
  const head = shm.mapFile(file);
  const offset = 10 + head.readUInt16LE(8);
  return { offset, count: Number(/'shape': \((\d+),\)/.exec(head.toString('latin1', 0, offset))[1]) };
}

test('a .npy file as a Float64Array, and one written in place', (t) => {
  const numbers = Float64Array.from({ length: 1000 }, (_, index) => index / 4);
  const file = freshFile(Buffer.concat([npyHeader(1000), Buffer.from(numbers.buffer)]));
  const { offset, count } = npyPart(file);
  const array = shm.mapFile(file, 'Float64Array', { offset, count });
  t.deepEqual(array, numbers);
  shm.unmapFile(file);
  const made = fileIn('made.npy');
  const header = npyHeader(1000);
  shm.mapFile(made, 'Float64Array', { create: 1000, offset: header.length }).set(numbers);
  shm.mapFile(made, 'Buffer', { create: header.length }).set(header);
  t.deepEqual(fs.readFileSync(made), fs.readFileSync(file));
  shm.unmapFile(made);
  t.end();
});

test('NumPy reads what was written here, and the reverse', { skip: noNumpy }, (t) => {
  const [ours, theirs] = [fileIn('ours.npy'), fileIn('theirs.npy')];
  const header = npyHeader(500);
  shm.mapFile(ours, 'Float64Array', { create: 500, offset: header.length }).fill(0.5);
  shm.mapFile(ours, 'Buffer', { create: header.length }).set(header);
  const program = 'import numpy, sys; print(numpy.load(sys.argv[1]).sum()); numpy.save(sys.argv[2], numpy.arange(1000.0))';
  const { stdout, stderr } = spawnSync('python3', ['-c', program, ours, theirs], { encoding: 'utf8' });
  t.equal(stdout, '250.0\n', stderr);
  t.equal(shm.mapFile(theirs, 'Float64Array', npyPart(theirs))[999], 999);
  shm.detachAll();
  t.end();
});

const sqlite = spawnSync('python3', ['-c', 'import sqlite3'], { encoding: 'utf8' });
const noSqlite = sqlite.error ? 'python3 is not on the PATH' : sqlite.status !== 0 && 'python3 has no sqlite3';

test('a SQLite database read while it is written', { skip: noSqlite }, async (t) => {
  const file = fileIn('database');
  const program = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute('PRAGMA page_size = 4096')
database.execute('CREATE TABLE t (x)')
database.commit()
for line in sys.stdin:
    database.executemany('INSERT INTO t VALUES (?)', [('row %s %d' % (line.strip(), i),) for i in range(200)])
    database.commit()
    print('done', flush=True)`;
  const child = spawn('python3', ['-c', program, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout });
  const insert = (what) => {
    child.stdin.write(`${what}\n`);
    return new Promise((resolve) => lines.once('line', resolve));
  };
  // The header of the file format (https://www.sqlite.org/fileformat.html): a counter of changes at 24,
  // the number of pages at 28, both big-endian.
  await insert('first');
  const early = shm.mapFile(file);
  let [changes, pages] = [early.readUInt32BE(24), early.readUInt32BE(28)];
  t.equal(early.toString('latin1', 0, 15), 'SQLite format 3');
  for (const what of ['second', 'third', 'fourth']) {
    await insert(what);
    t.equal(early.readUInt32BE(24), changes + 1, 'the early array shows the change');
    const now = shm.mapFile(file);
    t.ok(now.readUInt32BE(28) > pages && now.length === now.readUInt32BE(28) * 4096, `${now.length} bytes`);
    t.ok(now.includes(`row ${what} 199`));
    [changes, pages] = [now.readUInt32BE(24), now.readUInt32BE(28)];
  }
  child.stdin.end();
  shm.unmapFile(file);
  t.end();
});

test('a log that another process appends to', async (t) => {
  const log = freshFile('');
  const child = forkCode(`
    const fs = require('fs');
    let line = 0;
    process.on('message', () => {
      for (let i = 0; i < 500; i++) fs.appendFileSync(${JSON.stringify(log)}, 'line ' + line++ + '\\n');
      process.send(line);
    });
    process.send('ready');`);
  await nextMessage(child);
  let read = 0;
  let text = '';
  for (let round = 0; round < 4; round++) {
    const size = fs.statSync(log).size;
    if (size > read) text += shm.mapFile(log, 'Buffer', { offset: read, count: size - read }).toString('latin1');
    read = size;
    child.send('go on');
    if (round < 3) await nextMessage(child);
  }
  t.equal(text, Array.from({ length: 1500 }, (_, line) => `line ${line}\n`).join(''));
  t.ok(thrownBy(() => shm.mapFile(log, 'Buffer', { offset: 2 ** 20 })) instanceof RangeError, 'nothing new yet');
  child.kill();
  shm.unmapFile(log);
  t.end();
});

test('5 GB, in parts where one array cannot hold them', { skip: !isLinux && 'needs a file with holes' }, (t) => {
  const file = freshFile('');
  const bytes = 5 * 2 ** 30;
  fs.truncateSync(file, bytes);
  const descriptor = fs.openSync(file, 'r+');
  for (const position of [0, 2 ** 31 + 5, 2 ** 32 + 5, bytes - 1]) fs.writeSync(descriptor, Buffer.from([7]), 0, 1, position);
  fs.closeSync(descriptor);
  let whole = null;
  try {
    whole = shm.mapFile(file);
  } catch (error) {
    t.ok(error instanceof RangeError && /{ offset, count }|fewer elements/.test(error.message), error.message);
  }
  if (whole !== null) t.deepEqual([whole.length, whole[0], whole[2 ** 32 + 5], whole[bytes - 1]], [bytes, 7, 7, 7]);
  t.ok(whole !== null || isBun || isDeno || require('buffer').kMaxLength < bytes, 'in one array where there can be one');
  shm.unmapFile(file);
  const part = 2 ** 30;
  const sums = [];
  for (let offset = 0; offset < bytes; offset += part) {
    const array = shm.mapFile(file, 'Buffer', { offset, count: part });
    sums.push(array[0] + array[5] + array[part - 1]);
  }
  t.deepEqual(sums, [7, 0, 7, 0, 14]);
  shm.mapFile(file, 'Buffer', { offset: bytes - 1, write: true, reserve: false })[0] = 8;
  t.equal(shm.mapFile(file, 'Buffer', { offset: bytes - 3 })[2], 8);
  shm.unmapFile(file);
  t.end();
});
