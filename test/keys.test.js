'use strict';
// Keys that come from elsewhere: negative ones, as C prints them, and numbers that have become strings.

const test = require('tape');
const { freshKey, freshName, runCode, shm, thrownBy, track } = require('./support');

/** A fresh key of the upper half, which C prints as a negative number. */
function freshUpperKey() {
  return track((freshKey() | 2 ** 31) >>> 0);
}

test('a negative key is the one whose 32 bits it has', (t) => {
  const key = freshUpperKey();
  const array = shm.create(10, 'Uint8Array', key | 0);
  t.equal(array.key, key, 'array.key tells the unsigned one');
  array[0] = 7;
  for (const same of [key, key | 0]) {
    t.equal(shm.get(same)[0], 7);
    t.equal(shm.get(same).key, key);
    t.equal(shm.stat(same).key, key);
    t.equal(shm.create(1, 'Buffer', same), null);
    t.equal(shm.getOrCreate(10, 'Buffer', same)[0], 7);
  }
  t.equal(shm.getTotalSize(), 10, 'it is attached once');
  t.ok(shm.list().some((entry) => entry.key === key));
  t.equal(shm.destroy(key | 0), true);
  t.equal(shm.stat(key), null);
  t.equal(shm.detach(key | 0), -1);
  t.end();
});

test('the limits of negative keys', (t) => {
  for (const [key, unsigned] of [[-(2 ** 31), 2 ** 31], [-2, 2 ** 32 - 2]]) {
    if (shm.stat(key) !== null) {
      t.comment(`SKIP somebody uses the key ${key}`);
      continue;
    }
    track(unsigned);
    t.equal(shm.create(10, 'Buffer', key).key, unsigned, `${key}`);
    t.equal(shm.get(unsigned).length, 10);
    t.equal(shm.destroy(key), true);
  }
  for (const key of [0, -0, -1, -1.5, -(2 ** 31) - 1, -(2 ** 32) + 5, -Infinity]) {
    for (const call of [() => shm.create(1, 'Buffer', key), () => shm.getOrCreate(1, 'Buffer', key), () => shm.get(key), () => shm.stat(key), () => shm.detach(key), () => shm.destroy(key)]) {
      const error = thrownBy(call);
      t.deepEqual([error.name, error.code], ['RangeError', 'ERR_OUT_OF_RANGE'], `${key}: ${error.message}`);
    }
  }
  t.end();
});

/** What a program warns of, as `[code, message]`. */
async function warningsOf(code) {
  const { stdout, stderr } = await runCode(`
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push([code, message]));
    ${code}
    setImmediate(() => console.log('warnings ' + JSON.stringify(warnings))); // they come at the next tick
  `);
  const line = stdout.split('\n').find((text) => text.startsWith('warnings '));
  if (line === undefined) throw new Error(stderr);
  return JSON.parse(line.slice('warnings '.length));
}

test('get of digits in a string warns once where there is such a segment', async (t) => {
  const [key, second] = [freshKey(), freshKey()];
  shm.create(10, 'Buffer', key);
  shm.create(10, 'Buffer', second);
  const warnings = await warningsOf(`
    for (let i = 0; i < 3; i++) {
      if (shm.get('${key}') !== null || shm.get('/${key}', 'Int32Array') !== null || shm.getPosix('${second}') !== null) throw new Error('an array');
    }
  `);
  t.deepEqual(warnings.map(([code]) => code), ['SHM_STRING_KEY']);
  t.ok(warnings[0][1].includes(`get(${key})`), warnings[0][1]);
  shm.destroy(key);
  shm.destroy(second);
});

test('it does not warn of anything else', async (t) => {
  const [key, unused, name] = [freshKey(), freshKey(), freshName()];
  shm.create(10, 'Buffer', key);
  track(`/${key}`);
  const warnings = await warningsOf(`
    shm.get(${key});
    shm.get('${unused}');
    shm.get('0');
    shm.get('x${key}');
    shm.get('${key} ');
    shm.get('${'9'.repeat(30)}');
    shm.get('${name}');
    shm.stat('${key}');
    shm.detach('${key}');
    shm.create(1, 'Buffer', '${key}');
    shm.get('${key}');
    shm.destroy('${key}');
  `);
  t.deepEqual(warnings, []);
  shm.destroy(key);
});
