'use strict';
// What the tests of channels and topics share.

const { nodeMajor, thrownBy } = require('./support');

const skip = nodeMajor < 16 && 'Atomics refuse these arrays before Node 16';

const codeOf = (action) => thrownBy(action).code;
const rejection = (promise) => promise.then(() => 'resolved', (error) => error.code || error.name);

/** What is in a message, which is given back. */
function textOf(message) {
  const text = message.data.toString();
  message.release();
  return text;
}

module.exports = { codeOf, rejection, skip, textOf };
