'use strict';
// Any object at all as the options of each public call: getters that throw, Proxies, inherited and hidden properties,
// values of every type. What is wrong first, in the order of the properties, is told by an error with a code that names
// it; what a getter throws passes through; each property is read once; a call that fails leaves nothing attached.

const fc = require('fast-check');
const { calls, clear, kinds, names, open } = require('./option-calls');
const { freshKey, freshName, shm } = require('./support');

const { BigInt } = /** @type {any} */ (global);
const thrown = new Error('thrown by the options');
const fail = () => {
  throw thrown;
};

/** What no option may be, or only some. */
const odd = [
  undefined, null, true, false, 0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE,
  '', '1', '600', '888', 'auto', 'no', 'x'.repeat(10000), '\ud800', '\0', '__proto__', 'valueOf', Symbol('odd'), Symbol.iterator, BigInt(1), BigInt(2) ** BigInt(70),
  fail, class Odd {}, [], [1], {}, Object.create(null), new Date(NaN), /x/, new Map(), new Uint8Array(3), new ArrayBuffer(3), new Error('odd'),
  Object(1), Object('600'), Object(true), { valueOf: () => 1 }, { valueOf: fail, toString: fail }, { toString: () => '600' }, { [Symbol.toPrimitive]: fail },
  new Proxy({}, {}), new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail }), new Proxy(fail, {}),
  Object.defineProperty({}, 'constructor', { get: fail }), { [Symbol.for('nodejs.util.inspect.custom')]: fail }, { get aborted() { return fail(); } },
];

/** What is no options object at all. */
const noObjects = odd.filter((value) => value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value)));

/** What no call has as an option. */
const strangers = ['', 'no', '0', 'constructor', 'toString', 'hasOwnProperty', '__proto__', 'then', 'Timeout', 'x'.repeat(1000), '\ud800'];

const property = (call) => fc.record({
  name: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...Object.keys(calls[call].options)) }, { weight: 1, arbitrary: fc.constantFrom(...strangers) }),
  isGood: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  which: fc.nat(1000),
  as: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('data', 'getter') }, { weight: 1, arbitrary: fc.constant('throws') }),
});

/** A call and what to make its options of, as plain data: so it can be shrunk and printed. */
const plan = fc.constantFrom(...names).chain((call) => fc.record({
  call: fc.constant(call),
  isName: fc.boolean(),
  noObject: fc.oneof({ weight: 15, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(noObjects.length - 1) }),
  properties: fc.uniqueArray(property(call), { maxLength: 5, selector: ({ name }) => name }),
  hidden: fc.array(fc.record({ how: fc.constantFrom('symbol', 'inherited', 'not enumerable'), name: fc.constantFrom(...Object.keys(calls[call].options)) }), { maxLength: 2 }),
  form: fc.constantFrom('plain', 'plain', 'without prototype', 'of a class', 'frozen', 'proxy'),
}));

/** The values that a property may have here: none that would make memory of gigabytes. */
function valuesFor(kind, isGood) {
  if (kind === undefined || isGood) return kind === undefined ? odd : kind.some;
  return odd.filter((value) => value === undefined || !holds(kind, value) || !(value > 1e6));
}

function holds(kind, value) {
  try {
    return kind.is(value);
  } catch (_) {
    return false;
  }
}

/** `{ options, wrong, reads }`: the object, what is wrong with it first, in the order of its properties, and how often each was read. */
function made({ call, noObject, properties, hidden, form }) {
  if (noObject !== null) return { options: noObjects[noObject], wrong: calls[call].orPerm ? null : { name: 'options' }, reads: {} };
  const reads = {};
  const faults = {};
  const prototype = { 'without prototype': null, 'of a class': class Options {}.prototype }[form];
  const object = Object.create(Object.create(prototype === undefined ? Object.prototype : prototype));
  for (const { name, isGood, which, as } of properties) {
    const kind = kinds[calls[call].options[name]];
    const values = valuesFor(kind, isGood);
    const value = values[which % values.length];
    if (kind === undefined) faults[name] = { isUnknown: true };
    else if (as === 'throws') faults[name] = { isThrown: true };
    else if (value !== undefined && !holds(kind, value)) faults[name] = { name: `options.${name}`, isLate: kind.isLate };
    const read = () => {
      reads[name] = (reads[name] || 0) + 1;
      return as === 'throws' ? fail() : value;
    };
    Object.defineProperty(object, name, Object.assign({ enumerable: true, configurable: true }, as === 'data' ? { value, writable: true } : { get: read }));
  }
  for (const { how, name } of hidden) hide(object, how, name);
  const found = Object.keys(object).filter((name) => name in faults).map((name) => faults[name]);
  const wrong = found.find(({ isLate }) => !isLate) || found[0] || null;
  return { options: form === 'frozen' ? Object.freeze(object) : form === 'proxy' ? new Proxy(object, {}) : object, wrong, reads };
}

/** Adds what no call may look at: it throws. */
function hide(object, how, name) {
  const target = how === 'inherited' ? Object.getPrototypeOf(object) : object;
  if (how === 'symbol') target[Symbol(name)] = 1;
  else if (!Object.prototype.hasOwnProperty.call(target, name)) Object.defineProperty(target, name, { enumerable: how === 'inherited', get: fail });
}

/** Throws what is not as it has to be, of one call with such options; counts what became of it. */
async function attempt(plan, counts) {
  open();
  const { call, isName } = plan;
  const { options, wrong, reads } = made(plan);
  const before = shm.getTotalSize();
  let result;
  let error = null;
  try {
    result = await calls[call].call(options, isName ? freshName() : freshKey());
  } catch (caught) {
    error = caught;
  }
  const expect = (condition, what) => {
    if (!condition) throw Object.assign(new Error(`${call}: ${what}: ${error && (error.stack || error)}`), { options });
  };
  for (const name of Object.keys(reads)) expect(reads[name] === 1, `${name} was read ${reads[name]} times`);
  counts[error === null ? 'done' : error === thrown ? 'thrown by a getter' : 'refused']++;
  if (error !== null && error !== thrown) expect(isDocumented(error), 'no documented error');
  if (error !== null) expect(shm.getTotalSize() === before, 'it left memory attached');
  judge(wrong, error, expect);
  if (error === null) clear(call, result);
  else clear(call);
  expect(shm.getTotalSize() === before, 'what it has made is left');
}

/** With a code of this package, of the system, or of an abort; LockManager names what it refuses as the Web Locks do. */
function isDocumented(error) {
  return shm.isShmError(error) || error.code === 'ABORT_ERR' || error.name === 'NotSupportedError';
}

/** Whether the error is the one that what is wrong has to give. */
function judge(wrong, error, expect) {
  if (wrong === null || wrong.isLate) expect(error !== thrown || wrong !== null, 'it has read what it must not');
  else if (wrong.isThrown) expect(error === thrown, 'not what the getter has thrown');
  else if (wrong.isUnknown) expect(error !== null && error.code === 'ERR_INVALID_ARG_VALUE' && /has no option/.test(error.message), 'not the error of an unknown option');
  else expect(error === thrown || (error !== null && /^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|OUT_OF_RANGE)$/.test(error.code) && error.message.includes(wrong.name)), `no error about ${wrong.name}`);
}

/** The options that a call tells of, and those of the table. */
async function optionsTold(call) {
  open();
  let error = null;
  try {
    await calls[call].call({ 'no such option': 1 }, freshName());
  } catch (caught) {
    error = caught;
  }
  clear(call);
  return [/Its options are: (.*)$/.exec(error.message)[1].split(', ').sort(), Object.keys(calls[call].options).sort()];
}

/** So many calls; what became of them. What goes wrong is shrunk, and thrown with its seed. */
async function checkOptions(numRuns, seed) {
  const counts = { done: 0, refused: 0, 'thrown by a getter': 0 };
  await fc.assert(fc.asyncProperty(plan, (one) => attempt(one, counts)), Object.assign({ numRuns }, seed === undefined ? {} : { seed }));
  return counts;
}

module.exports = { checkOptions, names, optionsTold };
