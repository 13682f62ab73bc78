'use strict';
// Keys: of segments (numbers) and of objects (names), as the native side takes them; random ones; and those that have
// become strings on their way through the environment.

const { invalidType, outOfRange } = require('../errors');
const { NAME_MAX, isMac } = require('../runtime/places');

const KEY_MAX = 2 ** 32 - 2;
/** The least `key_t`, and the greatest negative one: −1 is no key. */
const KEY_T_MIN = -(2 ** 31);
const KEY_T_NEGATIVE_MAX = -2;
/** Of a transient segment's key: this times its cookie, and its id below that. */
const COOKIE = 2 ** 32;
const ID_MAX = 2 ** 31 - 1;

/** A path of so many ASCII characters is never too long. */
const SHORT = 31;

/**
 * A key as the native side takes it: the number of a System V segment, or the name of a POSIX
 * object with its slash. A negative number is a `key_t` as C prints it with %d.
 */
function checkedKey(key) {
  if (typeof key === 'string') return nameOf(key, 'key');
  if (typeof key !== 'number') {
    throw invalidType('key', 'an integer (System V) or a string (POSIX)', key);
  }
  const isNegative = key >= KEY_T_MIN && key <= KEY_T_NEGATIVE_MAX;
  if (!Number.isInteger(key) || !(isNegative || isSegmentKey(key))) {
    const expected = `an integer from 1 to ${KEY_MAX}, or from ${KEY_T_MIN} to ${KEY_T_NEGATIVE_MAX}, or the key of a transient segment`;
    throw outOfRange('key', expected, key);
  }
  return key < 0 ? key >>> 0 : key;
}

/** Whether an array's `key` can be this positive number. */
function isSegmentKey(number) {
  return (number >= 1 && number <= KEY_MAX) || isTransientKey(number);
}

/** Whether it is the number of a transient segment. */
function isTransientKey(number) {
  return number >= COOKIE && Number.isSafeInteger(number) && number % COOKIE <= ID_MAX;
}

// The name that was checked last, and what it came to: most are used several times in a row.
let lastName = '';
let lastPath = '';

/** The name of a POSIX object, with its slash. */
function nameOf(name, argument) {
  if (name === lastName && name !== '') return lastPath;
  lastPath = checkedName(name, argument);
  lastName = name;
  return lastPath;
}

function checkedName(name, argument) {
  if (typeof name !== 'string') throw invalidType(argument, 'a string', name);
  const path = name.startsWith('/') ? name : `/${name}`;
  // Most names are like this one, and need no closer look.
  if (path.length <= SHORT && /^\/[\w.-]*\w$/.test(path)) return path;
  const component = path.slice(1);
  if (component === '' || component === '.' || component === '..') {
    throw outOfRange(argument, "a name, such as '/name'", name);
  }
  if (component.includes('/') || component.includes('\0')) {
    throw outOfRange(argument, 'one path component, without a further / and without NUL', name);
  }
  if (/\p{Surrogate}/u.test(component)) {
    throw outOfRange(argument, 'well-formed Unicode, without lone surrogates', name);
  }
  // Three bytes of UTF-8 are the most that one unit of a JavaScript string can come to.
  if (component.length * 3 > NAME_MAX - 1) {
    const bytes = Buffer.byteLength(component) + (isMac ? 1 : 0);
    if (bytes > NAME_MAX) {
      const limit = `at most ${NAME_MAX} bytes of UTF-8${isMac ? ', the slash included' : ''}`;
      throw outOfRange(argument, `${limit} (it has ${bytes})`, name);
    }
  }
  return path;
}

// Asking the system for random bytes costs more than a shmget, so they are fetched for many keys.
const pool = new Uint32Array(64);
let used = pool.length;

/** A random key. Only the kernel knows whether it is in use. */
function randomKey() {
  for (;;) {
    if (used === pool.length) {
      require('crypto').randomFillSync(pool);
      used = 0;
    }
    const key = pool[used++];
    if (key >= 1 && key <= KEY_MAX) return key;
  }
}

let hasWarned = false;

/**
 * Warns once if no object has that name and a segment has that number (`stat(number)`): a name of digits alone is, as
 * a rule, the number of a segment that came through the environment.
 */
function warnOfDigits(name, stat) {
  if (!/^\/\d+$/.test(name)) return;
  const digits = name.slice(1);
  const number = Number(digits);
  if (hasWarned || !isSegmentKey(number) || !isThere(number, stat)) return;
  hasWarned = true;
  process.emitWarning(
    `There is no object '${name}', but a System V segment ${digits}: its key is a number, get(${digits})`,
    { code: 'SHM_STRING_KEY' },
  );
}

function isThere(number, stat) {
  try {
    return stat(number) !== null;
  } catch (_) {
    return true; // it is there, and may not be looked at
  }
}

module.exports = { COOKIE, KEY_MAX, checkedKey, isSegmentKey, isTransientKey, nameOf, randomKey, warnOfDigits };
