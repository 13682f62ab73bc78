'use strict';
// What `stat` and `dump` tell of a SharedMap. It is read by copy on write, and without its locks.

const shm = require('../index');
const { MAGIC, SHARD, UNIT, WORD, readGeometry, viewsOf } = require('../map/layout');
const { Shard } = require('../map/shard');
const { printable } = require('./text');

/** So often a part is read that others change all the time. */
const TRIES = 1000;

/** Nothing is written to it. Before Node 16 Atomics take no other memory than that of a SharedArrayBuffer. */
const VIEW = { copyOnWrite: true, shared: true };

const DEFAULT_ENTRIES = 100;
const LONGEST = 100;

/** The shards of the map under a key; null if it is none, or none that can be read. */
function shardsOf(key) {
  try {
    const head = shm.get(key, 'Int32Array', Object.assign({ count: WORD.seed }, VIEW));
    if (head === null || Atomics.load(head, WORD.magic) !== MAGIC) return null;
    const views = viewsOf(/** @type {any} */ (shm.get(key, 'Buffer', VIEW)));
    const geometry = readGeometry(views.words, key);
    return Array.from({ length: geometry.shards }, (_, number) => new Shard(views, geometry, number, key));
  } catch (_) {
    return null; // damaged, or not to be mapped: the rest can be told
  }
}

/** `[name, value]` of what there is to tell of a map; none if the key is something else. */
function describeMap(key) {
  const shards = shardsOf(key);
  if (shards === null) return [];
  const sum = (word) => shards.reduce((total, { words, start }) => total + words[start + word], 0);
  const live = sum(SHARD.live) * UNIT;
  const ring = shards.length * shards[0].units * UNIT;
  return [
    ['map', `${sum(SHARD.count)} entries in ${shards.length} shards${shards[0].evict ? ', evicts when it is full' : ''}`],
    ['live', `${live} bytes, ${ring - live} free`],
    ['evicted', sum(SHARD.evicted)],
    ['expired', sum(SHARD.expired)],
    ['repairs', sum(SHARD.repairs)],
  ];
}

/**
 * Lines with the entries of a map, at most `count`, and how many more there are; null if the key is something else.
 *
 * @param {string | number} key
 * @param {number} [count]
 */
function dumpMap(key, count = DEFAULT_ENTRIES) {
  const shards = shardsOf(key);
  if (shards === null) return null;
  const lines = [];
  let rest = 0;
  for (const shard of shards) {
    for (const [name, value] of entriesOf(shard)) {
      if (lines.length < count) lines.push(`${printable(JSON.stringify(name))}: ${textOf(value)}\n`);
      else rest++;
    }
  }
  return { lines, rest };
}

function entriesOf(shard) {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = shard.tryEntries();
    if (found !== null) return found;
  }
  throw new Error(`${shard.key} changes too fast to be shown`);
}

function textOf(value) {
  const text = typeof value === 'object' ? `<${value.toString('hex')}>` : typeof value === 'string' ? printable(JSON.stringify(value)) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

module.exports = { describeMap, dumpMap };
