'use strict';
// The calls of the model test. Each has three sides: what arguments it is given (`args`, as
// fast-check arbitraries), what it really answers (`real`, in an actor), and what the model expects
// (`model`, in the process that compares). Answers are plain JSON. To add a call, add an entry.
//
// A real actor is `{ shm, keys, views }`. The model's actor is `{ system, attached, created, views }`.

const fc = require('fast-check');
const v8 = require('v8');

const KEYS = 4;
const VIEWS = 12;
const COUNTS = [1, 2, 7, 100, 1000];
// Only types that every Node has; the newer ones have tests of their own.
const TYPES = ['Buffer', 'Int8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint32Array', 'Float32Array', 'Float64Array'];
const HEADER = 8;
/** Deno's views of detached memory keep their length. */
const EMPTIES = process.versions.deno === undefined;

const key = fc.nat(KEYS - 1);
const type = fc.constantFrom(...TYPES);
const count = fc.constantFrom(...COUNTS);
const view = fc.nat(VIEWS - 1);

const bytesOf = (name) => (name === 'Buffer' ? 1 : global[name].BYTES_PER_ELEMENT);
const over = (name, buffer, length) => (name === 'Buffer' ? Buffer.from(buffer, 0, length) : new global[name](buffer, 0, length));
const isSegment = (index) => index % 2 === 0;

/** Remembers a view; the oldest is forgotten. Answers its length, or null. */
function remember(actor, array) {
  if (array === null) return null;
  actor.views.unshift(array);
  actor.views.length = Math.min(actor.views.length, VIEWS);
  return array.length;
}

/** The model's memory behind a key: `data` is what every mapping of it shows. */
class Memory {
  constructor(index, bytes) {
    this.index = index;
    this.data = new ArrayBuffer(bytes);
    this.size = bytes + (isSegment(index) ? 0 : HEADER);
    this.attaches = 0;
  }
}

/** One mapping of memory in one actor, and the buffer that `get` shows it by. */
class Mapping {
  constructor(memory) {
    this.memory = memory;
    this.data = memory.data;
    this.buffer = { mapping: this, emptied: false };
    memory.attaches++;
  }

  /** The pages become private zeros; the buffer is emptied, where buffers are, those it was transferred to are not. */
  retire() {
    this.memory.attaches--;
    this.data = new ArrayBuffer(this.data.byteLength);
    if (EMPTIES) this.buffer.emptied = true;
  }
}

/** A view of the model: made anew at each use, since what its buffer shows changes. */
class View {
  constructor(name, buffer, length) {
    Object.assign(this, { name, buffer, whole: length });
  }

  get length() {
    return this.buffer.emptied ? 0 : this.whole;
  }

  get array() {
    return this.buffer.emptied ? over(this.name, new ArrayBuffer(0), 0) : over(this.name, this.buffer.mapping.data, this.whole);
  }
}

function attach(actor, index, name, length) {
  const memory = actor.system[index];
  let mapping = actor.attached[index].find((known) => known.memory === memory);
  if (mapping === undefined) {
    mapping = new Mapping(memory);
    actor.attached[index].push(mapping);
  }
  // A buffer that was transferred away has left its place to a new one.
  if (mapping.buffer.emptied) mapping.buffer = { mapping, emptied: false };
  return remember(actor, new View(name, mapping.buffer, length));
}

/** What a detach of all of an actor's mappings of a key comes to: how many attaches are left. */
function endAll(actor, index) {
  let left = 1;
  const ended = actor.attached[index];
  actor.attached[index] = [];
  for (const mapping of ended) mapping.retire();
  for (const { memory } of ended) {
    if (!isSegment(index)) continue;
    left = memory.attaches;
    if (left > 0) continue;
    if (actor.system[index] === memory) actor.system[index] = null;
    if (actor.created[index] === memory) actor.created[index] = null;
  }
  return left;
}

function modelDetach(actor, index, force) {
  const destroyed = force && actor.system[index] !== null;
  if (destroyed) {
    actor.system[index] = null;
    actor.created[index] = null;
  }
  if (actor.attached[index].length === 0) return destroyed ? 0 : -1;
  const left = endAll(actor, index);
  return destroyed ? 0 : left;
}

function modelCreate(actor, elements, name, index) {
  if (actor.system[index] !== null) return null;
  const memory = new Memory(index, elements * bytesOf(name));
  actor.system[index] = memory;
  actor.created[index] = memory;
  return attach(actor, index, name, elements);
}

/** The real array, or the model's, of a view that may have been forgotten. */
const arrayOf = (actor, number) => {
  const found = actor.views[number];
  return found instanceof View ? found.array : found;
};

/** Calls that treat real arrays and the model's alike. Some methods throw on an emptied array, on some runtimes. */
function onArray(args, use) {
  const side = (actor, number, ...rest) => {
    const array = arrayOf(actor, number);
    if (array === undefined) return 'no view';
    try {
      const result = use(array, ...rest);
      return array.length === 0 ? 'empty' : result;
    } catch (error) {
      if (array.length === 0) return 'empty';
      throw error;
    }
  };
  return { args: fc.tuple(view, ...args), real: side, model: side };
}

const at = fc.nat(1000);

const calls = {
  create: {
    args: fc.tuple(count, type, key),
    real: (actor, elements, name, index) => remember(actor, actor.shm.create(elements, name, actor.keys[index])),
    model: modelCreate,
  },
  get: {
    args: fc.tuple(key, type),
    real: (actor, index, name) => remember(actor, actor.shm.get(actor.keys[index], name)),
    model: (actor, index, name) => {
      const memory = actor.system[index];
      if (memory === null) return null;
      return attach(actor, index, name, Math.floor(memory.data.byteLength / bytesOf(name)));
    },
  },
  getOrCreate: {
    args: fc.tuple(count, type, key),
    real: (actor, elements, name, index) => {
      try {
        return remember(actor, actor.shm.getOrCreate(elements, name, actor.keys[index]));
      } catch (error) {
        return error.code;
      }
    },
    model: (actor, elements, name, index) => {
      const memory = actor.system[index];
      if (memory === null) return modelCreate(actor, elements, name, index);
      if (memory.data.byteLength < elements * bytesOf(name)) return 'ERR_SHM_SIZE';
      return attach(actor, index, name, elements);
    },
  },
  detach: {
    args: fc.tuple(key, fc.boolean()),
    real: (actor, index, force) => actor.shm.detach(actor.keys[index], force),
    model: modelDetach,
  },
  destroy: {
    args: fc.tuple(key),
    real: (actor, index) => actor.shm.destroy(actor.keys[index]),
    model: (actor, index) => modelDetach(actor, index, true) === 0,
  },
  detachAll: {
    args: fc.constant([]),
    real: (actor) => actor.shm.detachAll(),
    model: (actor) => {
      let destroyed = 0;
      for (let index = 0; index < KEYS; index++) {
        const memories = actor.attached[index].map((mapping) => mapping.memory);
        endAll(actor, index);
        destroyed += memories.filter((memory) => isSegment(index) && memory.attaches === 0).length;
      }
      return destroyed;
    },
  },
  sizes: {
    args: fc.constant([]),
    real: (actor) => [actor.shm.getTotalSize(), actor.shm.getTotalCreatedSize()],
    model: (actor) => [
      actor.attached.reduce((sum, list) => list.reduce((part, mapping) => part + mapping.memory.size, sum), 0),
      actor.created.reduce((sum, memory) => sum + (memory === null ? 0 : memory.size), 0),
    ],
  },
  write: onArray([at, fc.nat(255)], (array, index, value) => {
    if (array.length > 0) array[index % array.length] = value;
    return array.length;
  }),
  read: onArray([at], (array, index) => String(array[index % (array.length || 1)])),
  fill: onArray([fc.nat(255)], (array, value) => array.fill(value).length),
  content: onArray([], (array) => digest(array)),
  slice: onArray([at, at], (array, from, to) => digest(Uint8Array.prototype.slice.call(array, from, to))),
  clone: onArray([], (array) => digest(v8.deserialize(v8.serialize(array)))),
  transfer: {
    args: fc.tuple(view),
    real: (actor, number) => {
      const array = actor.views[number];
      if (array === undefined || array.length === 0 || !array.buffer.transfer) return null;
      return remember(actor, new Uint8Array(array.buffer.transfer()));
    },
    model: (actor, number) => {
      const found = actor.views[number];
      if (found === undefined || found.length === 0 || !ArrayBuffer.prototype.transfer) return null;
      found.buffer.emptied = true;
      const alias = { mapping: found.buffer.mapping, emptied: false };
      return remember(actor, new View('Uint8Array', alias, alias.mapping.data.byteLength));
    },
  },
};

function digest(array) {
  let sum = array.length;
  for (let index = 0; index < array.length; index++) sum = (sum * 31 + array[index]) % 1000000007;
  return sum;
}

/** One to ten calls in a row by one actor. */
const command = fc.record({
  actor: fc.nat(4),
  calls: fc.array(
    fc.oneof(...Object.keys(calls).map((name) => fc.record({ name: fc.constant(name), args: calls[name].args }))),
    { minLength: 1, maxLength: 10, size: 'max' },
  ),
});

module.exports = { KEYS, calls, command };
