'use strict';
// The one way to read an options object: the caller's own properties, each read once; known names; types and ranges;
// contradictions; one wording for all that is wrong.

const { invalidType, invalidValue, outOfRange, show, withCode } = require('./errors');

/**
 * What reads the options of one call. `readers` has a function `(value, argument)` for each option, which gives the
 * value as the call uses it, or throws; `contradictions` are `[isGiven, reason]`, where `isGiven(options)` tells whether
 * the options contradict each other. What was not given, or is undefined, is not in the result.
 *
 * @param {string} call how messages name what has the options
 * @param {{ [name: string]: (value: any, argument: string) => any }} readers
 * @param {[(options: any) => boolean, string][]} [contradictions]
 * @param {{ [name: string]: string }} [elsewhere] which call has an option that this one has not
 * @returns {(given: any) => any} a function that takes undefined for no options
 */
function optionsReader(call, readers, contradictions = [], elsewhere = {}) {
  const known = new Map(Object.entries(readers).map(([name, read]) => [name, { read, argument: `options.${name}` }]));
  return (given) => {
    const options = new Options();
    if (given === undefined) return options;
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      const instead = typeof given === 'number' && known.has('timeout') ? `an object: write { timeout: ${given} }` : 'an object';
      throw invalidType('options', instead, given);
    }
    for (const name of Object.keys(given)) {
      const option = known.get(name);
      if (option === undefined) throw unknownOption(call, name, known, elsewhere);
      const value = given[name];
      if (value !== undefined) options[name] = option.read(value, option.argument);
    }
    for (const [isGiven, reason] of contradictions) if (isGiven(options)) throw contradiction(call, reason);
    return options;
  };
}

/** An object that inherits nothing. One made by Object.create(null) is a hash table to V8, and takes three times as long. */
function Options() {}
Options.prototype = Object.create(null);

function unknownOption(call, name, known, elsewhere) {
  const hint = Object.prototype.hasOwnProperty.call(elsewhere, name) ? ` (${elsewhere[name]} has it)` : '';
  const message = `${call} has no option ${show(name)}${hint}. Its options are: ${Array.from(known.keys()).join(', ')}`;
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
}

function contradiction(call, reason) {
  return withCode(new TypeError(`The options of ${call} contradict each other: ${reason}`), 'ERR_INVALID_ARG_VALUE');
}

/** An option that is true or false. */
function flag(value, argument) {
  if (typeof value !== 'boolean') throw invalidType(argument, 'true or false', value);
  return value;
}

/** An option that is an integer from `least` to `most`. */
function integer(least, most) {
  return (value, argument) => {
    if (typeof value !== 'number') throw invalidType(argument, 'a number', value);
    if (!Number.isInteger(value) || value < least || value > most) throw outOfRange(argument, `an integer from ${least} to ${most}`, value);
    return value;
  };
}

/** An option that is one of these strings. */
function oneOf(...values) {
  return (value, argument) => {
    if (!values.includes(value)) throw invalidValue(argument, `must be one of ${values.map(show).join(', ')}`, value);
    return value;
  };
}

/** A time to wait, in milliseconds: not negative; Infinity is for ever. */
function timeout(value, argument) {
  if (typeof value !== 'number') throw invalidType(argument, 'a number of milliseconds', value);
  if (!(value >= 0)) throw outOfRange(argument, 'a number of milliseconds from 0 to Infinity', value);
  return value;
}

/** A time for which something holds, in milliseconds: more than 0; Infinity is for ever. */
function duration(value, argument) {
  if (typeof value !== 'number') throw invalidType(argument, 'a number of milliseconds', value);
  if (!(value > 0)) throw outOfRange(argument, 'a number of milliseconds greater than 0', value);
  return value;
}

/** An AbortSignal. Runtimes without one have it from a package, so its class tells nothing. */
function signal(value, argument) {
  const isSignal = typeof value === 'object' && value !== null && 'aborted' in value;
  if (!isSignal || typeof value.addEventListener !== 'function' || typeof value.removeEventListener !== 'function') {
    throw invalidType(argument, 'an AbortSignal', value);
  }
  return value;
}

/** A function of the caller's. */
function callback(value, argument) {
  if (typeof value !== 'function') throw invalidType(argument, 'a function', value);
  return value;
}

/**
 * Permissions as a number, from octal digits in a string or a number. What an octal literal of permissions that make
 * sense has become is not read as digits: `0o640` is 416.
 */
function permissions(value, argument) {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw invalidType(argument, "octal digits, such as '660' or 660", value);
  }
  const digits = String(value);
  if (!/^0*[0-7]{1,3}$/.test(digits) || (typeof value === 'number' && !/^[67]..$/.test(digits))) {
    const expected = typeof value === 'number' ? 'from 600 to 777; write an octal literal, or fewer permissions, as a string' : "from '0' to '777'";
    throw outOfRange(argument, `octal digits ${expected}, such as '640'`, value);
  }
  return parseInt(digits, 8);
}

module.exports = { callback, duration, flag, integer, oneOf, optionsReader, permissions, signal, timeout };
