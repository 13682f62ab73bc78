'use strict';
// The public functions. What each promises is written, for editors, in index.d.ts.
//
// Loading a file takes longer than most calls. So at the start there is only the addon, which may be
// missing and has to say so; everything else is loaded when it is first wanted.

const binding = require('./runtime/binding');
// Before a program can fake the timers.
require('./runtime/clock');
const { BufferType, LengthMax, constants } = require('./arrays/types');

/** A function that gives what `load()` returns, which is called once, when it is first wanted. */
function lazy(load) {
  let loaded = null;
  return () => (loaded === null ? (loaded = require('./runtime/copy').loadIn(module, load)) : loaded);
}

const memory = lazy(() => require('./memory'));
const errors = lazy(() => require('./errors'));
const files = lazy(() => require('./file'));
const current = lazy(() => require('./memory/current'));
const status = lazy(() => require('./memory/stat'));
const lists = lazy(() => require('./memory/list'));
const cleanup = lazy(() => require('./runtime/cleanup'));
const waiting = lazy(() => require('./wait'));
const mutex = lazy(() => require('./mutex').Mutex);
const structure = (name, load) => lazy(() => require('./runtime/atomics').classOf(name, load));
const sharedMap = structure('SharedMap', () => require('./map').SharedMap);
const channel = structure('Channel', () => require('./channel').Channel);
const topic = structure('Topic', () => require('./topic').Topic);
const lockManager = structure('LockManager', () => require('./locks').LockManager);
const isUsable = lazy(() => require('./locks').isUsable);

const { getTotalSize, getTotalCreatedSize } = binding;

/** @type {any} */
let ofUser = null;

/** The locks of this user: opened again if their memory was removed, or if this thread has detached it. */
function locks() {
  if (ofUser === null || !isUsable()(ofUser)) ofUser = new (lockManager())();
  return ofUser;
}

/** @type {any} */
const shm = {
  create: (count, typeKey, key, perm) => memory().create(count, typeKey, key, perm),
  createPosix: (name, count, typeKey, perm) => memory().createPosix(name, count, typeKey, perm),
  get: (key, typeKey, options) => memory().get(key, typeKey, options),
  getPosix: (name, typeKey, options) => memory().getPosix(name, typeKey, options),
  getOrCreate: (count, typeKey, key, perm) => memory().getOrCreate(count, typeKey, key, perm),
  detach: (key, forceDestroy) => memory().detach(key, forceDestroy),
  detachPosix: (name, forceDestroy) => memory().detachPosix(name, forceDestroy),
  destroy: (key) => memory().destroy(key),
  keyOf: (array) => memory().keyOf(array),
  detachAll: () => memory().detachAll(),
  getTotalSize,
  getTotalCreatedSize,
  mapFile: (path, typeKey, options) => files().mapFile(path, typeKey, options),
  unmapFile: (path) => files().unmapFile(path),
  flush: (array, offset, count) => files().flush(array, offset, count),
  flushAsync: (array, offset, count) => files().flushAsync(array, offset, count),
  advise: (array, advice, offset, count) => files().advise(array, advice, offset, count),
  isShmError: (error, code) => errors().isShmError(error, code),
  isCurrent: (arrayOrStructure) => current().isCurrent(arrayOrStructure),
  stat: (key) => status().stat(key),
  list: (filter) => lists().list(filter),
  destroyOrphans: (filter) => lists().destroyOrphans(filter),
  setQuiet: (quiet) => cleanup().setQuiet(quiet),
  wait: (int32Array, index, value, timeout) => waiting().wait(int32Array, index, value, timeout),
  waitAsync: (int32Array, index, value, options) => waiting().waitAsync(int32Array, index, value, options),
  notify: (int32Array, index, count) => waiting().notify(int32Array, index, count),
  get Mutex() {
    return mutex();
  },
  get Channel() {
    return channel();
  },
  get Topic() {
    return topic();
  },
  get LockManager() {
    return lockManager();
  },
  get SharedMap() {
    return sharedMap();
  },
  // Opened by the first request; a promise tells, too, that they cannot be.
  locks: {
    request: async (name, options, callback) => locks().request(name, options, callback),
    requestSync: (name, options, callback) => locks().requestSync(name, options, callback),
    query: async () => locks().query(),
  },
};

// Plain values: Jest's automatic mocks leave out what is behind a getter.
Object.assign(shm, { BufferType, LengthMax }, constants);

/** @type {typeof import('./index.d.ts')} */
module.exports = shm;
