'use strict';
// The options object: what each option does, and which are refused.

const fs = require('fs');
const test = require('tape');
const zlib = require('zlib');
const { kMaxLength } = require('buffer');
const { freshKey, freshKeys, freshName, isBun, isDead, isLinux, runCode, sharedMappings, shm, thrownBy } = require('./support');

const linuxOnly = { skip: !isLinux && 'reads /dev/shm' };

test('an unknown option is an error that names it and those there are', (t) => {
  const key = freshKey();
  const calls = {
    create: (options) => shm.create(10, 'Buffer', key, options),
    getOrCreate: (options) => shm.getOrCreate(10, 'Buffer', key, options),
    get: (options) => shm.get(key, 'Buffer', options),
  };
  const cases = [
    ['create', { row: true }, /^create has no option 'row'\. Its options are: perm, raw, reserve, populate, hugePages, shared, transient, disposable$/],
    ['getOrCreate', { row: true }, /^getOrCreate has no option 'row'\. Its options are: perm, raw,/],
    ['get', { row: true }, /^get has no option 'row'\. Its options are: raw, offset, count, populate, hugePages, copyOnWrite, readOnly, shared, disposable$/],
    ['create', { offset: 8 }, /^create has no option 'offset' \(get has it\)\. Its/],
    ['create', { copyOnWrite: true }, /'copyOnWrite' \(get has it\)/],
    ['get', { perm: '600' }, /'perm' \(create has it\)/],
    ['create', { reserve: false, populate: true }, /options of create contradict each other: "reserve: false"/],
    ['get', { copyOnWrite: true, hugePages: true }, /options of get contradict each other: "copyOnWrite"/],
  ];
  for (const [call, options, message] of cases) {
    const error = thrownBy(() => calls[call](options));
    t.ok(error instanceof TypeError, `${call} ${JSON.stringify(options)}`);
    t.equal(error.code, 'ERR_INVALID_ARG_VALUE');
    t.match(error.message, message);
  }
  t.equal(shm.get(key), null, 'nothing was created');
  t.end();
});

test('options of a wrong type or value are errors', (t) => {
  const key = freshKey();
  shm.create(64, 'Buffer', key);
  const cases = [
    [{ raw: 1 }, TypeError, /"options\.raw" argument must be true or false\. Received 1/],
    [{ populate: 'yes' }, TypeError, /options\.populate/],
    [{ copyOnWrite: null }, TypeError, /options\.copyOnWrite/],
    [{ offset: '8' }, TypeError, /"options\.offset" argument must be a number of bytes/],
    [{ offset: -8 }, RangeError, /"options\.offset"/],
    [{ offset: 0.5 }, RangeError, /"options\.offset"/],
    [{ offset: NaN }, RangeError, /"options\.offset"/],
    [{ offset: 2 ** 53 }, RangeError, /"options\.offset"/],
    [{ offset: 4 }, RangeError, /"options\.offset" is out of range\. It must be .* a multiple of 8, the bytes of an element\. Received 4/],
    [{ count: 0 }, RangeError, /"options\.count"/],
    [{ count: 1.5 }, RangeError, /"options\.count"/],
    [{ count: '1' }, TypeError, /"options\.count"/],
    [null, TypeError, /"options" argument must be an object/],
    ['660', TypeError, /"options" argument must be an object/],
  ];
  for (const [options, Class, message] of cases) {
    const error = thrownBy(() => shm.get(key, 'Float64Array', options));
    t.ok(error instanceof Class, JSON.stringify(options));
    t.match(error.message, message);
  }
  t.match(thrownBy(() => shm.create(1, 'Buffer', freshKey(), { reserve: 0 })).message, /options\.reserve/);
  t.match(thrownBy(() => shm.create(1, 'Buffer', freshKey(), { perm: '888' })).message, /"options\.perm"/);
  t.equal(shm.get(key, 'Buffer', { raw: undefined, offset: undefined }).length, 64, 'undefined is as good as absent');
  shm.destroy(key);
  t.end();
});

test('an option is what was checked, also if a getter gives something else the next time', (t) => {
  const key = freshKey();
  shm.create(64, 'Buffer', key);
  const [counts, offsets] = [[2], [8]];
  const options = {
    get count() {
      return counts.length > 0 ? counts.pop() : -1;
    },
    get offset() {
      return offsets.length > 0 ? offsets.pop() : 4;
    },
  };
  t.equal(shm.get(key, 'Float64Array', options).length, 2);
  shm.destroy(key);
  t.end();
});

test("options are the caller's own: what is on Object.prototype is none", (t) => {
  const own = { perm: '777', raw: true, reserve: false, populate: true, hugePages: true, copyOnWrite: true, shared: true, disposable: true, offset: 8, count: 1, nonsense: 1 };
  const calls = {
    create: (key) => shm.create(10, 'Buffer', key, {}),
    getOrCreate: (key) => shm.getOrCreate(10, 'Buffer', key, {}),
    get: (key) => {
      shm.create(10, 'Buffer', key);
      return shm.get(key, 'Buffer', {});
    },
  };
  for (const call of Object.keys(calls)) {
    for (const key of freshKeys()) {
      let array;
      Object.keys(own).forEach((option) => (Object.prototype[option] = own[option]));
      try {
        array = calls[call](key);
      } finally {
        Object.keys(own).forEach((option) => delete Object.prototype[option]);
      }
      t.deepEqual([array.length, array.byteOffset, array.buffer.constructor], [10, shm.get(key).byteOffset, ArrayBuffer], `${call} ${key}`);
      t.equal(shm.getTotalSize(), typeof key === 'string' ? 18 : 10, 'the header is there');
      t.equal(shm.stat(key).perm & 0o111, 0, 'nobody has asked for 777');
      t.equal(array.buffer, shm.get(key).buffer, 'it is no copy');
      shm.destroy(key);
    }
  }
  t.end();
});

test('perm is an option', linuxOnly, (t) => {
  const name = freshName();
  const umask = process.umask(0);
  shm.create(10, 'Buffer', name, { perm: '640' });
  process.umask(umask);
  t.equal(fs.statSync(`/dev/shm${name}`).mode & 0o777, 0o640);
  shm.destroy(name);
  t.end();
});

test('a raw object is nothing but its data', linuxOnly, (t) => {
  const name = freshName();
  const array = shm.create(100, 'Uint16Array', name, { raw: true });
  array.fill(0x4241);
  t.equal(fs.readFileSync(`/dev/shm${name}`, 'latin1'), 'AB'.repeat(100));
  t.equal(shm.getTotalSize(), 200);
  t.equal(shm.getTotalCreatedSize(), 200);
  fs.writeFileSync(`/dev/shm${name}`, 'CD', { flag: 'r+' });
  t.equal(array[0], 0x4443);
  t.match(thrownBy(() => shm.get(name)).message, /^'.*raw: true/);
  t.equal(shm.create(1, 'Buffer', name, { raw: true }), null);
  t.equal(shm.destroy(name), true);
  t.ok(isDead(array));
  t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], [0, 0]);
  t.end();
});

test("another program's object opens raw, whatever its length", linuxOnly, (t) => {
  for (const bytes of [1, 7, 8, 4095, 4097]) {
    const name = freshName();
    fs.writeFileSync(`/dev/shm${name}`, Buffer.alloc(bytes, 7));
    const array = shm.get(name, 'Buffer', { raw: true });
    t.equal(array.length, bytes);
    t.ok(array.every((element) => element === 7));
    t.equal(shm.getTotalSize(), bytes);
    shm.destroy(name);
  }
  const empty = freshName();
  fs.writeFileSync(`/dev/shm${empty}`, '');
  const error = thrownBy(() => shm.get(empty, 'Buffer', { raw: true }));
  t.equal(error.code, 'ERR_SHM_LAYOUT');
  t.match(error.message, /is empty/);
  shm.destroy(empty);
  t.end();
});

test('a raw view and a plain one show the same memory and end together', (t) => {
  const name = freshName();
  const plain = shm.create(64, 'Buffer', name);
  const raw = shm.get(name, 'Buffer', { raw: true });
  t.equal(raw.readUIntLE(0, 6), 64, 'the header');
  raw[8] = 1;
  plain[1] = 2;
  t.deepEqual([plain[0], raw[9]], [1, 2]);
  t.equal(shm.getTotalSize(), 72 + raw.length, 'two mappings, both counted');
  shm.get(name, 'Float64Array', { raw: true });
  t.equal(shm.getTotalSize(), 72 + raw.length, 'a further view of one of them');
  t.equal(shm.detach(name), 1);
  t.ok([plain, raw].every(isDead));
    t.equal(shm.getTotalSize(), 0);
  t.equal(shm.detach(name), -1);
  shm.destroy(name);
  t.end();
});

test('raw changes nothing for a segment', (t) => {
  const key = freshKey();
  const array = shm.create(10, 'Buffer', key, { raw: true });
  const again = shm.get(key, 'Buffer', { raw: true });
  array[0] = 7;
  t.deepEqual([again[0], shm.get(key)[0]], [7, 7]);
  t.equal(shm.getTotalSize(), 10, 'one mapping');
  shm.destroy(key);
  t.end();
});

test('offset and count show a part', (t) => {
  for (const key of freshKeys()) {
    const whole = shm.create(64, 'Uint8Array', key);
    whole.forEach((_, index) => (whole[index] = index));
    const part = shm.get(key, 'Uint16Array', { offset: 16, count: 4 });
    t.equal(part.length, 4);
    t.equal(new Uint8Array(part.buffer, part.byteOffset, 1)[0], 16);
    t.equal(shm.get(key, 'Float64Array', { offset: 16 }).length, 6, 'without count, as many as fit');
    t.equal(shm.get(key, 'Float64Array', { count: 2 }).length, 2);
    t.equal(shm.get(key, 'Buffer', { offset: 64 }).length, 0);
    t.equal(shm.getTotalSize(), typeof key === 'string' ? 72 : 64, 'one mapping');
    shm.destroy(key);
    t.ok(isDead(part));
  }
  t.end();
});

test('a part that is not there is a RangeError, and attaches nothing', (t) => {
  for (const key of freshKeys()) {
    shm.create(64, 'Buffer', key, { perm: '600' });
    const cases = [
      [{ offset: 72 }, /too few for "offset" 72/],
      [{ count: 9 }, /has 64 bytes, too few for "offset" 0 and "count" 9 × 8 bytes/],
      [{ offset: 56, count: 2 }, /"offset" 56 and "count" 2/],
      [{ offset: 2 ** 53 - 8 }, /too few/],
    ];
    const check = () => {
      const before = shm.getTotalSize();
      for (const [options, message] of cases) {
        const error = thrownBy(() => shm.get(key, 'Float64Array', options));
        t.ok(error instanceof RangeError, JSON.stringify(options));
        t.equal(error.code, 'ERR_OUT_OF_RANGE');
        t.match(error.message, message);
        t.equal(shm.getTotalSize(), before);
      }
    };
    check();
    if (typeof key === 'string') {
      shm.detach(key);
      check();
      if (isLinux) t.deepEqual(sharedMappings(), []);
      t.equal(shm.detach(key), -1, 'nothing is attached');
    }
    shm.destroy(key);
  }
  t.end();
});

// Bun has no ArrayBuffer of more than 4 GiB, of which this shows the end. Electron lends the whole, and has no 4 GiB.
const smallArrays = kMaxLength < 2 ** 33 && !isBun && process.versions.electron === undefined;

test('more than an array can show: an error that names offset and count, which work', { skip: !(isLinux && smallArrays) && `arrays of this runtime have up to ${kMaxLength} elements` }, (t) => {
  const name = freshName();
  fs.writeFileSync(`/dev/shm${name}`, '');
  fs.truncateSync(`/dev/shm${name}`, kMaxLength + 9);
  const error = thrownBy(() => shm.get(name, 'Buffer', { raw: true }));
  t.ok(error instanceof RangeError);
  t.match(error.message, /(?:more than an array of this runtime can show|cannot hold).*{ offset, count }/);
  t.equal(shm.getTotalSize(), 0);
  t.deepEqual(sharedMappings(), []);
  const end = shm.get(name, 'Buffer', { raw: true, offset: kMaxLength, count: 9 });
  end[8] = 7;
  const element = shm.get(name, 'Uint8Array', { raw: true, offset: kMaxLength + 8, count: 1 });
  t.equal(element[0], 7);
  t.equal(shm.getOrCreate(9, 'Buffer', name, { raw: true }).length, 9);
  t.throws(() => shm.get(name, 'Buffer', { raw: true, offset: kMaxLength, count: 10 }), /too few/);
  shm.destroy(name);
  // So large a buffer is the engine's own, which the oldest runtimes cannot empty.
  t.ok([end, element].every((view) => view.length === 0 || view[0] === 0));
  t.equal(shm.getTotalSize(), 0);
  t.end();
});

test('an object that has grown is mapped anew', linuxOnly, (t) => {
  const name = freshName();
  const first = shm.create(10, 'Buffer', name, { raw: true });
  fs.truncateSync(`/dev/shm${name}`, 5000);
  const grown = shm.get(name, 'Buffer', { raw: true });
  t.equal(grown.length, 5000);
  grown[0] = 7;
  t.equal(first[0], 7);
  t.equal(shm.getTotalSize(), 5010);
  shm.destroy(name);
  t.ok([first, grown].every(isDead));
    t.equal(shm.getTotalSize(), 0);
  t.end();
});

const variants = [{}, { raw: true }, { copyOnWrite: true }, { raw: true, copyOnWrite: true }, { offset: 8 }, { populate: true }];

test('no variant crashes on a detach, also not while work is in flight on it', (t) => {
  const jobs = [];
  for (let round = 0; round < 20; round++) {
    for (const options of variants) {
      for (const key of freshKeys()) {
        shm.create(2 ** 18, 'Buffer', key, { reserve: round % 2 === 0 });
        const view = shm.get(key, 'Buffer', options);
        jobs.push(new Promise((resolve) => zlib.deflate(view, () => resolve())));
        shm.detach(key, true);
        view[0] = 1;
      }
    }
  }
  return Promise.all(jobs).then(() => {
    t.deepEqual([shm.getTotalSize(), shm.getTotalCreatedSize()], [0, 0]);
    if (isLinux) t.deepEqual(sharedMappings(), []);
    t.equal(jobs.length, 20 * variants.length * 2);
  });
});

test('exit and the end of a thread end every variant', (t) => {
  const key = freshKey();
  const name = freshName();
  shm.create(64, 'Buffer', name);
  const code = `
    shm.create(64, 'Buffer', ${key});
    for (const options of ${JSON.stringify(variants)}) {
      shm.get(${key}, 'Buffer', options)[0] = 1;
      shm.get('${name}', 'Buffer', options)[8] = 1;
    }`;
  return runCode(code).then(({ code: exit, signal, stdout, stderr }) => {
    t.deepEqual([exit, signal, stdout], [0, null, 'shm segments destroyed: 1\n'], stderr);
    t.equal(shm.get(key), null);
    shm.destroy(name);
  });
});
