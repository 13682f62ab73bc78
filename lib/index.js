'use strict';
// The public functions. What each promises is written, for editors, in index.d.ts.

const { bytesOf, keyOf, modeOf, nameOf, typeOf } = require('./arguments');
const binding = require('./binding').load();
const { detachAtExit } = require('./cleanup');
const { freshKey } = require('./keys');
const { lend, moveAway, placeOf } = require('./overlay');
const { BufferType, LengthMax, constants } = require('./types');
const { guardZlib } = require('./zlib');

function create(count, typeKey, key, perm) {
  const type = typeOf(typeKey);
  const bytes = bytesOf(count, type);
  const mode = modeOf(perm);
  if (key === undefined || key === null) return createFresh(type, bytes, mode);
  key = keyOf(key);
  return show(bufferOf(binding.create(key, bytes, mode), key, destroy), type, key);
}

/** A new System V segment under a key that nobody uses. */
function createFresh(type, bytes, mode) {
  for (;;) {
    const key = freshKey();
    const buffer = bufferOf(binding.create(key, bytes, mode), key, destroy);
    if (buffer !== null) return show(buffer, type, key);
  }
}

function createPosix(name, count, typeKey, perm) {
  return create(count, typeKey, nameOf(name, 'name'), perm);
}

function get(key, typeKey) {
  const type = typeOf(typeKey);
  key = keyOf(key);
  return show(bufferOf(binding.get(key), key, binding.withdraw), type, key);
}

function getPosix(name, typeKey) {
  return get(nameOf(name, 'name'), typeKey);
}

/** The buffer that the native side has made, or one that it is lent the memory in; `undo` if that fails. */
function bufferOf(made, key, undo) {
  if (typeof made !== 'number') return made;
  try {
    return lend(binding, key, made);
  } catch (error) {
    undo(key);
    throw error;
  }
}

/** The array over as many whole elements as there are; a System V array tells its key. */
function show(buffer, type, key) {
  if (buffer === null) return null;
  const [start, length] = placeOf(buffer) || [0, buffer.byteLength];
  const array = type.view(buffer, start, Math.floor(length / type.bytes));
  if (typeof key === 'number') array.key = key;
  return array;
}

function detach(key, forceDestroy) {
  key = keyOf(key);
  guardZlib();
  return binding.detach(key, Boolean(forceDestroy), moveAway);
}

function detachPosix(name, forceDestroy) {
  return detach(nameOf(name, 'name'), forceDestroy);
}

function destroy(key) {
  return detach(key, true) === 0;
}

function detachAll() {
  guardZlib();
  return binding.detachAll(moveAway);
}

const { getTotalSize, getTotalCreatedSize } = binding;

detachAtExit(detachAll);

/** @type {typeof import('./index.d.ts')} */
const shm = {
  create,
  createPosix,
  get,
  getPosix,
  detach,
  detachPosix,
  destroy,
  detachAll,
  getTotalSize,
  getTotalCreatedSize,
  BufferType,
  LengthMax,
  .../** @type {any} */ (constants),
};

module.exports = shm;
