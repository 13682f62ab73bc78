'use strict';
// Memory by its key: create, get, detach, destroy. What each promises is written, for editors, in
// index.d.ts.

const { bytesOf, keyOf, modeOf, nameOf, typeOf } = require('./arguments');
const { createView } = require('./view');
const { busy, doesNotFit, tooSmall } = require('../errors');
const { detachAtExit } = require('../runtime/cleanup');
// Not later: the first detach may come when no memory is left to load anything.
const { guardZlib } = require('../runtime/zlib');

const noCreateOptions = { mode: modeOf(undefined), flags: 0, disposable: false };
const noGetOptions = { flags: 0, offset: 0, count: undefined, disposable: false };

/** How often a key may vanish between a look and a create before that is called an error. */
const TRIES = 10000;

/**
 * The functions on those of the addon. Everything else that they need is loaded when it is first
 * wanted.
 */
function createMemory(binding) {
  const loaded = {
    /** @type {typeof import('./keys') | null} */
    keys: null,
    /** @type {typeof import('./options') | null} */
    options: null,
  };
  const keys = () => loaded.keys || (loaded.keys = require('./keys'));
  const optionsModule = () => loaded.options || (loaded.options = require('./options'));
  const overlay = () => binding.overlay || require('../runtime/overlay').overlayOf(binding);

  const view = createView(overlay, dispose);

  function createOptions(perm, call) {
    return perm === undefined ? noCreateOptions : optionsModule().createOptions(perm, call, binding.optionBits);
  }

  function getOptions(options, type) {
    return options === undefined ? noGetOptions : optionsModule().getOptions(options, type, binding.optionBits);
  }

  function create(count, typeKey, key, perm) {
    const type = typeOf(typeKey);
    const bytes = bytesOf(count, type);
    const options = createOptions(perm, 'create');
    if (key === undefined || key === null) return createFresh(count, type, bytes, options);
    return make(keyOf(key), count, type, bytes, options);
  }

  /** A new System V segment under a key that nobody uses. */
  function createFresh(count, type, bytes, options) {
    const { freshKey } = keys();
    for (;;) {
      const array = make(freshKey(), count, type, bytes, options);
      if (array !== null) return array;
    }
  }

  /** The array over new memory; null if the key is taken. */
  function make(key, count, type, bytes, { mode, flags, disposable }) {
    const request = { type, key, offset: 0, count, disposable, misfit: doesNotFit };
    return arrayOver(request, () => binding.create(key, bytes, mode, flags, allocate));
  }

  /**
   * The array over the memory that `begin()` has the native side show, and that never was unless this
   * succeeds; null if it shows none, or another has taken the key meanwhile. However little stack there
   * is, what `begin` has got to call can be called again from here.
   */
  function arrayOver(request, begin) {
    const shown = begin();
    if (shown === null) return null;
    let array = null;
    try {
      array = view(request, shown);
    } finally {
      if (array === null) binding.finish(false);
    }
    return binding.finish(true) ? array : null;
  }

  function createPosix(name, count, typeKey, perm) {
    return create(count, typeKey, nameOf(name, 'name'), perm);
  }

  function get(key, typeKey, options) {
    const type = typeOf(typeKey);
    key = keyOf(key);
    const { flags, offset, count, disposable } = getOptions(options, type);
    const array = open({ type, key, offset, count, disposable, misfit: doesNotFit }, flags);
    if (array === null && typeof key === 'string') warnOfDigits(key);
    return array;
  }

  /** A name of digits alone is, as a rule, the number of a segment that came through the environment. */
  function warnOfDigits(name) {
    if (/^\/\d+$/.test(name)) keys().warnOfDigits(name, binding.stat);
  }

  function getPosix(name, typeKey, options) {
    return get(nameOf(name, 'name'), typeKey, options);
  }

  /** The array over existing memory, as the request wants it; null if there is none. */
  function open(request, flags) {
    const { key } = request;
    const known = binding.find(key, flags);
    if (known !== undefined) return view(request, known);
    return arrayOver(request, () => binding.attach(key, flags, allocate));
  }

  /** Memory of the engine, where that takes no other. */
  function allocate(bytes, shared) {
    return overlay().allocate(bytes, shared);
  }

  function getOrCreate(count, typeKey, key, perm) {
    const type = typeOf(typeKey);
    const bytes = bytesOf(count, type);
    const options = createOptions(perm, 'getOrCreate');
    const { flags, disposable } = options;
    key = keyOf(key);
    const request = { type, key, offset: 0, count, disposable, misfit: tooSmall };
    for (let tries = 0; tries < TRIES; tries++) {
      const array = open(request, flags) || make(key, count, type, bytes, options);
      if (array !== null) return array;
    }
    throw busy(key);
  }

  function detach(key, forceDestroy) {
    key = keyOf(key);
    guardZlib();
    try {
      return binding.detach(key, Boolean(forceDestroy), moveAway);
    } finally {
      detached();
    }
  }

  /** What the end of a `using` declaration's block does. */
  function dispose(array, key) {
    // This array may have been detached before, and the key attached anew since. Even an attached one
    // may be of no elements: what there is can be less than one takes.
    const isWithdrawn = binding.overlay !== undefined && binding.overlay.isWithdrawn(array.buffer);
    if (array.buffer.byteLength > 0 && !isWithdrawn) detach(key);
  }

  /** Called with each buffer of detached memory that the native side cannot empty. */
  function moveAway(buffer) {
    try {
      overlay().moveAway(buffer);
    } catch (_) {
      // Its views read zeros.
    }
  }

  function detachPosix(name, forceDestroy) {
    return detach(nameOf(name, 'name'), forceDestroy);
  }

  function destroy(key) {
    return detach(key, true) === 0;
  }

  function detachAll() {
    guardZlib();
    try {
      return binding.detachAll(moveAway);
    } finally {
      detached();
    }
  }

  /** Ends the waits on memory that is detached by now; see lib/sync/wait.js. */
  function detached() {
    if (binding.waits !== undefined) binding.waits.endDetached();
  }

  detachAtExit(() => {
    guardZlib();
    return binding.detachSegments();
  });

  return { create, createPosix, destroy, detach, detachAll, detachPosix, get, getOrCreate, getPosix };
}

module.exports = { createMemory };
