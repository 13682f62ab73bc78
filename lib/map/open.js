'use strict';
// Opens the memory of a SharedMap, or creates it: of any number of processes that do so at once, one sets the
// geometry, and if that one dies, another.
//
//   magic   0       zeros, or a process is about to set the geometry, or has died of it
//           MAGIC   the geometry stands, and never changes. Who has the mutex stores it last, and wakes who waits for it

const { randomBytes } = require('crypto');
const { Lock } = require('../mutex');
const { existing, memoryFor, opening } = require('../structures/opening');
const waiting = require('../wait');
const { layout, lockTimedOut, missing } = require('./errors');
const { HEADER_WORDS, MAGIC, VERSION, WORD, isGeometry, readGeometry, totalBytes, viewsOf, writeGeometry } = require('./layout');
const { SIZES } = require('./options');
const { loadOnly } = require('./shard');
const { geometryOf } = require('./sizing');

/** How long another process may take to set the geometry of what it has created (milliseconds). */
const CREATOR_TIMEOUT = 500;

/**
 * The views and the geometry of the map under a key. What fails leaves neither a name nor an attachment.
 *
 * @throws {Error} `ERR_SHM_LAYOUT` if it is something else, or a map of other sizes than the options ask for
 */
function openMap(key, options) {
  const open = options.readOnly ? openReadOnly : openToWrite;
  return opening(key, (attempt) => {
    const opened = open(attempt, key, options);
    const { evict } = opened.geometry;
    if (options.evict !== undefined && evict !== options.evict) throw layout(key, `it was created with { evict: ${evict} }`);
    return opened;
  });
}

function openToWrite(attempt, key, options) {
  const wanted = geometryOf(options);
  const views = viewsOf(memoryFor(attempt, key, 'Buffer', () => totalBytes(wanted), options));
  const { words } = views;
  if (Atomics.load(words, WORD.magic) === 0) begin(words, key, wanted, options, attempt.isNew);
  const geometry = check(words, key);
  const isOther = ['shards', 'slots', 'units', 'largest'].some((name) => geometry[name] !== wanted[name]);
  if (isOther && hasSizes(options)) throw layout(key, `it was created with other sizes. Give all of ${SIZES.join(', ')} as it was created, or none to take it as it is`);
  return { views, geometry };
}

/** Private pages, for which read permission is enough. They show the writes of others as long as nothing writes to them. */
function openReadOnly(attempt, key) {
  const array = existing(attempt, key, 'Buffer', { readOnly: true });
  if (array === null) throw missing(key);
  const views = viewsOf(array);
  return { views, geometry: check(views.words, key) };
}

const hasSizes = (options) => SIZES.some((name) => options[name] !== undefined);

/** Makes zeros a map, unless another process does. */
function begin(words, key, wanted, options, isNew) {
  if (!isNew && !isFree(words)) return;
  if (!isNew && !hasSizes(options)) {
    // Another process has created it, and may be about to say how large its parts are. This one has no wish.
    waiting.wait(words, WORD.magic, 0, CREATOR_TIMEOUT);
    if (!isFree(words)) return;
  }
  if (words.length * 4 < totalBytes(wanted)) throw layout(key, `it has ${words.length * 4} bytes, and the map takes ${totalBytes(wanted)}`);
  const lock = new Lock(words, WORD.mutex);
  if (lock.lock(options.timeout) === null) throw lockTimedOut(key, undefined, options.timeout);
  try {
    if (words[WORD.magic] !== MAGIC) writeGeometry(words, wanted, new Int32Array(new Uint8Array(randomBytes(8)).buffer));
  } finally {
    lock.unlock();
  }
  waiting.notify(words, WORD.magic);
}

/**
 * Whether all of the memory is zero, but for a geometry that somebody has begun to write. A program's own data may begin
 * with zeros, and must not become a map.
 */
function isFree(words) {
  const { length } = words;
  if (words[WORD.version] !== 0 && words[WORD.version] !== VERSION) return false;
  for (let at = HEADER_WORDS; at < length; at++) if (words[at] !== 0) return false;
  return true;
}

/**
 * The geometry that the memory tells.
 *
 * @throws {Error} `ERR_SHM_LAYOUT` if it is no map of this version, or the memory is too small for it
 */
function check(words, key) {
  // What is read after the magic number is what its writer has stored before it.
  const magic = words.length < HEADER_WORDS ? 0 : loadOnly(words, WORD.magic);
  if (magic !== MAGIC) throw layout(key, magic === 0 ? 'it is something else, or its creator has not finished it' : 'it is something else');
  if (words[WORD.version] !== VERSION) throw layout(key, `its layout has version ${words[WORD.version]}, and this is version ${VERSION}`);
  const geometry = readGeometry(words);
  if (!isGeometry(geometry, words.length * 4)) throw layout(key, 'its geometry does not fit its size');
  return geometry;
}

module.exports = { openMap };
