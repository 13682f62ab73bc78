'use strict';
// Memory by its key: create, get, detach, destroy. What each promises is written, for editors, in
// index.d.ts.

const { bytesOf, keyOf, modeOf, nameOf, typeOf } = require('./arguments');
const { detachAtExit } = require('../runtime/cleanup');
const { busy, doesNotFit, tooSmall } = require('../errors');
// Not later: the first detach may come when no memory is left to load anything.
const { guardZlib } = require('../runtime/zlib');

const noCreateOptions = { mode: modeOf(undefined), flags: 0 };
const noGetOptions = { flags: 0, offset: undefined, count: undefined };

/** How often a key may vanish between a look and a create before that is called an error. */
const TRIES = 10000;

/** What a detach is to do besides; the bits are those of native/node/memory.rs. */
const FORCE = 1;
const KEEP = 2;

/** The key of `using`'s method, where the runtime has that. @type {any} */
const disposeSymbol = Symbol.dispose;

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

  function createOptions(perm, call) {
    return perm === undefined ? noCreateOptions : optionsModule().createOptions(perm, call);
  }

  function getOptions(options, type) {
    return options === undefined ? noGetOptions : optionsModule().getOptions(options, type);
  }

  function create(count, typeKey, key, perm) {
    const type = typeOf(typeKey);
    const bytes = bytesOf(count, type);
    const { mode, flags } = createOptions(perm, 'create');
    if (key === undefined || key === null) return createFresh(count, type, bytes, mode, flags);
    key = keyOf(key);
    const buffer = made(key, bytes, mode, flags);
    return buffer === null ? null : show(buffer, type, key, 0, count);
  }

  /** A new System V segment under a key that nobody uses. */
  function createFresh(count, type, bytes, mode, flags) {
    const { freshKey } = keys();
    for (;;) {
      const key = freshKey();
      const buffer = made(key, bytes, mode, flags);
      if (buffer !== null) return show(buffer, type, key, 0, count);
    }
  }

  function createPosix(name, count, typeKey, perm) {
    return create(count, typeKey, nameOf(name, 'name'), perm);
  }

  function get(key, typeKey, options) {
    const type = typeOf(typeKey);
    key = keyOf(key);
    const { flags, offset = 0, count } = getOptions(options, type);
    const array = open(key, type, flags, offset, count);
    if (typeof array === 'number') throw doesNotFit(key, array, type, offset, count);
    return array;
  }

  function getPosix(name, typeKey, options) {
    return get(nameOf(name, 'name'), typeKey, options);
  }

  /** The buffer of new memory; null if the key is taken. */
  function made(key, bytes, mode, flags) {
    const buffer = binding.create(key, bytes, mode, flags);
    return typeof buffer === 'number' ? lent(key, buffer, flags, binding.abandon) : buffer;
  }

  /**
   * The array over `count` elements of existing memory, or over as many as fit; null if there is
   * none; how many bytes it has if that cannot be shown.
   */
  function open(key, type, flags, offset, count) {
    const least = offset + (count === undefined ? 0 : count * type.bytes);
    const most = count === undefined ? offset + type.bytesMax : Number.MAX_SAFE_INTEGER;
    let buffer = binding.get(key, flags, least, most);
    if (typeof buffer === 'number') {
      if (buffer < 0) return -1 - buffer;
      buffer = lent(key, buffer, flags, binding.withdraw);
    }
    if (buffer === null) return null;
    return show(buffer, type, key, offset, count);
  }

  /** A buffer of the engine that the memory just attached is lent to; `undo` if that fails. */
  function lent(key, bytes, flags, undo) {
    try {
      return overlay().lend(key, bytes, optionsModule().isShared(flags));
    } catch (error) {
      undo(key);
      throw error;
    }
  }

  function getOrCreate(count, typeKey, key, perm) {
    const type = typeOf(typeKey);
    const bytes = bytesOf(count, type);
    const { mode, flags } = createOptions(perm, 'getOrCreate');
    key = keyOf(key);
    for (let tries = 0; tries < TRIES; tries++) {
      const array = open(key, type, flags, 0, count);
      if (typeof array === 'number') throw tooSmall(key, array, bytes);
      if (array !== null) return array;
      const created = made(key, bytes, mode, flags);
      if (created !== null) return show(created, type, key, 0, count);
    }
    throw busy(key);
  }

  /**
   * The array over `count` elements from byte `offset` on, or over as many whole ones as there are; a
   * System V array tells its key.
   */
  function show(buffer, type, key, offset, count) {
    const place = binding.overlay !== undefined ? binding.overlay.placeOf(buffer) : undefined;
    const start = place === undefined ? 0 : place[0];
    const length = place === undefined ? buffer.byteLength : place[1];
    if (count === undefined) count = Math.floor((length - offset) / type.bytes);
    const array = type.view(buffer, start + offset, count);
    if (typeof key === 'number') array.key = key;
    if (disposeSymbol !== undefined) makeDisposable(array, key);
    return array;
  }

  /** Lets a `using` declaration detach the key when its block ends. */
  function makeDisposable(array, key) {
    const value = () => {
      // This array may have been detached before, and the key attached anew since.
      const withdrawn = binding.overlay !== undefined && binding.overlay.isWithdrawn(array.buffer);
      // Even an attached one may be of no elements: what there is can be less than one takes.
      if (array.buffer.byteLength > 0 && !withdrawn) detach(key);
    };
    Object.defineProperty(array, disposeSymbol, { value, configurable: true, writable: true });
  }

  function detach(key, forceDestroy) {
    key = keyOf(key);
    guardZlib();
    try {
      return binding.detach(key, (forceDestroy ? FORCE : 0) | keep, moveAway);
    } finally {
      detached();
    }
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
      return binding.detachAll(keep, moveAway);
    } finally {
      detached();
    }
  }

  /** Ends the waits on memory that is detached by now; see lib/sync/wait.js. */
  function detached() {
    if (binding.waits !== undefined) binding.waits.endDetached();
  }

  /** From the exit on no buffer is let go of: some engines do not survive that. */
  let keep = 0;

  detachAtExit(() => {
    keep = KEEP;
    return detachAll();
  });

  return { create, createPosix, destroy, detach, detachAll, detachPosix, get, getOrCreate, getPosix };
}

module.exports = { createMemory };
