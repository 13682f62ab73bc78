'use strict';
// Names of locks as the table has them: UTF-8 in words, with a hash.

const { invalidType, outOfRange, show } = require('../errors');
const { LENGTH, HASH, NAME, NAME_MAX } = require('./layout');
const { notSupported } = require('./errors');

/** The name that is looked for; one at a time, since no call lets another in. */
const words = new Int32Array((NAME_MAX + 1) / 4);
const bytes = Buffer.from(words.buffer);
const wanted = { hash: 0, length: 0, words };

/** Throws unless it can be a lock's name. */
function checkName(name) {
  if (typeof name !== 'string') throw invalidType('name', 'a string', name);
  if (name.startsWith('-')) throw notSupported(`A lock's name cannot begin with '-': ${show(name)}`);
  const length = Buffer.byteLength(name);
  if (length > NAME_MAX) throw outOfRange('name', `at most ${NAME_MAX} bytes of UTF-8 (it has ${length})`, name);
}

/** The name in words, with its length in bytes and its hash (FNV-1a); it is there until the next call. */
function encode(name) {
  wanted.length = bytes.write(name);
  const end = (wanted.length + 3) >> 2;
  bytes.fill(0, wanted.length, end * 4);
  let hash = 0x811c9dc5;
  for (let at = 0; at < wanted.length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  wanted.hash = hash;
  return wanted;
}

/** Writes the name that was encoded last. @param {Int32Array} table */
function writeName(table, request) {
  table[request + HASH] = wanted.hash;
  table[request + LENGTH] = wanted.length;
  const end = (wanted.length + 3) >> 2;
  for (let at = 0; at < end; at++) table[request + NAME + at] = words[at];
}

/** Whether a request has the name that was encoded last. @param {Int32Array} table */
function hasName(table, request) {
  if (table[request + HASH] !== wanted.hash || table[request + LENGTH] !== wanted.length) return false;
  const end = (wanted.length + 3) >> 2;
  for (let at = 0; at < end; at++) if (table[request + NAME + at] !== words[at]) return false;
  return true;
}

/** The name of a request, whatever is written there. @param {Int32Array} table */
function nameOf(table, request) {
  const length = Math.min(table[request + LENGTH] >>> 0, NAME_MAX);
  return Buffer.from(table.buffer, table.byteOffset + 4 * (request + NAME), length).toString();
}

module.exports = { checkName, encode, hasName, nameOf, writeName };
