'use strict';
// Errors about arguments, shaped like Node's own: a class, a `code`, and a message that names the
// argument, what it may be and what was given.

/** What was given, short enough for a message and safe for any value. */
function show(value) {
  const { inspect } = require('util');
  const text = inspect(value, { depth: 0, breakLength: Infinity });
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function withCode(error, code) {
  error.code = code;
  return error;
}

/** A `TypeError`: the argument is of a type that it may not be. */
function invalidType(name, expected, value) {
  const message = `The "${name}" argument must be ${expected}. Received ${show(value)}`;
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

/** A `RangeError`: the argument's type is right and its value is not. */
function outOfRange(name, expected, value) {
  const message = `The value of "${name}" is out of range. It must be ${expected}. Received ${show(value)}`;
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

module.exports = { invalidType, outOfRange, show, withCode };
