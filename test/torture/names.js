'use strict';
// Keys, names, counts, types, permissions and options of every shape: a call either does what it
// says or throws an error of the documented class and code; names come back as they were given.

const crypto = require('crypto');
const fc = require('fast-check');
const fs = require('fs');
const { checkOptions } = require('../any-options');
const { amount, check, isLinux, run, seed, sharedMappings, shm, track } = require('./support/harness');

const own = new Set(['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_VALUE', 'ERR_SHM_LAYOUT', 'ERR_SHM_SIZE']);

/** Calls with anything at all as arguments. Memory that results is small: counts are. */
const calls = {
  create: (a, b, c, d) => shm.create(a, b, c, d),
  createPosix: (a, b, c, d) => shm.createPosix(a, b, c, d),
  getOrCreate: (a, b, c, d) => shm.getOrCreate(a, b, c, d),
  get: (a, b, c) => shm.get(a, b, c),
  getPosix: (a, b) => shm.getPosix(a, b),
  detach: (a, b) => shm.detach(a, b),
  detachPosix: (a, b) => shm.detachPosix(a, b),
  destroy: (a) => shm.destroy(a),
};

// Names of other programs' objects must not be hit by chance.
const prefix = `shm-test-names-${crypto.randomBytes(4).toString('hex')}`;
const anything = fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true, withObjectString: true, withSparseArray: true });
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => prefix + text),
  fc.constantFrom('', '/', '.', '..', '/..', `/${prefix}/x`, `${prefix}\0`, `${prefix}\ud800`, `//${prefix}`, 0, -1, 2 ** 32 - 1, 2 ** 32, 1.5, NaN, Infinity, -0),
  anything.filter((value) => typeof value !== 'string' && typeof value !== 'number'),
);
const count = fc.oneof(fc.integer({ min: -5, max: 1000 }), fc.constantFrom(0, NaN, 2 ** 45, 2 ** 53, 1e300, '10'), anything.filter((value) => typeof value !== 'number'));
const type = fc.oneof(fc.constantFrom(...Object.keys(shm.BufferType)), fc.constantFrom('__proto__', 'constructor', 'toString', 'buffer'), anything);
const perm = fc.oneof(fc.constantFrom('660', 600, '8', '7777', -1, 6.6), fc.record({ perm: fc.constant('600'), reserve: fc.boolean() }), anything);
const shapes = { create: [count, type, key, perm], createPosix: [key, count, type, perm], getOrCreate: [count, type, key, perm], get: [key, type, anything], getPosix: [key, type], detach: [key, anything], detachPosix: [key, anything], destroy: [key] };

const isOurs = (value) => typeof value === 'string' && value.startsWith(prefix);

function attempt(action) {
  try {
    action();
  } catch (_) {
    // It could not be a name.
  }
}

function anyArguments(counts) {
  for (const name of Object.keys(calls)) {
    fc.assert(fc.property(fc.tuple(...shapes[name]), (args) => {
      counts['calls with any arguments']++;
      try {
        const result = calls[name](...args);
        if (result && result.key) track(result.key);
      } catch (error) {
        counts['of them refused']++;
        const system = typeof error.syscall === 'string' && error.message.startsWith(`${error.code}: `);
        check(error instanceof Error && (own.has(error.code) || system), `${name}: wrong error`, error);
      } finally {
        shm.detachAll();
        args.filter(isOurs).forEach((name) => attempt(() => shm.destroy(name)));
      }
    }), { seed, numRuns: amount(5000, 300) });
  }
  check(sharedMappings().length === 0, 'mappings left');
  check(!fs.readdirSync('/dev/shm').some(isOurs), 'objects left');
}

/** Every string that may be a name is one: it appears so in the file system and leads back. */
function roundTrips(counts) {
  const component = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .map((text) => prefix + text)
    .filter((text) => !/[/\0]/.test(text) && Buffer.from(text).toString() === text && Buffer.byteLength(text) <= 255);
  fc.assert(fc.property(component, fc.boolean(), (text, slash) => {
    const name = slash ? `/${text}` : text;
    check(shm.create(8, 'Uint8Array', name).fill(9).length === 8, 'created');
    check(fs.existsSync(`/dev/shm/${text}`), 'there under its name', text);
    check(shm.get(slash ? text : `/${text}`)[7] === 9, 'the same object with and without its slash');
    check(shm.destroy(name) && shm.get(name) === null, 'gone');
    counts['names there and back']++;
  }), { seed, numRuns: amount(5000, 300) });
}

run(async (counts) => {
  if (!isLinux) return { skip: 'looks into /dev/shm' };
  Object.assign(counts, { 'calls with any arguments': 0, 'of them refused': 0, 'names there and back': 0 });
  anyArguments(counts);
  roundTrips(counts);
  const ended = await checkOptions(amount(100000, 3000), seed | 0);
  for (const how of Object.keys(ended)) counts[`calls with any options ${how}`] = ended[how];
  counts.seed = seed;
  return undefined;
});
