'use strict';
// SharedMap: what its calls answer and throw, who may open what, and what is evicted. How it behaves over time is
// tested against a Map in map-model.test.js, and what a death leaves in map-steps.test.js.

const fs = require('fs');
const test = require('tape');
const { hash } = require('../lib/map/hash');
const { FIRST_SHARD, SHARD } = require('../lib/map/layout');
const clock = require('../lib/runtime/clock');
const waiting = require('../lib/wait');
const { execPath, forkCode, freshKey, freshKeys, freshName, isDeno, isLinux, nextMessage, nodeMajor, outcome, runCode, shm, thrownBy } = require('./support');

const skip = nodeMajor < 16 && 'SharedMap needs Node 16';
const code = (action) => thrownBy(action).code;

/** All keys are in the same part of such a map. */
const oneShard = { bytes: 18000, entries: 40, maxEntry: 1024 };

/** A map that is gone when the test ends. */
function freshMap(t, options, key = freshName()) {
  const map = new shm.SharedMap(key, Object.assign({ bytes: 300000 }, options));
  t.teardown(() => shm.destroy(key));
  return map;
}

test('SharedMap before Node 16', { skip: nodeMajor >= 16 && 'it is there' }, (t) => {
  t.equal(code(() => new shm.SharedMap(freshName())), 'ERR_SHM_UNAVAILABLE');
  t.end();
});

test('HalfSipHash-1-3: the vectors that Linux checks its own with', (t) => {
  const bytes = new Uint8Array(8);
  const words = new Int32Array(bytes.buffer);
  const found = Array.from({ length: 9 }, (_, length) => {
    bytes.fill(0).set(Array.from({ length }, (_value, index) => index));
    return hash(words, 0, length, 0x03020100, 0x07060504) >>> 0;
  });
  t.deepEqual(found, [0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6, 0x577999b1]);
  t.end();
});

test('values come out as they went in', { skip }, (t) => {
  const map = freshMap(t);
  const values = ['', 'text', 'größe', '\0', '鍵🗝', 'x'.repeat(4000), 0, -0, 1.5, NaN, -Infinity, Number.MAX_VALUE, Buffer.from([0, 255]), Buffer.alloc(0), Buffer.alloc(3000, 7)];
  for (const value of values) {
    t.equal(map.set('key', value), map);
    t.deepEqual(map.get('key'), value);
  }
  t.deepEqual(map.set('key', new Uint8Array([1, 2, 3]).subarray(1)).get('key'), Buffer.from([2, 3]), 'bytes come as a Buffer');
  t.equal(map.set('key', 'a\ud800b').get('key'), 'a\ufffdb', 'as UTF-8 has it');
  t.equal(map.get('other'), undefined);
  t.end();
});

test('wrong arguments', { skip }, (t) => {
  const map = freshMap(t);
  t.equal(code(() => map.get(1)), 'ERR_INVALID_ARG_TYPE');
  t.equal(code(() => map.set('key', undefined)), 'ERR_INVALID_ARG_TYPE');
  t.equal(code(() => map.set('key', 1, { ttl: 0 })), 'ERR_OUT_OF_RANGE');
  t.equal(code(() => map.set('key', 1, { ttl: '1' })), 'ERR_INVALID_ARG_TYPE');
  t.equal(code(() => map.set('key', 1, { TTL: 1 })), 'ERR_INVALID_ARG_VALUE');
  t.equal(code(() => map.increment('key', '1')), 'ERR_INVALID_ARG_TYPE');
  t.equal(code(() => map.update('key')), 'ERR_INVALID_ARG_TYPE');
  t.equal(code(() => map.get('a\udc00')), 'ERR_OUT_OF_RANGE', 'two keys would be one');
  t.equal(code(() => map.set('k'.repeat(65536), 1)), 'ERR_SHM_ENTRY_SIZE');
  t.equal(code(() => map.set('key', 'x'.repeat(5000))), 'ERR_SHM_ENTRY_SIZE');
  t.equal(code(() => map.set('key', Buffer.alloc(1e8))), 'ERR_SHM_ENTRY_SIZE');
  t.equal(map.size, 0);
  for (const [options, wanted] of [
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ size: 1 }, 'ERR_INVALID_ARG_VALUE'],
    [{ bytes: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ bytes: 100 }, 'ERR_OUT_OF_RANGE'],
    [{ bytes: 2 ** 40 }, 'ERR_OUT_OF_RANGE'],
    [{ bytes: 1e6, maxEntry: 1e6 }, 'ERR_OUT_OF_RANGE'],
    [{ bytes: 1e6, entries: 1e6 }, 'ERR_OUT_OF_RANGE'],
    [{ evict: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ ttl: NaN }, 'ERR_OUT_OF_RANGE'],
  ]) {
    t.equal(code(() => new shm.SharedMap(freshName(), options)), wanted, JSON.stringify(options));
  }
  t.end();
});

test('what JSON can hold comes out as an object of the caller', { skip }, (t) => {
  const map = freshMap(t);
  const values = [{ user: 'ada' }, [1, [2, 'ü']], {}, [], true, false, null, { größe: '鍵'.repeat(100), deep: { a: [null, { b: 1.5 }] } }, { __proto__: null, x: 1 }];
  for (const value of values) {
    t.deepEqual(map.set('key', value).get('key'), JSON.parse(JSON.stringify(value)));
    t.notEqual(map.get('key'), value !== null && typeof value === 'object' ? value : undefined);
  }
  t.equal(map.set('s1', { user: 'ada' }).get('s1').user, 'ada');
  t.deepEqual(map.set('date', new Date(0)).get('date'), '1970-01-01T00:00:00.000Z', 'as JSON has it');
  t.equal(map.has('s1') && map.set('null', null).has('null'), true);
  t.deepEqual(map.update('s1', (session) => Object.assign(session, { visits: 1 })), { user: 'ada', visits: 1 });
  t.equal(code(() => map.increment('s1')), 'ERR_SHM_NOT_A_NUMBER');
  t.deepEqual(new Map(map).get('s1'), { user: 'ada', visits: 1 }, 'in a loop, too');
  t.end();
});

test('what JSON cannot hold is refused', { skip }, (t) => {
  const map = freshMap(t);
  const values = [undefined, () => 1, Symbol('s'), new Map([[1, 2]]), new Set([1]), Promise.resolve(1), new ArrayBuffer(8), new Float64Array(2), new DataView(new ArrayBuffer(8))];
  if (global.BigInt) values.push(global.BigInt(1));
  for (const value of values) {
    const error = thrownBy(() => map.set('key', value));
    t.equal(error.code, 'ERR_INVALID_ARG_TYPE', error.message);
  }
  const circular = { list: [{}] };
  circular.list[0].self = circular;
  const refused = [circular, circular.list, { toJSON: () => circular }];
  if (global.BigInt) refused.push({ deep: [1, { big: global.BigInt(1) }] }, [Object(global.BigInt(1))]);
  for (const value of refused) {
    const error = thrownBy(() => map.set('key', value));
    t.deepEqual([error.code, error instanceof TypeError, error.cause instanceof TypeError], ['ERR_INVALID_ARG_TYPE', true, true], error.cause.message);
  }
  const shared = { n: 1 };
  t.deepEqual(map.set('key', { a: shared, b: [shared, { c: shared }] }).get('key').b[1], { c: shared }, 'the same object twice is no circle');
  const mine = new TypeError('mine');
  const throws = { a: shared, b: shared, toJSON: undefined, c: { toJSON() { throw mine; } } };
  t.equal(thrownBy(() => map.set('key', throws)), mine, 'what toJSON throws is passed on');
  t.equal(map.set('key', { toJSON: () => (map.set('other', 2), 3) }).get('key'), 3, 'what is made to JSON may use the map');
  t.equal(map.get('other'), 2);
  t.equal(map.size, 2);
  t.end();
});

test('an array is what it is, whatever it says of itself', { skip }, (t) => {
  const map = freshMap(t);
  class Liar extends Uint8Array {
    get length() {
      return -8;
    }
    get byteLength() {
      return 2.5;
    }
  }
  t.deepEqual(map.set('key', Liar.from([1, 2, 3])).get('key'), Buffer.from([1, 2, 3]));
  const foreign = require('vm').runInNewContext('new Uint8Array([97, 98])');
  t.deepEqual(map.set('key', foreign).get('key'), Buffer.from('ab'), 'of another realm');
  t.deepEqual(map.update('key', () => foreign), foreign);
  t.end();
});

test('options are the own properties of their object, and of the call', { skip }, (t) => {
  const map = freshMap(t);
  t.equal(map.set('key', 1, Object.create({ ttl: 5 })).ttl('key'), Infinity);
  t.equal(map.increment('n', 1, Object.create({ initial: 100 })), 1);
  for (const action of [
    () => map.set('key', 1, { initial: 1 }),
    () => map.touch('key', 1, { ttl: 1 }),
    () => map.update('key', () => 1, { ttl: 1 }),
    () => map.delete('key', { ttl: 1 }),
    () => map.clear({ ttl: 1 }),
    () => new shm.SharedMap(map.key, { readOnly: true, perm: '600' }),
  ]) {
    t.equal(code(action), 'ERR_INVALID_ARG_VALUE', thrownBy(action).message);
  }
  const bare = thrownBy(() => map.set('key', 1, 1000));
  t.equal(bare.code, 'ERR_INVALID_ARG_TYPE');
  t.ok(bare.message.includes('{ ttl: 1000 }'), bare.message);
  t.ok(thrownBy(() => map.delete('key', 50)).message.includes('{ timeout: 50 }'));
  t.equal(code(() => map.set('key', 1, { timeout: -1 })), 'ERR_OUT_OF_RANGE');
  t.end();
});

test('nothing inside shows', { skip }, (t) => {
  const [map, other] = [freshMap(t), freshMap(t)];
  map.set('key', 'value');
  const { inspect } = require('util');
  const shown = inspect(map);
  t.ok(shown.includes(map.key) && shown.includes('size: 1') && !shown.includes('\n'), shown);
  t.deepEqual(JSON.parse(JSON.stringify({ map })).map.key, map.key);
  t.equal(Object.keys(map).length, 0);
  t.doesNotThrow(() => require('assert').deepStrictEqual(map, map));
  t.equal(inspect(other, { showHidden: true, depth: 9 }).includes('seed'), false);
  map.detach();
  t.ok(inspect(map).includes('detached'), inspect(map));
  t.end();
});

test('what stats counts is no negative number, however often it has happened', { skip }, (t) => {
  const map = freshMap(t);
  const words = shm.get(map.key, 'Int32Array');
  words[FIRST_SHARD / 4 + SHARD.evicted] = -1;
  t.equal(map.stats().evicted, 2 ** 32 - 1);
  t.end();
});

test('maxEntry is the limit of an entry', { skip }, (t) => {
  for (const [bytes, maxEntry] of [[1e6, 500], [1e6, 40], [3e6, 4096], [1e6, 1000]]) {
    const map = freshMap(t, { bytes, maxEntry });
    const largest = Math.floor((maxEntry - 24 - 8) / 8) * 8;
    t.equal(map.set('key', Buffer.alloc(largest)).get('key').length, largest, `${maxEntry}`);
    const error = thrownBy(() => map.set('key', Buffer.alloc(largest + 1)));
    t.equal(error.code, 'ERR_SHM_ENTRY_SIZE', error.message);
    t.equal(new shm.SharedMap(map.key).get('key').length, largest, 'whoever opens it has the same limit');
    t.equal(code(() => new shm.SharedMap(map.key).set('key', Buffer.alloc(largest + 1))), 'ERR_SHM_ENTRY_SIZE');
    t.equal(code(() => new shm.SharedMap(map.key, { maxEntry: maxEntry + 8 })), 'ERR_SHM_LAYOUT');
    map.detach();
  }
  t.end();
});

test('bytesFor: a map of that size has room for so many entries', { skip }, (t) => {
  const { bytesFor } = shm.SharedMap;
  let made = 0;
  const fill = (sizes, options) => {
    const map = freshMap(t, options);
    const run = Math.random().toString(36).slice(2, 8);
    for (let index = 0; index < sizes.entries; index++) map.set(`${run}${index}`.padEnd(sizes.keyBytes, '.').slice(-sizes.keyBytes), Buffer.alloc(sizes.valueBytes));
    // Each of them again, by others of its size.
    for (const key of Array.from(map.keys())) map.set(key, Buffer.alloc(sizes.valueBytes));
    if (map.size !== sizes.entries) t.fail(`${map.size} of ${sizes.entries} entries fit`);
    map.destroy();
    made++;
  };
  for (const sizes of [
    { entries: 1, keyBytes: 20, valueBytes: 8 },
    { entries: 30, keyBytes: 20, valueBytes: 100 },
    { entries: 200, keyBytes: 20, valueBytes: 10 },
    { entries: 1000, keyBytes: 16, valueBytes: 100 },
    { entries: 3000, keyBytes: 16, valueBytes: 0 },
    { entries: 100, keyBytes: 30, valueBytes: 8000 },
  ]) {
    const bytes = bytesFor(sizes);
    const { entries } = sizes;
    const maxEntry = 24 + Math.ceil(sizes.keyBytes / 8) * 8 + Math.ceil(sizes.valueBytes / 8) * 8;
    for (let times = 0; times < 10; times++) {
      fill(sizes, { bytes });
      fill(sizes, { bytes, entries });
      fill(sizes, { bytes, entries, maxEntry: Math.max(40, maxEntry) });
    }
  }
  fill({ entries: 20, keyBytes: 20, valueBytes: 100000 }, { bytes: bytesFor({ entries: 20, keyBytes: 20, valueBytes: 100000 }), entries: 20, maxEntry: 110000 });
  t.equal(made, 181, 'with all key sets');
  t.equal(code(() => bytesFor({ entries: 1e9, keyBytes: 10, valueBytes: 100 })), 'ERR_OUT_OF_RANGE');
  t.equal(code(() => bytesFor({ entries: 1, keyBytes: 10 })), 'ERR_INVALID_ARG_TYPE');
  t.equal(code(() => bytesFor({ entries: 1.5, keyBytes: 10, valueBytes: 1 })), 'ERR_OUT_OF_RANGE');
  t.equal(code(() => bytesFor()), 'ERR_INVALID_ARG_TYPE');
  t.end();
});

test('readOnly: follows what others write, and writes nothing', { skip }, (t) => {
  const map = freshMap(t, { evict: true });
  map.set('a', 1).set('text', 'x'.repeat(50));
  const before = Buffer.from(shm.get(map.key));
  const reader = new shm.SharedMap(map.key, { readOnly: true });
  t.equal(reader.get('a'), 1);
  t.deepEqual([reader.has('a'), reader.ttl('a'), reader.size, Array.from(reader.keys()).length], [true, Infinity, 2, 2]);
  t.ok(shm.get(map.key).equals(before), 'reading does not even count as such');
  for (let round = 0; round < 5; round++) {
    map.set('a', round).set(`new ${round}`, { round });
    t.deepEqual([reader.get('a'), reader.get(`new ${round}`)], [round, { round }]);
    map.delete(`new ${round}`);
    t.equal(reader.get(`new ${round}`), undefined);
  }
  for (let index = 0; index < 20000; index++) map.set(`key ${index}`, 'y'.repeat(index % 200));
  t.equal(new Map(reader).size, new Map(map).size, 'after many laps, too');
  const calls = ['set', 'add', 'replace', 'increment', 'delete', 'update', 'touch', 'clear', 'prune'];
  for (const call of calls) {
    const args = { update: ['a', () => 1], touch: ['a', 1], delete: ['a'], clear: [], prune: [], increment: ['a'] }[call] || ['a', 1];
    const error = thrownBy(() => reader[call](...args));
    t.equal(error.code, 'ERR_SHM_READ_ONLY', error.message);
  }
  t.equal(new shm.SharedMap(map.key, { readOnly: true, evict: true }).size, map.size);
  t.equal(code(() => new shm.SharedMap(map.key, { readOnly: true, evict: false })), 'ERR_SHM_LAYOUT', 'another evict');
  t.equal(reader.size, map.size, 'and who fails detaches nobody');
  reader.detach();
  t.equal(code(() => reader.get('a')), 'ERR_SHM_DETACHED');
  t.ok(map.size > 0, 'the writer of this thread stays');
  t.equal(code(() => new shm.SharedMap(freshName(), { readOnly: true })), 'ENOENT');
  const segment = freshMap(t, {}, freshKey());
  t.equal(code(() => new shm.SharedMap(segment.key, { readOnly: true })), 'ENOTSUP', 'private pages of a segment do not follow it');
  const empty = freshName();
  shm.create(100000, 'Buffer', empty);
  t.equal(code(() => new shm.SharedMap(empty, { readOnly: true })), 'ERR_SHM_LAYOUT');
  t.end();
});

test('add, replace, delete', { skip }, (t) => {
  const map = freshMap(t);
  t.equal(map.replace('key', 1), false);
  t.equal(map.add('key', 2), true);
  t.equal(map.add('key', 3), false);
  t.equal(map.get('key'), 2);
  t.equal(map.replace('key', 'four'), true);
  t.equal(map.get('key'), 'four');
  t.equal(map.size, 1);
  t.equal(map.delete('key'), true);
  t.equal(map.delete('key'), false);
  t.equal(map.has('key'), false);
  t.equal(map.size, 0);
  t.end();
});

test('increment and update', { skip }, (t) => {
  const map = freshMap(t);
  t.equal(map.increment('n'), 1);
  t.equal(map.increment('n', -3), -2);
  t.equal(map.increment('m', 1, { initial: 10 }), 11);
  t.equal(map.set('text', 'a') && code(() => map.increment('text')), 'ERR_SHM_NOT_A_NUMBER');
  t.equal(map.update('n', (old) => old * 2), -4);
  t.equal(map.update('new', (old) => String(old)), 'undefined');
  t.equal(map.update('new', () => undefined), undefined);
  t.equal(map.has('new'), false);
  let calls = 0;
  t.equal(map.update('n', (old) => (calls++ === 0 ? map.increment('n') * 0 : old + 10)), 7, 'a number that has changed in place');
  t.equal(map.update('text', (old) => (calls++ === 2 ? map.set('text', 'b').get('text') : `${old}!`)), 'b!', 'a value that has changed');
  t.equal(calls, 4, 'asked again each time');
  t.throws(() => map.update('n', () => { throw new Error('mine'); }), /mine/);
  t.equal(map.get('n'), 7, 'and nothing is locked');
  t.end();
});

test('time to live', { skip }, (t) => {
  const map = freshMap(t, { ttl: 1000 });
  const { time: now } = clock;
  t.teardown(() => (clock.time = now));
  let time = 1e12;
  clock.time = () => time;
  map.set('default', 1).set('short', 1, { ttl: 10 }).set('for ever', 1, { ttl: Infinity });
  t.deepEqual(['default', 'short', 'for ever', 'none'].map((key) => map.ttl(key)), [1000, 10, Infinity, undefined]);
  map.increment('window', 1, { ttl: 10 });
  time += 5;
  t.equal(map.increment('window', 1, { ttl: 10 }), 2);
  t.equal(map.ttl('window'), 5, 'a fixed window');
  time += 5;
  t.equal(map.get('short'), undefined);
  t.equal(map.increment('window', 1, { ttl: 10 }), 1, 'the next window');
  t.equal(map.touch('default', 5), true);
  t.equal(map.touch('short', 5), false);
  time += 5;
  t.equal(map.has('default'), false);
  t.equal(map.size, 4, 'they take room until they are reclaimed');
  t.equal(map.prune(), 2);
  t.deepEqual(Array.from(map.keys()).sort(), ['for ever', 'window']);
  t.equal(map.stats().expired, 3);
  t.end();
});

test('a full map', { skip }, (t) => {
  const map = freshMap(t, oneShard);
  let count = 0;
  const error = thrownBy(() => {
    for (;; count++) map.set(`key ${count}`, 'x'.repeat(500));
  });
  t.equal(error.code, 'ERR_SHM_FULL');
  t.ok(error.message.includes('evict'), error.message);
  t.equal(map.size, count, 'nothing is lost');
  const { bytes, liveBytes } = map.stats();
  t.ok(liveBytes > 0.7 * bytes, `${liveBytes} of ${bytes} bytes are live`);
  const old = map.get('key 0');
  t.equal(code(() => map.set('key 0', 'y'.repeat(980))), 'ERR_SHM_FULL');
  t.equal(map.get('key 0'), old, 'the old value stays');
  t.equal(map.set('key 0', 'y'.repeat(500)).get('key 0'), 'y'.repeat(500), 'and can be replaced by one of its size');
  map.delete('key 0');
  t.ok(map.set(`key ${count}`, 'x'.repeat(500)), 'what is deleted leaves room');
  map.clear();
  t.equal(map.size, 0);
  t.end();
});

test('a number that is set again stays where it is: it is no new entry, and counts as one that was read', { skip }, (t) => {
  const map = freshMap(t, Object.assign({ evict: true }, oneShard));
  for (const key of ['left', 'set again']) map.set(key, 1);
  const words = shm.get(map.key, 'Int32Array');
  const { FIRST_SHARD, SHARD } = require('../lib/map/layout');
  const head = words[FIRST_SHARD / 4 + SHARD.head];
  for (let number = 0; number < 100; number++) map.set('set again', number);
  t.equal(words[FIRST_SHARD / 4 + SHARD.head], head, 'it takes no more room');
  for (let count = 0; map.has('left'); count++) map.set(`key ${count}`, 'x'.repeat(900));
  t.equal(map.get('set again'), 99);
  t.end();
});

test('eviction takes the oldest that nobody has read', { skip }, (t) => {
  const map = freshMap(t, Object.assign({ evict: true }, oneShard));
  const value = 'x'.repeat(900);
  const isThere = () => Array.from({ length: 40 }, (_, index) => index).filter((index) => map.has(`key ${index}`));
  let count = 0;
  while (map.stats().evicted === 0) map.set(`key ${count++}`, value);
  t.deepEqual(isThere(), Array.from({ length: count - 1 }, (_, index) => index + 1), 'the first one has gone');
  map.get('key 1');
  map.set('key 2', value);
  map.set(`key ${count++}`, value);
  t.deepEqual([map.has('key 1'), map.has('key 2'), map.has('key 3')], [true, true, false], 'not what was read or set again');
  for (let more = 0; more < 20; more++) map.set(`more ${more}`, value);
  t.deepEqual([map.has('key 1'), map.has('key 2')], [false, false], 'having been read counts once');
  t.equal(map.size, count - 2, 'one goes for each that comes');
  t.end();
});

test('many small entries: no more than there are slots for', { skip }, (t) => {
  const map = freshMap(t, { entries: 50, evict: true, bytes: 200000 });
  for (let index = 0; index < 20000; index++) map.set(`key ${index}`, index);
  const { size, evicted } = map.stats();
  t.ok(size >= 50 && size + evicted === 20000, `${size} left`);
  t.ok(Array.from(map).every(([key, value]) => key === `key ${value}`));
  t.equal(map.get('key 19999'), 19999);
  t.end();
});

test('iteration', { skip }, (t) => {
  const map = freshMap(t);
  for (let index = 0; index < 100; index++) map.set(`key ${index}`, index);
  t.deepEqual(Array.from(map.values()).sort((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index));
  t.equal(new Map(map).get('key 7'), 7);
  for (const key of map.keys()) map.delete(key);
  t.equal(map.size, 0, 'what is seen may be deleted');
  t.end();
});

test('who opens the same key has the same map', { skip }, (t) => {
  for (const key of freshKeys()) {
    const map = freshMap(t, { evict: true, entries: 100 }, key);
    map.set('a', 1);
    t.equal(new shm.SharedMap(key).get('a'), 1, 'as it is');
    t.equal(new shm.SharedMap(key, { bytes: 300000, entries: 100, evict: true }).get('a'), 1, 'asked for as it was created');
    t.equal(code(() => new shm.SharedMap(key, { bytes: 200000 })), 'ERR_SHM_LAYOUT');
    t.equal(code(() => new shm.SharedMap(key, { evict: false })), 'ERR_SHM_LAYOUT');
    const error = thrownBy(() => new shm.SharedMap(key, { bytes: 300000 }));
    t.equal(error.code, 'ERR_SHM_LAYOUT', 'with some of the sizes');
    t.match(error.message, /all of bytes, entries, maxEntry .* or none/);
    map.detach();
    t.equal(code(() => map.get('a')), 'ERR_SHM_DETACHED');
    t.equal(code(() => map.size), 'ERR_SHM_DETACHED');
    t.equal(code(() => Array.from(map)), 'ERR_SHM_DETACHED');
    if (typeof key === 'string') t.equal(new shm.SharedMap(key).get('a'), 1, 'an object stays');
    shm.destroy(key);
  }
  t.end();
});

test('who creates a map again that somebody else has removed waits for nobody', { skip: skip || (!isLinux && 'looks into /dev/shm') }, (t) => {
  const { wait } = waiting;
  const waits = [];
  waiting.wait = (words, index, value, timeout) => (waits.push(timeout), 'timed-out');
  t.teardown(() => (waiting.wait = wait));
  const maps = [freshMap(t, { bytes: undefined })];
  const { key } = maps[0];
  const createAgain = () => {
    fs.unlinkSync(`/dev/shm${key}`);
    maps.push(new shm.SharedMap(key).set('a', maps.length));
  };
  maps[0].set('a', 0);
  createAgain();
  t.deepEqual(maps.map((map) => map.get('a')), [0, 1], 'while it has the old one');
  maps.forEach((map) => map.detach());
  createAgain();
  t.equal(maps[2].get('a'), 2, 'after a detach');
  t.deepEqual(waits, []);
  t.end();
});

test('what is no map is left alone', { skip }, (t) => {
  const key = freshKey();
  const array = shm.create(100000, 'Int32Array', key);
  array[30] = 7;
  const before = clock.now();
  t.equal(code(() => new shm.SharedMap(key)), 'ERR_SHM_LAYOUT', 'data that begins with zeros');
  t.ok(clock.now() - before < 400, 'is not waited for');
  array[30] = 0;
  array[99999] = 7;
  t.equal(code(() => new shm.SharedMap(key, { bytes: 300000 })), 'ERR_SHM_LAYOUT', 'data that ends with something');
  array[99999] = 0;
  t.equal(code(() => new shm.SharedMap(key, { bytes: 800000 })), 'ERR_SHM_LAYOUT', 'too small');
  array[0] = 1;
  t.equal(code(() => new shm.SharedMap(key)), 'ERR_SHM_LAYOUT', 'data');
  t.ok(array.every((word, index) => word === (index === 0 ? 1 : 0)));
  array[0] = 0;
  const map = new shm.SharedMap(key, { bytes: 300000 });
  t.equal(map.set('a', 1).get('a'), 1, 'zeros become one: who has created them may have died');
  shm.destroy(key);
  t.end();
});

const skipProcesses = skip || (isDeno && 'Deno forks otherwise') || (execPath !== process.execPath && 'starts processes');

test('what is no map, and has more bytes than 31 bits count, is left alone', { skip: skip || (!isLinux && 'macOS may have no room for it') }, (t) => {
  const key = freshName();
  const large = shm.create(2 ** 31 + 64, 'Uint8Array', key, { reserve: false });
  large[0] = 1;
  const error = thrownBy(() => new shm.SharedMap(key));
  t.equal(error.code, 'ERR_SHM_LAYOUT', error.message);
  shm.destroy(key);
  t.end();
});

test('many processes open a map at once, and count', { skip: skipProcesses }, async (t) => {
  const name = freshName();
  t.teardown(() => shm.destroy(name));
  const program = `
    const map = new shm.SharedMap(${JSON.stringify(name)}, { bytes: 200000 });
    process.once('message', () => {
      for (let round = 0; round < 2000; round++) {
        map.increment('key ' + (round % 50));
        map.update('all', (old = 0) => old + 1);
        map.set('own ' + process.pid, round);
      }
      process.disconnect();
    });
    process.send('ready');`;
  const children = Array.from({ length: 4 }, () => forkCode(program));
  const ends = children.map(outcome);
  await Promise.all(children.map(nextMessage));
  children.forEach((child) => child.send('go'));
  for (const { code: status, stderr } of await Promise.all(ends)) t.equal(status, 0, stderr);
  const map = new shm.SharedMap(name);
  t.equal(map.get('all'), 8000);
  for (let key = 0; key < 50; key++) if (map.get(`key ${key}`) !== 160) t.fail(`key ${key}: ${map.get(`key ${key}`)}`);
  t.equal(map.size, 55);
});

test('a process that is killed with a lock keeps nobody out', { skip: skipProcesses }, async (t) => {
  const name = freshName();
  const map = freshMap(t, oneShard, name);
  map.set('a', 1);
  const end = await runCode(`
    const map = new shm.SharedMap(${JSON.stringify(name)});
    const { store } = Atomics;
    let steps = 0;
    Atomics.store = (...args) => ++steps === 2 ? process.kill(process.pid, 'SIGKILL') : store(...args);
    map.delete('a');`);
  t.equal(end.signal, 'SIGKILL', end.stderr);
  t.equal(map.get('a'), 1, 'reading takes no lock');
  t.equal(map.set('b', 2).get('b'), 2, 'the next writer has made it whole');
  t.equal(map.stats().repairs, 1);
});
