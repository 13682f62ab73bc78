'use strict';
// Every type, as a segment and as an object: the class, the length, zeros, and the same bytes as another type

const shm = require('shm-typed-array');

const key = +process.env.SHM_KEY;
const name = process.env.SHM_NAME;
for (const typeKey of Object.keys(shm.BufferType).slice(0, 10)) {
  for (const where of [key, name]) {
    const array = shm.create(24, typeKey, where);
    const facts = [array.constructor.name, array.length, array.byteLength, array.BYTES_PER_ELEMENT, Array.from(array).every((element) => element === 0)];
    array.fill(1);
    const bytes = shm.get(where, 'Uint8Array');
    const other = shm.get(where, 'Float64Array');
    console.log(typeKey, shm.BufferType[typeKey], facts.join(), bytes.length, bytes.join('').length, other.length, array.key === (where === key ? key : undefined));
    console.log(shm.create(24, typeKey, where), shm.detach(where, true), shm.get(where, typeKey));
  }
}
console.log(shm.create(10).constructor.name, shm.create(10, undefined, key).key === key, shm.create(10, 'Buffer', null).key > 0);
