'use strict';
// What the native functions answer: the numbers of native/node/wait.rs and wait_async.rs.

module.exports = {
  OK: 0,
  NOT_EQUAL: 1,
  TIMED_OUT: 2,
  DETACHED: 3,
  BEGUN: 4,
  NOT_OURS: -1,
  NOT_EQUAL_AT_ONCE: -2,
  NO_PLACE: -3,
  /** The first of them by name. */
  names: ['ok', 'not-equal', 'timed-out'],
};
