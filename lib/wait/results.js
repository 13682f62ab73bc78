'use strict';
// What the native functions answer: the numbers are written in native/node/results.rs.

const binding = require('../runtime/binding');

const { BEGUN, DETACHED, NOT_EQUAL, NOT_EQUAL_AT_ONCE, NOT_OURS, NO_PLACE, OK, TIMED_OUT } = binding.results;

/** The word for each result that ends a wait. */
const names = { [OK]: 'ok', [NOT_EQUAL]: 'not-equal', [TIMED_OUT]: 'timed-out' };

module.exports = { BEGUN, DETACHED, NOT_EQUAL, NOT_EQUAL_AT_ONCE, NOT_OURS, NO_PLACE, OK, TIMED_OUT, names };
