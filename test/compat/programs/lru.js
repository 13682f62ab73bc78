'use strict';
// A table of records in a segment: the methods of Buffer and of typed arrays, and Node's own work on them

const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const zlib = require('zlib');
const shm = require('shm-typed-array');

const records = shm.create(32 * 64, 'Buffer', +process.env.SHM_KEY);
const index = shm.create(64, 'Uint32Array', +process.env.SHM_KEY + 1);
const hash = (key) => crypto.createHash('sha1').update(key).digest().readUInt32LE(0) % 64;

function set(key, value) {
  const slot = hash(key);
  index[slot] = Buffer.byteLength(value);
  records.fill(0, slot * 32, slot * 32 + 32);
  records.write(value, slot * 32);
}
const get = (key) => records.toString('utf8', hash(key) * 32, hash(key) * 32 + index[hash(key)]);

set('one', 'first');
set('two', 'zweiter, ö');
console.log(get('one'), get('two'), JSON.stringify(get('three')), records.readUInt8(hash('one') * 32));
console.log(records.subarray(0, 4).length, records.slice(2040).length, records.lastIndexOf(0), records.includes('zweiter'));
index.set([5, 3, 9], 10);
console.log(index.subarray(10, 13).sort().join(), index.indexOf(9), index.map((word) => word * 2).length, index.filter(Boolean).length);
console.log(index.slice(10, 12) instanceof Uint32Array, index.constructor === Uint32Array, Object.prototype.toString.call(index));
console.log(Buffer.concat([records.slice(0, 2), Buffer.from('x')]).length, Buffer.compare(records, Buffer.from(records)));
console.log(crypto.createHash('md5').update(records).digest('hex') === crypto.createHash('md5').update(Buffer.from(records)).digest('hex'));
const file = path.join(os.tmpdir(), `shm-compat-${process.pid}`);
fs.writeFileSync(file, records);
console.log(fs.readFileSync(file).equals(records));
const descriptor = fs.openSync(file, 'r');
records.fill(255);
console.log(fs.readSync(descriptor, records, 0, records.length, 0), get('two'));
fs.closeSync(descriptor);
fs.unlinkSync(file);
zlib.deflate(records, (error, packed) => {
  console.log(error, zlib.inflateSync(packed).equals(records));
  const stream = fs.createWriteStream(file);
  stream.end(records, () => {
    console.log(fs.statSync(file).size);
    fs.unlinkSync(file);
    console.log(shm.detachAll());
  });
});
