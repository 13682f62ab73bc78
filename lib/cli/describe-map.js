'use strict';
// What `stat` and `dump` tell of a SharedMap. It is read by copy on write, and without its locks.

const shm = require('../index');
const { SHARD, UNIT, WORD, readGeometry, totalBytes, viewsOf } = require('../sync/map-layout');
const { Shard } = require('../sync/map-shard');

/** So often a part of the map is read that others change all the time. */
const TRIES = 1000;

/** The shards of the map under a key; null if it is something else, or cannot be read. */
function shardsOf(key) {
  try {
    const head = shm.get(key, 'Int32Array', { copyOnWrite: true, count: WORD.seed });
    readMagic(head, key);
    const views = viewsOf(shm.get(key, 'Buffer', { copyOnWrite: true }));
    const geometry = readGeometry(views.words, key);
    return Array.from({ length: geometry.shards }, (_, number) => new Shard(views, geometry, number, key));
  } catch (_) {
    return null;
  }
}
