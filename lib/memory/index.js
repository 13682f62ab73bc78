'use strict';
// Memory by its key: create, get, detach, destroy. What each promises is written, for editors, in
// lib/types/memory.d.ts.

const { checkedKey, randomKey, isTransientKey, nameOf, warnOfDigits } = require('./keys');
const { bytesOf, typeOf } = require('../arrays/arguments');
const { allocate, arrayOver, detaching, isAttached, wholeOf } = require('../arrays/buffers');
const { isView } = require('../arrays/intrinsics');
const { createView } = require('../arrays/view');
const { busy, cannotFollow, doesNotFit, invalidType, invalidValue, tooSmall } = require('../errors');
const binding = require('../runtime/binding');
const { detachAtExit } = require('../runtime/cleanup');
const { guardZlib } = require('../runtime/zlib');

/** Calls that 0.1.x had: what they attach counts in the line at the exit. */
const { plain } = binding.optionBits;
const noCreateOptions = { mode: 0o660, flags: plain, disposable: false };
const noGetOptions = { flags: plain, offset: 0, count: undefined, disposable: false };

/** How often a key may vanish between a look and a create before that is called an error. */
const MAX_VANISHES = 10000;

/** @type {typeof import('./options') | null} */
let loadedOptions = null;
/** Few calls have options, so what reads them is loaded when it is first wanted. */
const optionsOf = () => loadedOptions || (loadedOptions = require('./options'));

const view = createView(dispose);

function createOptions(perm, call) {
  return perm === undefined ? noCreateOptions : optionsOf().createOptions(perm, call);
}

function getOptions(options, type) {
  return options === undefined ? noGetOptions : optionsOf().getOptions(options, type);
}

function create(count, typeKey, key, perm) {
  const type = typeOf(typeKey);
  const bytes = bytesOf(count, type);
  const options = createOptions(perm, 'create');
  if (key === undefined || key === null) {
    const isTransient = (options.flags & binding.optionBits.transient) !== 0;
    return (isTransient ? createTransient : createUnderRandomKey)(count, type, bytes, options);
  }
  return make(checkedKey(key), count, type, bytes, options);
}

/** A new System V segment under an unused key. */
function createUnderRandomKey(count, type, bytes, options) {
  for (;;) {
    const array = make(randomKey(), count, type, bytes, options);
    if (array !== null) return array;
  }
}

/** A new System V segment that goes with its last user. Its key comes from the kernel. */
function createTransient(count, type, bytes, { mode, flags, disposable }) {
  const request = { type, key: 0, offset: 0, count, disposable, doesNotFit };
  return arrayOver(view, request, () => {
    const [key, shown] = binding.createTransient(bytes, mode, flags, allocate);
    request.key = key;
    return shown;
  });
}

/** The array over new memory; null if the key is taken. */
function make(key, count, type, bytes, { mode, flags, disposable }) {
  if (typeof key === 'number' && isTransientKey(key)) {
    throw invalidValue('key', 'can be got, but not created: the kernel chooses the keys of segments like that. Create one with null and { transient: true }', key);
  }
  const request = { type, key, offset: 0, count, disposable, doesNotFit };
  return arrayOver(view, request, () => binding.create(key, bytes, mode, flags, allocate));
}

function createPosix(name, count, typeKey, perm) {
  return create(count, typeKey, nameOf(name, 'name'), perm);
}

function get(key, typeKey, options) {
  const type = typeOf(typeKey);
  key = checkedKey(key);
  const { flags, offset, count, disposable } = getOptions(options, type);
  if (typeof key === 'number' && flags & binding.optionBits.readOnly) throw cannotFollow(key);
  const array = open({ type, key, offset, count, disposable, doesNotFit }, flags);
  if (array === null && typeof key === 'string') warnOfDigits(key, binding.stat);
  return array;
}

function getPosix(name, typeKey, options) {
  return get(nameOf(name, 'name'), typeKey, options);
}

/** The array over existing memory, as the request wants it; null if there is none. */
function open(request, flags) {
  const { key } = request;
  const known = binding.find(key, flags);
  if (known !== undefined) return view(request, known);
  return arrayOver(view, request, () => binding.attach(key, flags, allocate));
}

function getOrCreate(count, typeKey, key, perm) {
  const type = typeOf(typeKey);
  const bytes = bytesOf(count, type);
  const options = createOptions(perm, 'getOrCreate');
  const { flags, disposable } = options;
  key = checkedKey(key);
  const request = { type, key, offset: 0, count, disposable, doesNotFit: tooSmall };
  for (let tries = 0; tries < MAX_VANISHES; tries++) {
    const array = open(request, flags) || make(key, count, type, bytes, options);
    if (array !== null) return array;
  }
  throw busy({ key });
}

/** What has to be done before memory is detached, given its key, or an array over it, or nothing for all. @type {((key?: any, array?: any) => void)[]} */
const beforeDetaching = [];

/** Has `listener` called before each detach, as long as the memory is there. It must not throw. */
function beforeDetach(listener) {
  beforeDetaching.push(listener);
}

/** Of memory that `key` stands for, or has stood for; of an array, only of the very memory that it is over. */
function detach(key, forceDestroy) {
  const force = Boolean(forceDestroy);
  if (isView(key)) return detachArray(key, force);
  key = checkedKey(key);
  for (const listener of beforeDetaching) listener(key);
  return detaching((moveAway) => binding.detach(key, force, moveAway));
}

function detachArray(array, force) {
  const key = binding.keyOf(wholeOf(array));
  if (typeof key === 'string' || typeof key === 'number') {
    for (const listener of beforeDetaching) listener(key, array);
    return detaching((moveAway) => binding.detachArray(wholeOf(array), force, moveAway));
  }
  if (!isAttached(array)) return NOTHING;
  throw invalidValue('key', key === null ? 'is an array over a file, which unmapFile ends' : 'is an array, but not over memory that this thread has attached', array);
}

/** What detach returns if there was nothing to detach. */
const NOTHING = -1;

function keyOf(array) {
  if (!isView(array)) throw invalidType('array', 'an array over shared memory', array);
  const key = binding.keyOf(wholeOf(array));
  return key === undefined ? null : key;
}

/** What the end of a `using` declaration's block does. */
function dispose(array) {
  // It may have been detached before, and the key attached anew since.
  if (isAttached(array)) detachArray(array, false);
}

function detachPosix(name, forceDestroy) {
  return detach(nameOf(name, 'name'), forceDestroy);
}

function destroy(key) {
  return detach(key, true) === 0;
}

function detachAll() {
  for (const listener of beforeDetaching) listener();
  return detaching((moveAway) => binding.detachAll(moveAway));
}

detachAtExit(() => {
  guardZlib();
  return binding.detachSegments();
});

module.exports = { beforeDetach, create, createPosix, destroy, detach, detachAll, detachPosix, get, getOrCreate, getPosix, keyOf };
