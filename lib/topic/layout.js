'use strict';
// Where everything of a topic is, in words of 32 bits. docs/channels.md specifies it.

const { aligned, powerOfTwo } = require('../structures/geometry');

// Words of the header; those that are written often have a cache line each.
const WRITER = 16;
const LATEST = 32;
const RING = 48;

// Words of a reader's row, and how many it has.
const OWNER = 0;
const PIN = 1;
const SEEN = 2;
const ROW = 16;

// Words of a frame, and how many it has.
const SEQUENCE = 0;
const LENGTH = 1;
const TAG = 2;
const FRAME = 8;

/** Sequence numbers are of 31 bits. */
const NUMBER = 0x7fffffff;

const ringOf = (history) => powerOfTwo(history + 1);
const rowsOf = (history) => aligned(4 * (RING + ringOf(history))) / 4;
const framesOf = ({ history, readers }) => history + readers + 1;
const dataOf = (values) => aligned(4 * (rowsOf(values.history) + ROW * values.readers + FRAME * framesOf(values)));

/** @type {any} */
const kind = {
  what: 'topic',
  magic: 0x49504f54, // TOPI
  version: 1,
  fields: [{ name: 'size', most: 2 ** 31 - 64 }, { name: 'history', most: 2 ** 20, initially: 1 }, { name: 'readers', most: 2 ** 16, initially: 8 }],
  complete: ({ size, history, readers }) => [size, history, readers],
  dataOf,
  bytesOf: (values) => dataOf(values) + framesOf(values) * aligned(values.size),
};

module.exports = {
  FRAME,
  LATEST,
  LENGTH,
  NUMBER,
  OWNER,
  PIN,
  RING,
  ROW,
  SEEN,
  SEQUENCE,
  TAG,
  WRITER,
  framesOf,
  kind,
  ringOf,
  rowsOf,
};
