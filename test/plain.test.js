'use strict';
// Arrays are plain: the engine cannot tell one over an object from any other of its type, and one over a
// segment has its key and nothing else. One more hidden class makes every function slower that works on both.

const test = require('tape');
const { freshKeys, freshName, isBun, isDeno, runCode, shm } = require('./support');

/** The array's own properties besides its elements. */
function own(array) {
  return Reflect.ownKeys(array).filter((name) => typeof name === 'symbol' || !/^\d+$/.test(name));
}

const calls = {
  create: (typeKey, key, options) => shm.create(10, typeKey, key, options),
  get: (typeKey, key, options) => shm.get(key, typeKey, options),
  'getOrCreate of what is there': (typeKey, key, options) => shm.getOrCreate(10, typeKey, key, options),
};

test('an array has no property of its own but the key of a segment', (t) => {
  for (const typeKey of Object.keys(shm.BufferType)) {
    for (const key of freshKeys()) {
      for (const options of [undefined, { shared: true }]) {
        for (const name of Object.keys(calls)) {
          const array = calls[name](typeKey, key, options);
          t.deepEqual(own(array), typeof key === 'number' ? ['key'] : [], `${name}, ${typeKey} under ${key}`);
          t.equal(Object.getPrototypeOf(array), global[typeKey].prototype);
        }
        shm.destroy(key);
      }
    }
  }
  t.end();
});

test('the key of a segment does not show in loops, and may be written', (t) => {
  const [key] = freshKeys();
  const array = shm.create(3, 'Uint8Array', key);
  t.deepEqual(Object.getOwnPropertyDescriptor(array, 'key'), { value: key, writable: true, enumerable: false, configurable: true });
  t.deepEqual(Object.keys(array), ['0', '1', '2']);
  shm.destroy(key);
  t.end();
});

test('an array over an object has the hidden class of any other', { skip: (isBun || isDeno) && 'asks V8 about its hidden classes' }, async (t) => {
  const name = freshName();
  const { stdout, stderr } = await runCode(`
    require('v8').setFlagsFromString('--allow-natives-syntax');
    const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)');
    const plain = (typeKey) => (typeKey === 'Buffer' ? Buffer.from(new ArrayBuffer(80), 0, 10) : new global[typeKey](new ArrayBuffer(80), 0, 10));
    const wrong = [];
    for (const typeKey of Object.keys(shm.BufferType)) {
      for (const options of [undefined, { raw: true }]) {
        const arrays = [shm.create(10, typeKey, '${name}', options), shm.get('${name}', typeKey, options)];
        arrays.forEach((array, index) => haveSameMap(array, plain(typeKey)) || wrong.push(typeKey + index));
        shm.destroy('${name}');
      }
      const segment = shm.create(10, typeKey);
      if (haveSameMap(segment, plain(typeKey))) wrong.push(typeKey + ': the question has no meaning');
      shm.destroy(segment.key);
    }
    console.log(String([Object.keys(shm.BufferType).length].concat(wrong)));
  `);
  t.equal(stdout + stderr, `${Object.keys(shm.BufferType).length}\n`);
});
