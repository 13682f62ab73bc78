'use strict';
// Opens the memory of a SharedMap, or creates it: of any number of processes that do so at once, one sets the
// geometry, and if that one dies, another.

const { randomBytes } = require('crypto');
const { busy } = require('../errors');
const memory = require('../memory');
const { Lock } = require('../mutex');
const { SIZES } = require('./arguments');
const { FIRST_SHARD, FIRST_SLOT, MAGIC, WORD, geometryOf, layout, readGeometry, totalBytes, viewsOf, writeGeometry } = require('./layout');

/** How often memory may vanish between a look and a create. */
const TRIES = 10000;

/**
 * The views and the geometry of the map under a key.
 *
 * @throws {Error} `ERR_SHM_LAYOUT` if it is something else, or a map of other sizes than the options ask for
 */
function openMap(key, options) {
  const wanted = geometryOf(options);
  const views = viewsOf(memoryOf(key, wanted, options));
  const { words } = views;
  if (words[WORD.magic] === 0) begin(new Lock(words, WORD.mutex), words, wanted, key);
  const geometry = readGeometry(words, key);
  const isOther = ['shards', 'slots', 'units'].some((name) => geometry[name] !== wanted[name]);
  if (isOther && SIZES.some((name) => options[name] !== undefined)) throw layout(key, 'it was created with other sizes, leave them out to take it as it is');
  if (options.evict !== undefined && geometry.evict !== wanted.evict) throw layout(key, `it was created with { evict: ${geometry.evict} }`);
  return { views, geometry };
}

function memoryOf(key, wanted, { perm }) {
  for (let tries = 0; tries < TRIES; tries++) {
    const array = memory.get(key, 'Buffer') || memory.create(totalBytes(wanted), 'Buffer', key, perm);
    if (array !== null) return array;
  }
  throw busy(key);
}

/** Makes zeros a map. */
function begin(mutex, words, wanted, key) {
  if (words.length * 4 < totalBytes(wanted)) throw layout(key, `it has ${words.length * 4} bytes, and the map takes ${totalBytes(wanted)}`);
  // A name that another program uses for data which begins with zeros shall not lose them.
  if (words.subarray(WORD.mutex + 1, FIRST_SHARD / 4 + FIRST_SLOT).some((word) => word !== 0)) throw layout(key, 'it is no map');
  mutex.lock(Infinity);
  try {
    if (words[WORD.magic] !== MAGIC) writeGeometry(words, wanted, new Int32Array(new Uint8Array(randomBytes(8)).buffer));
  } finally {
    mutex.unlock();
  }
}

module.exports = { openMap };
