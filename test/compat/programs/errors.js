'use strict';
// What is wrong throws: programs catch RangeError, or any Error, or look for null

const shm = require('shm-typed-array');

const name = process.env.SHM_NAME;
const wrong = {
  'no count': () => shm.create(),
  'count 0': () => shm.create(0),
  'count -1': () => shm.create(-1, 'Buffer', name),
  'count 1.5': () => shm.create(1.5),
  'count NaN': () => shm.create(NaN),
  'count as text': () => shm.create('10'),
  'too large': () => shm.create(2 ** 53, 'Buffer', name),
  'unknown type': () => shm.create(10, 'Int7Array'),
  'unknown type of get': () => shm.get(1, 'buffer'),
  'key 0': () => shm.create(10, 'Buffer', 0),
  'key NaN': () => shm.create(10, 'Buffer', +process.env.NO_SUCH_VARIABLE),
  'key 1.5': () => shm.get(1.5),
  'no key': () => shm.get(),
  'no such segment': () => shm.get(+process.env.SHM_KEY),
  'no such object': () => shm.get(name),
  'a folder in the name': () => shm.create(10, 'Buffer', '/no/such'),
  'a name that is too long': () => shm.create(10, 'Buffer', `/${'n'.repeat(300)}`),
};
for (const what of Object.keys(wrong)) {
  try {
    console.log(what, wrong[what]());
  } catch (error) {
    console.log(what, 'throws', error instanceof Error, error.message.length > 0);
  }
}
