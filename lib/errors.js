'use strict';
// The errors that rooms share, shaped like Node's own: a class, a `code`, and a message that names what failed, the
// argument or key, what it may be and what was given.

/** What was given, short enough for a message and safe for any value. */
function show(value) {
  const text = inspected(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** In one line. A getter of the value that throws must not take the place of the error it is shown in. */
function inspected(value) {
  try {
    // Not what is in an array: it may be secret.
    if (ArrayBuffer.isView(value)) return nameOfView(value);
    return require('util').inspect(value, { depth: 0, breakLength: Infinity, compact: true });
  } catch (_) {
    return `a value of type ${typeof value}`;
  }
}

/** 'Float64Array(10)', 'DataView(8)' */
function nameOfView(value) {
  const { constructor, length, byteLength } = /** @type {any} */ (value);
  return `${constructor.name}(${length === undefined ? byteLength : length})`;
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

/** A `RangeError`: memory of `has` bytes cannot be shown as `get` was asked to. */
function doesNotFit({ key, type, offset, count }, has) {
  const asked = count === undefined ? `"offset" ${offset}` : `"offset" ${offset} and "count" ${count} × ${type.bytes} bytes`;
  const message =
    has < offset + (count || 0) * type.bytes
      ? `${show(key)} has ${has} bytes, too few for ${asked}`
      : `${show(key)} has ${has} bytes, more than an array of this runtime can show: show a part of them with { offset, count }`;
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

/** `getOrCreate` found something that is smaller than what it was to create. */
function tooSmall({ key, type, count }, has) {
  const needed = count * type.bytes;
  const message = `${show(key)} exists and has ${has} bytes, fewer than the ${needed} asked for: destroy it, or ask for fewer`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_SIZE'), { key });
}

/** A call found neither the key or path nor could it create it, again and again. `subject` is `{ key }` or `{ path }`. */
function busy(subject) {
  const message = `${show(subject.path || subject.key)} can be neither opened nor created: other processes destroy and create it all the time, or its creator died before it was finished (destroy it then)`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_BUSY'), subject);
}

/** An error as those of the system are, of what `syscall` would have failed with, or does not offer. */
function systemError(code, syscall, message) {
  const errno = -require('os').constants.errno[code];
  return Object.assign(withCode(new Error(`${code}: ${message}`), code), { errno, syscall });
}

/** A segment has been asked for with `readOnly`. */
function cannotFollow(key) {
  const message = `no system shows a segment in private pages that follow it, as { readOnly: true } asks for ${show(key)}. { copyOnWrite: true } makes a copy of it; an object (a name as the key) can be shown so`;
  return Object.assign(systemError('ENOTSUP', 'shmat', message), { key });
}

/** A `TypeError`: the argument cannot be used, though its type is right. */
function invalidValue(name, reason, value) {
  const message = `The argument '${name}' ${reason}. Received ${show(value)}`;
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
}

/** The memory under an array, or of the structure under a key, has been detached. */
function detached(key) {
  if (key === undefined) return withCode(new Error('The memory under this array has been detached'), 'ERR_SHM_DETACHED');
  const message = `${show(key)} has been detached or destroyed by this thread: open it again`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_DETACHED'), { key });
}

/** The memory under a key is not the structure that it was opened as, or one of another geometry. */
function otherLayout(key, what, reason) {
  const message = `${show(key)} is not the ${what} that was asked for: it ${reason}. Open it as what it is, take another key, or destroy it`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_LAYOUT'), { key });
}

/** Nobody has set a structure's geometry. */
function unfinished(key, what) {
  const message = `${show(key)} is not a ${what} yet: whoever created it has not finished it. Open it with all its options, or destroy it`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_LAYOUT'), { key });
}

/** A word of a structure holds what no participant writes. */
function damaged(key, what, reason) {
  const message = `The ${what} ${show(key)} is damaged: ${reason}. Something that does not keep to its protocol has written to it`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_LAYOUT'), { key });
}

/** The key leads to other memory by now, or to none; null: it is the path of a file, which nobody knows any more. */
function replaced(key) {
  const what = key === null ? 'The mapped file' : show(key);
  const error = withCode(new Error(`${what} was removed while it was in use: open it again`), 'ERR_SHM_REPLACED');
  return key === null ? error : Object.assign(error, { key });
}

/** Whether it is an error of this package or of the system about it; with a code, whether it has that one. */
function isShmError(error, code) {
  if (typeof error !== 'object' || error === null || typeof error.code !== 'string') return false;
  if (code !== undefined) return error.code === code;
  const isArgument = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE'].includes(error.code);
  const isSystem = typeof error.errno === 'number' && typeof error.syscall === 'string';
  return isArgument || isSystem || error.code.startsWith('ERR_SHM_');
}

/** A channel or topic has been closed. */
function closed(key, what) {
  return Object.assign(withCode(new Error(`The ${what} ${show(key)} has been closed`), 'ERR_SHM_CLOSED'), { key });
}

/** A call has waited as long as it may; `event` is what for, such as 'a message on channel'. */
function timedOut(timeout, event, key) {
  const message = `Timed out after ${timeout} ms waiting for ${event} ${show(key)}`;
  return Object.assign(withCode(new Error(message), 'ERR_SHM_TIMED_OUT'), { key });
}

module.exports = {
  busy,
  cannotFollow,
  closed,
  damaged,
  detached,
  doesNotFit,
  invalidType,
  invalidValue,
  isShmError,
  otherLayout,
  outOfRange,
  replaced,
  show,
  systemError,
  timedOut,
  tooSmall,
  unfinished,
  withCode,
};
