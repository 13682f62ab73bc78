'use strict';
// What an attempt can return besides its result: undefined, if it has to wait for a change.

/** Another thread had a lock for too long: there may be something, soon, but no change will tell. */
const BUSY = Symbol('busy');

const isResult = (result) => result !== undefined && result !== BUSY;

module.exports = { BUSY, isResult };
