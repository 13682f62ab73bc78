'use strict';
// Which calls throw which code: what errors.d.ts tells of each code is what is seen here.

const test = require('tape');
const fs = require('fs');
const path = require('path');
const { freshKey, freshName, nodeMajor, shm, temporaryFolder } = require('./support');

/** What of a code is tested elsewhere, or takes an engine that refuses. */
const ELSEWHERE = {
  ERR_SHM_ARRAY_BUFFER: ['create', 'get', 'getOrCreate', 'mapFile'],
  ERR_SHM_BUSY: ['getOrCreate', 'mapFile'],
  ERR_SHM_CALLBACK: ['waitAsync'],
  ERR_SHM_OWNER_DIED: ['Channel.consume'],
  ERR_SHM_UNAVAILABLE: ['list', 'destroyOrphans', 'SharedMap'],
};

const open = {
  Channel: () => new shm.Channel(freshName(), { slots: 2, size: 8 }),
  Topic: () => new shm.Topic(freshName(), { size: 8 }),
  SharedMap: () => new shm.SharedMap(freshName(), { bytes: 20000, maxEntry: 100 }),
};

/** An object of a class, after something was done with it. */
function after(Class, change) {
  const made = open[Class]();
  change(made);
  return made;
}

const closed = (Class) => after(Class, (made) => made.close());
const detached = (Class) => after(Class, (made) => made.detach());
const full = () => after('Channel', (channel) => ['1', '2'].forEach((text) => channel.trySend(text)));
const readOnly = () => new shm.SharedMap(open.SharedMap().key, { readOnly: true });
const soon = { timeout: 5 };

/** Words whose memory has been detached. */
function detachedWords() {
  const words = shm.create(4, 'Int32Array', freshKey());
  shm.detach(words);
  return words;
}

/** A mutex that this thread has. */
function locked() {
  const mutex = new shm.Mutex(shm.create(4, 'Int32Array', freshName()), 0);
  mutex.lockSync();
  return mutex;
}

function detachedMutex() {
  const words = shm.create(4, 'Int32Array', freshName());
  const mutex = new shm.Mutex(words, 0);
  shm.destroy(words);
  return mutex;
}

/** The key of memory that is nothing of ours. */
function other() {
  const name = freshName();
  shm.create(1000, 'Buffer', name).fill(5);
  return name;
}

function released(Class) {
  const loan = open[Class]().tryLoan();
  loan.release();
  return loan;
}

/** Calls a method under each of these names: `{ 'Class.method': call }`. */
function methods(Class, make, calls) {
  const found = {};
  for (const name of Object.keys(calls)) found[`${Class}.${name}`] = () => make()[name](...calls[name]);
  return found;
}

const writes = { set: ['k', 'v'], add: ['k', 'v'], replace: ['k', 'v'], delete: ['k'], increment: ['k'], update: ['k', () => 1], touch: ['k', 5], clear: [], prune: [] };
const large = 'x'.repeat(5000);
const file = (bytes) => {
  const name = path.join(temporaryFolder(), `file-${freshName().slice(-8)}`);
  fs.writeFileSync(name, bytes);
  return name;
};

const thrown = {
  ERR_SHM_CLOSED: Object.assign(
    methods('Channel', () => closed('Channel'), { trySend: ['x'], send: ['x'], sendSync: ['x'], tryLoan: [], loan: [], loanSync: [] }),
    methods('Topic', () => closed('Topic'), { tryPublish: ['x'], publish: ['x'], publishSync: ['x'], tryLoan: [], loan: [], loanSync: [] }),
  ),
  ERR_SHM_TIMED_OUT: Object.assign(
    methods('Channel', open.Channel, { receive: [soon], receiveSync: [soon], receiveInto: [Buffer.alloc(8), soon], receiveIntoSync: [Buffer.alloc(8), soon] }),
    methods('Channel', full, { send: ['x', soon], sendSync: ['x', soon], loan: [soon], loanSync: [soon] }),
    methods('Topic', open.Topic, { receive: [soon], receiveSync: [soon] }),
    { 'Topic.publish': () => after('Topic', (topic) => topic.tryLoan()).publish('x', soon), 'Topic.loan': () => after('Topic', (topic) => topic.tryLoan()).loan(soon), 'Mutex.lock': () => locked().lock(soon) },
  ),
  ERR_SHM_RELEASED: Object.assign(methods('Loan', () => released('Channel'), { trySend: [], send: [], sendSync: [] }), methods('FrameLoan', () => released('Topic'), { publish: [] })),
  ERR_SHM_DEADLOCK: Object.assign(methods('Mutex', locked, { lockSync: [] }), {
    'Topic.publishSync': () => after('Topic', (topic) => topic.tryLoan()).publishSync('x', soon),
    'Topic.loanSync': () => after('Topic', (topic) => topic.tryLoan()).loanSync(soon),
  }),
  ERR_SHM_NOT_OWNER: methods('Mutex', () => new shm.Mutex(shm.create(4, 'Int32Array', freshName()), 0), { unlock: [] }),
  ERR_SHM_DETACHED: Object.assign(
    {
      wait: () => shm.wait(detachedWords(), 0, 0, 1),
      waitAsync: () => shm.waitAsync(detachedWords(), 0, 0),
      notify: () => shm.notify(detachedWords(), 0),
      Mutex: () => new shm.Mutex(detachedWords(), 0),
      flush: () => shm.flush(detachedWords()),
      flushAsync: () => shm.flushAsync(detachedWords()),
      advise: () => shm.advise(detachedWords(), 'random'),
    },
    methods('Mutex', detachedMutex, { lock: [], lockSync: [], tryLock: [], unlock: [] }),
    methods('Channel', () => detached('Channel'), { trySend: ['x'], send: ['x'], sendSync: ['x'], tryReceive: [], receive: [], receiveSync: [], tryLoan: [], close: [] }),
    methods('Topic', () => detached('Topic'), { tryPublish: ['x'], publish: ['x'], publishSync: ['x'], tryReceive: [], receive: [], receiveSync: [], latest: [], close: [] }),
    methods('SharedMap', () => detached('SharedMap'), Object.assign({ get: ['k'], has: ['k'], ttl: ['k'] }, writes)),
  ),
  ERR_SHM_LAYOUT: {
    get: () => shm.get(freshObject(fs.writeFileSync)),
    getOrCreate: () => shm.getOrCreate(1, 'Buffer', freshObject(fs.writeFileSync)),
    mapFile: () => shm.mapFile(file('')),
    Channel: () => new shm.Channel(other(), { slots: 2, size: 8 }),
    Topic: () => new shm.Topic(other(), { size: 8 }),
    SharedMap: () => new shm.SharedMap(other()),
    LockManager: () => new shm.LockManager(other()),
  },
  ERR_SHM_SIZE: {
    getOrCreate: () => shm.getOrCreate(2000, 'Buffer', other()),
    mapFile: () => shm.mapFile(file('short'), 'Buffer', { create: 100 }),
  },
  ERR_SHM_SPARSE: { mapFile: () => shm.mapFile(sparse(), 'Buffer', { write: true }) },
  ERR_SHM_ENTRY_SIZE: methods('SharedMap', () => after('SharedMap', (map) => map.set('k', 'v')), { set: ['k', large], add: ['n', large], replace: ['k', large], update: ['k', () => large] }),
  ERR_SHM_NOT_A_NUMBER: methods('SharedMap', () => after('SharedMap', (map) => map.set('k', 'text')), { increment: ['k'] }),
  ERR_SHM_FULL: { 'SharedMap.set': () => fill(open.SharedMap()) },
  ERR_SHM_READ_ONLY: methods('SharedMap', readOnly, Object.assign({ compute: ['k', () => 1] }, writes)),
  ERR_SHM_REPLACED: { 'Mutex.lock': () => replacedMutex().lock({ timeout: 10000 }) },
};

/** An object that some other program has made. */
function freshObject(write) {
  const name = freshName();
  write(`/dev/shm${name}`, 'made by another program');
  return name;
}

function sparse() {
  const name = file('');
  fs.truncateSync(name, 2 ** 22);
  return name;
}

function fill(map) {
  for (let index = 0; ; index++) map.set(`k${index}`, 'v'.repeat(50));
}

/** A mutex that is locked, in an object whose name has been removed. */
function replacedMutex() {
  const words = shm.create(4, 'Int32Array', freshName());
  const mutex = new shm.Mutex(words, 0);
  mutex.lockSync();
  fs.unlinkSync(`/dev/shm${shm.keyOf(words)}`);
  return mutex;
}

/** Code → the calls that errors.d.ts tells of. */
function told() {
  const text = fs.readFileSync(path.join(__dirname, '..', 'lib', 'types', 'errors.d.ts'), 'utf8');
  const found = {};
  for (const [, comment, code] of text.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*\| '(ERR_SHM_\w+)'/g)) {
    const [, calls] = /\bFrom:? ((?:[^.`]|`[^`]*`)*)\.\s*$/.exec(comment.replace(/\s*\n\s*\* ?/g, ' ').trim()) || [null, ''];
    found[code] = Array.from(calls.matchAll(/`([\w.]+)`/g), ([, call]) => call);
  }
  return found;
}

const skip = (nodeMajor < 16 && 'structures need Node 16') || (process.platform !== 'linux' && 'looks into /dev/shm');

test('each call throws the code that errors.d.ts says, and no code lacks its calls', { skip }, async (t) => {
  const types = told();
  delete types.ERR_SHM_NOT_LOADED;
  delete types.ERR_SHM_NODE_TOO_OLD;
  for (const code of Object.keys(types)) {
    const seen = Object.keys(thrown[code] || {}).concat(ELSEWHERE[code] || []);
    t.deepEqual(types[code].slice().sort(), seen.sort(), `${code} comes from these`);
  }
  for (const code of Object.keys(thrown)) {
    for (const call of Object.keys(thrown[code])) {
      let error = null;
      try {
        await thrown[code][call]();
      } catch (caught) {
        error = caught;
      }
      t.equal(error && error.code, code, `${call}: ${error && error.message}`);
      t.ok(shm.isShmError(error, code));
      const isOfStructure = /^(Channel|Topic|SharedMap|LockManager)\./.test(call);
      if (code === 'ERR_SHM_DETACHED' && isOfStructure) t.ok(error.message.includes(`'${error.key}'`), 'its message names the key');
    }
  }
  t.end();
});
