'use strict';
// Options as the caller gave them.

const { invalidType } = require('./errors');

/**
 * A copy of the caller's own options, each read once: what somebody has put on Object.prototype is no
 * option of the caller's, and what a getter gives the next time would not have been checked.
 */
function ownOptions(options) {
  checkIsOptions(options);
  return Object.assign(Object.create(null), options);
}

function checkIsOptions(options) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidType('options', 'an object', options);
  }
}

module.exports = { checkIsOptions, ownOptions };
