'use strict';
// Checks what the user gives before the kernel is asked, and puts it into the form that the native
// side takes.

const { invalidType, outOfRange, show, withCode } = require('../errors');
const { LengthMax, types } = require('./types');

const KEY_MAX = 2 ** 32 - 2;
/** The least `key_t`, and the greatest negative one: −1 is no key. */
const KEY_T_MIN = -(2 ** 31);
const KEY_T_NEGATIVE_MAX = -2;
/** Of a transient segment's key: this times its cookie, and its id below that. */
const COOKIE = 2 ** 32;
const ID_MAX = 2 ** 31 - 1;
const isMac = process.platform === 'darwin';
const NAME_MAX = isMac ? 31 : 255;

/** A path of so many ASCII characters is never too long. */
const SHORT = 31;

/**
 * A key as the native side takes it: the number of a System V segment, or the name of a POSIX
 * object with its slash. A negative number is a `key_t` as C prints it with %d.
 */
function keyOf(key) {
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

/** How an array of that type key is made; `'Buffer'` if none is given. */
function typeOf(typeKey) {
  const type = types.get(typeKey === undefined ? 'Buffer' : typeKey);
  if (type === undefined) {
    const known = Array.from(types.keys()).join(', ');
    const name = typeof typeKey === 'string' ? typeKey : show(typeKey);
    throw withCode(
      new TypeError(`Unknown type key ${name}. This runtime has: ${known}`),
      'ERR_INVALID_ARG_VALUE',
    );
  }
  return type;
}

/** Checks a number of elements, and gives the number of bytes they take. */
function bytesOf(count, type, argument = 'count') {
  if (typeof count !== 'number') throw invalidType(argument, 'a number', count);
  if (!Number.isInteger(count) || count < 1 || count > LengthMax) {
    throw outOfRange(argument, `an integer from 1 to ${LengthMax}`, count);
  }
  return count * type.bytes;
}

/**
 * Permissions as a number, from octal digits in a string or a number. What an octal literal of
 * permissions that make sense has become is not read as digits: `0o640` is 416.
 */
function modeOf(perm) {
  if (perm === undefined || perm === null) return 0o660;
  if (typeof perm !== 'string' && typeof perm !== 'number') {
    throw invalidType('perm', "octal digits, such as '660' or 660", perm);
  }
  const digits = String(perm);
  if (!/^0*[0-7]{1,3}$/.test(digits) || (typeof perm === 'number' && !/^[67]..$/.test(digits))) {
    const expected = typeof perm === 'number' ? 'from 600 to 777; write an octal literal, or fewer permissions, as a string' : "from '0' to '777'";
    throw outOfRange('perm', `octal digits ${expected}, such as '640'`, perm);
  }
  return parseInt(digits, 8);
}

module.exports = { COOKIE, KEY_MAX, NAME_MAX, bytesOf, isSegmentKey, isTransientKey, keyOf, modeOf, nameOf, typeOf };
