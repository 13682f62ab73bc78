'use strict';
// Every public call that takes options, for tests that give it any: what each option may be, and the call itself, such
// that it never waits for another process.

const { freshKey, freshName, nodeMajor, shm, temporaryFolder } = require('./support');

const isInteger = (least, most) => (value) => Number.isInteger(value) && value >= least && value <= most;

/**
 * What an option may be: `is` tells it of any value; `some` are examples. those with `isLate` are checked behind all others.
 */
const kinds = {
  flag: { is: (value) => typeof value === 'boolean', some: [true, false] },
  perm: { is: (value) => (typeof value === 'string' ? /^0*[0-7]{1,3}$/ : /^[67][0-7]{2}$/).test(typeof value === 'string' || typeof value === 'number' ? value : ''), some: ['600', '0660', 666] },
  huge: { is: (value) => value === 'auto' || typeof value === 'boolean', some: ['auto', false] },
  timeout: { is: (value) => typeof value === 'number' && value >= 0, some: [0, -0, 1, 0.5, 1e9, Infinity] },
  duration: { is: (value) => typeof value === 'number' && value > 0, some: [1e6, 0.5, Infinity, Number.MIN_VALUE] },
  number: { is: (value) => typeof value === 'number', some: [0, -0, NaN, 1e300] },
  signal: { is: isSignal, some: [fakeSignal(false), fakeSignal(true)].concat(typeof AbortController === 'function' ? [new AbortController().signal] : []) },
  callback: { is: (value) => typeof value === 'function', some: [() => {}] },
  prefix: { is: (value) => typeof value === 'string' && /^\/?[^/\0]{1,254}$/.test(value) && !/^\/?\.{1,2}$/.test(value) && Buffer.from(value).toString() === value, some: ['/shm-test-no', 'shm-test-no'] },
  mode: { is: (value) => value === 'exclusive' || value === 'shared', some: ['exclusive', 'shared'] },
  overflow: { is: (value) => value === 'wait' || value === 'drop-oldest', some: ['wait', 'drop-oldest'] },
  retries: { is: (value) => value === Infinity || isInteger(0, Number.MAX_SAFE_INTEGER)(value), some: [Infinity, 0, 3] },
  offset: { is: (value) => typeof value === 'number', some: [0, 8, -0], isLate: true },
  count: { is: (value) => typeof value === 'number', some: [1, 8], isLate: true },
  slots: { is: isInteger(1, 2 ** 20), some: [1, 4] },
  size: { is: isInteger(1, 2 ** 31 - 64), some: [1, 8] },
  readers: { is: isInteger(1, 2 ** 16), some: [1, 8] },
  permits: { is: isInteger(1, 2 ** 31 - 1), some: [1, 3] },
  bytes: { is: isInteger(1, Infinity), some: [20000, 1e5] },
  entries: { is: isInteger(1, Infinity), some: [1, 50] },
  maxEntry: { is: isInteger(40, Infinity), some: [40, 100] },
  keyBytes: { is: isInteger(0, 65535), some: [0, 8] },
  valueBytes: { is: isInteger(0, Infinity), some: [0, 8] },
};

function isSignal(value) {
  return typeof value === 'object' && value !== null && 'aborted' in value && typeof value.addEventListener === 'function' && typeof value.removeEventListener === 'function';
}

function fakeSignal(aborted) {
  return { aborted, reason: aborted ? Object.assign(new Error('aborted'), { code: 'ABORT_ERR' }) : undefined, addEventListener() {}, removeEventListener() {} };
}

const wait = { timeout: 'timeout', signal: 'signal', ref: 'flag' };
const loop = { signal: 'signal', ref: 'flag' };
const blocking = { timeout: 'timeout' };
const ofNew = { perm: 'perm', raw: 'flag', reserve: 'flag', populate: 'flag', hugePages: 'huge', shared: 'flag', transient: 'flag', disposable: 'flag' };
const ofGet = { raw: 'flag', offset: 'offset', count: 'count', populate: 'flag', hugePages: 'huge', copyOnWrite: 'flag', readOnly: 'flag', shared: 'flag', disposable: 'flag' };
const ofRequest = { mode: 'mode', permits: 'permits', ifAvailable: 'flag', steal: 'flag', timeout: 'timeout' };
const ofStore = { ttl: 'duration', timeout: 'timeout' };

/** How many files were mapped, each of its own. */
let files = 0;
const path = () => `${temporaryFolder()}/options-${files}`;

/** What calls work on: made once, by `open()`. */
let there = null;

function open() {
  if (there !== null) return;
  const [name, segment] = [freshName(), freshKey()];
  const words = shm.create(16, 'Int32Array', freshName());
  there = { name, segment, words, mutex: new shm.Mutex(words, 8) };
  for (const key of [name, segment]) shm.create(64, 'Uint8Array', key);
  if (nodeMajor < 16) return;
  const channel = new shm.Channel(freshName(), { slots: 4, size: 8 });
  const closed = new shm.Channel(freshName(), { slots: 4, size: 8 });
  closed.close();
  const topic = new shm.Topic(freshName(), { size: 8 });
  topic.tryReceive();
  Object.assign(there, { channel, closed, topic, map: new shm.SharedMap(freshName(), { bytes: 20000, maxEntry: 100 }), manager: new shm.LockManager(freshName()) });
}

/** Empties the channel: what a call has sent is of no interest. */
function drain() {
  for (let message; (message = there.channel.tryReceive()); ) message.release();
}

const released = async (message) => (await message).release();
const unlocked = async (locked) => [await locked, there.mutex.unlock()][0];

/**
 * `call(options, key)`; `isNew`: from Node 16 on; `orPerm`: permissions may stand in the place of options.
 *
 * @type {{ [call: string]: { options: { [name: string]: string }, call: (options: any, key: any) => any, isNew?: boolean, orPerm?: boolean } }}
 */
const calls = {
  'create': { options: ofNew, orPerm: true, call: (options, key) => shm.create(4, 'Float64Array', key, options) },
  'create without a key': { options: ofNew, orPerm: true, call: (options) => shm.create(4, 'Float64Array', null, options) },
  'getOrCreate': { options: ofNew, orPerm: true, call: (options, key) => shm.getOrCreate(4, 'Float64Array', key, options) },
  'get an object': { options: ofGet, call: (options) => shm.get(there.name, 'Uint8Array', options) },
  'get a segment': { options: ofGet, call: (options) => shm.get(there.segment, 'Uint8Array', options) },
  'mapFile': {
    options: { write: 'flag', create: 'count', perm: 'perm', reserve: 'flag', offset: 'offset', count: 'count', populate: 'flag', shared: 'flag', disposable: 'flag' },
    call: (options) => shm.mapFile((files++, path()), 'Uint8Array', options),
  },
  'list': { options: { orphans: 'flag', mine: 'flag', olderThan: 'timeout', prefix: 'prefix' }, call: (options) => shm.list(options) },
  'waitAsync': { options: wait, call: (options) => shm.waitAsync(there.words, 0, 1, options) },
  'Mutex.lock': { options: wait, call: (options) => unlocked(there.mutex.lock(options)) },
  'Mutex.lockSync': { options: blocking, call: (options) => [there.mutex.lockSync(options), there.mutex.unlock()][0] },
  'Mutex.run': { options: Object.assign({ recover: 'callback' }, wait), call: (options) => there.mutex.run(() => 1, options) },
  'Channel': { isNew: true, options: { slots: 'slots', size: 'size', perm: 'perm', transient: 'flag', overflow: 'overflow' }, call: (options, key) => new shm.Channel(key, options) },
  'Channel.send': { isNew: true, options: wait, call: (options) => there.channel.send('a', options) },
  'Channel.sendSync': { isNew: true, options: blocking, call: (options) => there.channel.sendSync('a', options) },
  'Channel.loan': { isNew: true, options: wait, call: (options) => released(there.channel.loan(options)) },
  'Channel.loanSync': { isNew: true, options: blocking, call: (options) => there.channel.loanSync(options).release() },
  'Channel.receive': { isNew: true, options: wait, call: (options) => there.channel.trySend('a') && released(there.channel.receive(options)) },
  'Channel.receiveSync': { isNew: true, options: blocking, call: (options) => there.channel.trySend('a') && there.channel.receiveSync(options).release() },
  'Channel.receiveInto': { isNew: true, options: wait, call: (options) => there.channel.trySend('a') && there.channel.receiveInto(Buffer.alloc(8), options) },
  'Channel.receiveIntoSync': { isNew: true, options: blocking, call: (options) => there.channel.trySend('a') && there.channel.receiveIntoSync(Buffer.alloc(8), options) },
  'Channel.messages': { isNew: true, options: loop, call: (options) => there.closed.messages(options).next() },
  'Channel.consume': { isNew: true, options: { signal: 'signal', concurrency: 'slots', retries: 'retries', onFailure: 'callback' }, call: (options) => there.closed.consume(() => {}, options) },
  'Loan.send': { isNew: true, options: wait, call: (options) => withLoan((loan) => loan.send(options)) },
  'Loan.sendSync': { isNew: true, options: blocking, call: (options) => withLoan((loan) => loan.sendSync(options)) },
  'Topic': { isNew: true, options: { size: 'size', history: 'slots', readers: 'readers', perm: 'perm', transient: 'flag' }, call: (options, key) => new shm.Topic(key, options) },
  'Topic.publish': { isNew: true, options: wait, call: (options) => there.topic.publish('a', options) },
  'Topic.publishSync': { isNew: true, options: blocking, call: (options) => there.topic.publishSync('a', options) },
  'Topic.loan': { isNew: true, options: wait, call: (options) => released(there.topic.loan(options)) },
  'Topic.loanSync': { isNew: true, options: blocking, call: (options) => there.topic.loanSync(options).release() },
  'Topic.receive': { isNew: true, options: wait, call: (options) => there.topic.tryPublish('a') && there.topic.receive(options) },
  'Topic.receiveSync': { isNew: true, options: blocking, call: (options) => there.topic.tryPublish('a') && there.topic.receiveSync(options) },
  'Topic.frames': { isNew: true, options: loop, call: (options) => there.topic.tryPublish('a') && there.topic.frames(options).next() },
  'SharedMap': {
    isNew: true,
    options: { bytes: 'bytes', entries: 'entries', maxEntry: 'maxEntry', evict: 'flag', ttl: 'duration', timeout: 'timeout', readOnly: 'flag', transient: 'flag', perm: 'perm' },
    call: (options, key) => new shm.SharedMap(key, options),
  },
  'SharedMap.bytesFor': { isNew: true, options: { entries: 'entries', keyBytes: 'keyBytes', valueBytes: 'valueBytes' }, call: (options) => shm.SharedMap.bytesFor(options) },
  'SharedMap.set': { isNew: true, options: ofStore, call: (options) => there.map.set('a', 1, options) },
  'SharedMap.add': { isNew: true, options: ofStore, call: (options) => there.map.add('a', 1, options) },
  'SharedMap.replace': { isNew: true, options: ofStore, call: (options) => there.map.replace('a', 1, options) },
  'SharedMap.increment': { isNew: true, options: { ttl: 'duration', initial: 'number', timeout: 'timeout' }, call: (options) => there.map.set('a', 1) && there.map.increment('a', 1, options) },
  'SharedMap.update': { isNew: true, options: blocking, call: (options) => there.map.update('a', () => 1, options) },
  'SharedMap.delete': { isNew: true, options: blocking, call: (options) => there.map.delete('a', options) },
  'SharedMap.touch': { isNew: true, options: blocking, call: (options) => there.map.touch('a', 1000, options) },
  'SharedMap.clear': { isNew: true, options: blocking, call: (options) => there.map.clear(options) },
  'SharedMap.prune': { isNew: true, options: blocking, call: (options) => there.map.prune(options) },
  'SharedMap.compute': { isNew: true, options: { ttl: 'duration', stale: 'timeout', timeout: 'timeout', signal: 'signal', ref: 'flag' }, call: (options) => [there.map.delete('a'), there.map.compute('a', () => 1, options)][1] },
  'LockManager': { isNew: true, options: { requests: 'slots', perm: 'perm', transient: 'flag' }, call: (options, key) => new shm.LockManager(key, options) },
  'LockManager.request': { isNew: true, options: Object.assign({ signal: 'signal' }, ofRequest), call: (options) => there.manager.request('a', options, () => 1) },
  'LockManager.requestSync': { isNew: true, options: ofRequest, call: (options) => there.manager.requestSync('a', options, () => 1) },
};

async function withLoan(action) {
  const loan = there.channel.tryLoan();
  try {
    return await action(loan);
  } finally {
    loan.release();
  }
}

/** The calls that this runtime has. */
const names = Object.keys(calls).filter((name) => nodeMajor >= 16 || !calls[name].isNew);

/** Destroys what a call has made. */
function clear(call, made) {
  if (nodeMajor >= 16) drain();
  if (call === 'mapFile') shm.unmapFile(path());
  else if (ArrayBuffer.isView(made)) {
    const key = shm.keyOf(made);
    shm.destroy(key);
    if (key === there.name || key === there.segment) shm.create(64, 'Uint8Array', key);
  } else if (made && typeof made.destroy === 'function' && made !== there.map) made.destroy();
}

module.exports = { calls, clear, kinds, names, open };
