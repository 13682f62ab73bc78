'use strict';
// All that JavaScript knows of paths and of what systems are called: where objects, the list of segments and the owners'
// file are. Which folder holds the objects a program's environment may choose.

const { show, withCode } = require('../errors');

const isLinux = process.platform === 'linux';
const isMac = process.platform === 'darwin';

/** The longest name of an object: bytes of UTF-8, on macOS with the slash. */
const NAME_MAX = isMac ? 31 : 255;

/** The longest path of a folder of objects, in bytes: native/sys/unix/places.rs. */
const PLACE_MAX = 255;

const DIRECTORY = 'SHM_TYPED_ARRAY_DIR';
const OWNERS = 'SHM_TYPED_ARRAY_OWNERS';

/** What the owners' file is called, wherever it is. It is no memory, and removing it would harm its users. */
const OWNERS_NAME = '.shm-typed-array-owners';

/** What lists the segments (Linux). */
const SEGMENTS = '/proc/sysvipc/shm';

/** A path from the environment; undefined if there is none. */
function fromEnvironment(variable) {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  if (!text.startsWith('/') || text.includes('\0') || Buffer.byteLength(text) > PLACE_MAX) {
    const message = `The environment variable ${variable} must be an absolute path of at most ${PLACE_MAX} bytes. Received ${show(text)}`;
    throw withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
  }
  return text.replace(/\/+$/, '') || '/';
}

/** Tells the native side what the environment chooses. The first choice in a process is that of all its threads. */
function choosePlaces(addon) {
  addon.choosePlaces(fromEnvironment(DIRECTORY), fromEnvironment(OWNERS));
}

module.exports = { NAME_MAX, OWNERS_NAME, SEGMENTS, choosePlaces, isLinux, isMac };
