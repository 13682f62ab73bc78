'use strict';
// The errors of the Web Locks specification, which are named rather than numbered.

/** @type {any} */
const DOMException = /** @type {any} */ (global).DOMException;

function named(name, message) {
  if (DOMException !== undefined) return new DOMException(message, name);
  return Object.assign(new Error(message), { name }); // Node 16
}

/** Options that contradict each other, or a name that is reserved. */
const notSupported = (message) => named('NotSupportedError', message);

/** Another request has stolen the lock. */
const stolen = (name) => named('AbortError', `The lock ${JSON.stringify(name)} was stolen by another request`);

module.exports = { notSupported, stolen };
