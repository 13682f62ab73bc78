'use strict';
// Bad input of each kind for each argument: a clear error, before anything is made.

const test = require('tape');
const { freshKey, freshKeys, freshName, isLinux, nodeMajor, shm, thrownBy } = require('./support');

/** Runs `action`, which must throw such an error and change nothing. */
function refuses(t, action, Class, code, pattern, what) {
  const before = [shm.getTotalSize(), shm.getTotalCreatedSize()];
  const error = thrownBy(action);
  t.equal(error.constructor, Class, `${what}: ${error.message}`);
  t.equal(error.code, code, code);
  t.ok(pattern.test(error.message), `the message matches ${pattern}`);
  t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], before, 'nothing was made');
}

const { kMaxLength } = require('buffer');

const wrongTypes = [true, {}, [], () => 1, Symbol('key')];
if (typeof BigInt !== 'undefined') wrongTypes.push(BigInt(5)); // eslint-disable-line no-undef

const wrongNumbers = [0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 32 - 1, 2 ** 32 + 2 ** 31, 2 ** 53, Number.MAX_SAFE_INTEGER];

const wrongNames = ['', '/', '.', '..', '/.', '/..', '//a', 'a/b', '/a/', '/a/../b', 'a\0b', '\ud800', '/x\udc00y'];

test('a key must be an integer or a name', (t) => {
  const calls = {
    create: (key) => shm.create(1, 'Buffer', key),
    get: (key) => shm.get(key),
    detach: (key) => shm.detach(key),
    destroy: (key) => shm.destroy(key),
  };
  for (const name of Object.keys(calls)) {
    const refused = (key, Class, code) =>
      refuses(t, () => calls[name](key), Class, code, /"key"/, `${name}(${String(key)})`);
    wrongTypes.forEach((key) => refused(key, TypeError, 'ERR_INVALID_ARG_TYPE'));
    wrongNumbers.concat(wrongNames).forEach((key) => refused(key, RangeError, 'ERR_OUT_OF_RANGE'));
    if (name !== 'create') {
      [undefined, null].forEach((key) => refused(key, TypeError, 'ERR_INVALID_ARG_TYPE'));
    }
  }
  t.end();
});

test('a name is limited in bytes, not in characters', (t) => {
  const limit = isLinux ? 255 : 30;
  for (const name of ['x'.repeat(limit + 1), 'ü'.repeat((limit + 2) >> 1), '🎈'.repeat((limit + 4) >> 2)]) {
    refuses(t, () => shm.create(1, 'Buffer', name), RangeError, 'ERR_OUT_OF_RANGE', /at most \d+ bytes/, name.slice(0, 4));
    refuses(t, () => shm.get(`/${name}`), RangeError, 'ERR_OUT_OF_RANGE', /at most \d+ bytes/, name.slice(0, 4));
  }
  t.end();
});

test('no value keeps its error from being the one that is documented', (t) => {
  const fail = () => {
    throw new Error('thrown by the value');
  };
  const values = [
    Object.defineProperty({}, Symbol.toStringTag, { get: fail }),
    Object.defineProperty(new Error(), 'stack', { get: fail }),
    { [Symbol.for('nodejs.util.inspect.custom')]: fail },
    new Int32Array(100),
  ];
  for (const value of values) {
    refuses(t, () => shm.get(value), TypeError, 'ERR_INVALID_ARG_TYPE', /^The "key" argument must be .* Received .*$/, 'get');
    refuses(t, () => shm.wait(new Int32Array(1), value, 0), TypeError, 'ERR_INVALID_ARG_TYPE', /^The "index".* Received .*$/, 'wait');
  }
  t.end();
});

test('the functions for names take names only', (t) => {
  for (const value of wrongTypes.concat([undefined, null, 5])) {
    refuses(t, () => shm.createPosix(value, 1), TypeError, 'ERR_INVALID_ARG_TYPE', /"name"/, 'createPosix');
    refuses(t, () => shm.getPosix(value), TypeError, 'ERR_INVALID_ARG_TYPE', /"name"/, 'getPosix');
    refuses(t, () => shm.detachPosix(value), TypeError, 'ERR_INVALID_ARG_TYPE', /"name"/, 'detachPosix');
  }
  wrongNames.forEach((name) =>
    refuses(t, () => shm.createPosix(name, 1), RangeError, 'ERR_OUT_OF_RANGE', /"name"/, JSON.stringify(name)));
  t.end();
});

test('a count is a number of elements from 1 to what the runtime can show', (t) => {
  for (const key of freshKeys()) {
    for (const count of [undefined, null, '10', {}, [10], true]) {
      refuses(t, () => shm.create(count, 'Buffer', key), TypeError, 'ERR_INVALID_ARG_TYPE', /"count"/, String(count));
    }
    for (const count of [0, -1, 1.5, NaN, Infinity, kMaxLength + 1, 2 ** 53]) {
      refuses(t, () => shm.create(count, 'Buffer', key), RangeError, 'ERR_OUT_OF_RANGE', /"count".* 1 to /, String(count));
    }
    t.equal(shm.get(key), null, 'no such memory came to be');
  }
  t.end();
});

test('a count whose bytes would not be a safe integer is out of range', (t) => {
  for (const typeKey of ['Int16Array', 'Float64Array']) {
    const most = Math.min(kMaxLength, Math.floor(Number.MAX_SAFE_INTEGER / global[typeKey].BYTES_PER_ELEMENT));
    refuses(t, () => shm.create(most + 1, typeKey, freshKey()), RangeError, 'ERR_OUT_OF_RANGE', new RegExp(`1 to ${most}\\.`), typeKey);
  }
  t.end();
});

test('3 GB of bytes are an array where the runtime has such arrays', { skip: kMaxLength < 3 * 2 ** 30 && 'not this one' }, (t) => {
  const key = freshKey();
  const array = shm.create(3 * 2 ** 30, 'Uint8Array', key); // no page of a segment exists before it is touched
  t.equal(array.length, 3 * 2 ** 30);
  array[array.length - 1] = 7;
  t.equal(shm.get(key, 'Uint8Array')[3 * 2 ** 30 - 1], 7);
  t.equal(shm.get(key, 'Uint8Array', { offset: 2 ** 31, count: 2 ** 30 })[2 ** 30 - 1], 7);
  t.equal(shm.destroy(key), true);
  t.end();
});

test('LengthMax is the limit of the platform or, if that is less, of the runtime', (t) => {
  const is64 = ['x64', 'arm64'].includes(process.arch);
  t.equal(shm.LengthMax, Math.min(is64 ? 2 ** 31 : 2 ** 30, require('buffer').kMaxLength));
  if (nodeMajor === 10) t.equal(shm.LengthMax, 2 ** 31 - 1);
  t.end();
});

test('sizes do not wrap: 2³¹ doubles are 16 GiB or an error', (t) => {
  const key = freshKey();
  let array = null;
  try {
    array = shm.create(shm.LengthMax, 'Float64Array', key); // no page of a segment exists before it is touched
  } catch (error) {
    t.ok(shm.isShmError(error), `${error.code}: ${error.message}`);
  }
  if (array !== null) {
    t.equal(array.length, shm.LengthMax);
    t.equal(array.byteLength, shm.LengthMax * 8);
    array[shm.LengthMax - 1] = 1.5;
    t.equal(shm.get(key, 'Float64Array')[shm.LengthMax - 1], 1.5);
    t.equal(shm.destroy(key), true);
  }
  t.equal(shm.get(key), null);
  t.equal(shm.getTotalSize(), 0);
  t.end();
});

test('an unknown type key is an error that lists the known ones', (t) => {
  for (const typeKey of ['Foo', '', 'buffer', 'toString', '__proto__', 'constructor', null, -1, 13, 0.5, NaN, '0', '5', {}, Symbol('x')]) {
    const pattern = /^Unknown type key .*Buffer, Int8Array, .*Float64Array/;
    const [number, name] = freshKeys();
    for (const key of [number, name]) {
      refuses(t, () => shm.create(1, typeKey, key), TypeError, 'ERR_INVALID_ARG_VALUE', pattern, String(typeKey));
      refuses(t, () => shm.get(key, typeKey), TypeError, 'ERR_INVALID_ARG_VALUE', pattern, String(typeKey));
    }
  }
  t.end();
});

test('the number of a type stands for its name', (t) => {
  for (const typeKey of Object.keys(shm.BufferType)) {
    const number = shm.BufferType[typeKey];
    for (const key of freshKeys()) {
      const made = [shm.create(10, number, key), shm.get(key, number), shm.getOrCreate(10, number, key)];
      for (const array of made) {
        t.equal(Object.getPrototypeOf(array), global[typeKey].prototype, `${number} is ${typeKey}`);
        t.equal(array.length, 10);
      }
      shm.destroy(key);
    }
  }
  t.end();
});

test('permissions are octal digits', (t) => {
  for (const key of freshKeys()) {
    for (const perm of [true, [], () => 1, Symbol('660')]) {
      refuses(t, () => shm.create(1, 'Buffer', key, perm), TypeError, 'ERR_INVALID_ARG_TYPE', /"perm"/, String(perm));
    }
    for (const perm of ['', '9', '668', '1777', 'rw', '0x1', '-1', ' 660', '660 ', 1777, 888, -1, 6.5, NaN, 0, 60, 0o640, 0o644, 0o660, 0o666, 0o700, 0o777]) {
      refuses(t, () => shm.create(1, 'Buffer', key, perm), RangeError, 'ERR_OUT_OF_RANGE', /"perm"/, String(perm));
    }
    t.equal(shm.get(key), null);
  }
  t.end();
});

test('the errors of the kernel carry code, errno, syscall and key', { skip: !isLinux && 'makes the error with a link in /dev/shm' }, (t) => {
  const name = freshName();
  require('fs').symlinkSync('/etc/passwd', `/dev/shm${name}`);
  const error = thrownBy(() => shm.get(name));
  t.ok(error instanceof Error);
  t.equal(error.code, 'ELOOP');
  t.equal(error.errno, -40);
  t.equal(error.syscall, 'open');
  t.equal(error.key, name);
  t.ok(error.message.startsWith('ELOOP: '), error.message);
  t.ok(error.message.includes(name));
  t.equal(shm.create(1, 'Buffer', name), null, 'the name is taken all the same');
  t.equal(shm.destroy(name), true);
  t.end();
});

test('a message tells which array was given, and nothing of what is in it', (t) => {
  const secret = Buffer.from('password');
  for (const [value, shown] of [[secret, 'Buffer(8)'], [new Float64Array(3), 'Float64Array(3)'], [new DataView(new ArrayBuffer(5)), 'DataView(5)']]) {
    const { message } = thrownBy(() => shm.get(value));
    t.ok(message.endsWith(`Received ${shown}`), message);
  }
  t.end();
});
