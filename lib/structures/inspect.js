'use strict';
// What the classes show of themselves, and only that: one line of facts for console.log, the same for JSON.stringify.
// Everything else is in private fields, so loggers and comparisons end at once.

const { inspect } = require('util');

/** @type {any} */
const disposeSymbol = Symbol.dispose;

/**
 * Has the objects of a class show their facts.
 *
 * @param {any} Class
 * @param {(object: any) => { [name: string]: any }} factsOf numbers, strings, true or false; it must not throw
 */
function showFacts(Class, factsOf) {
  define(Class, inspect.custom, /** @this {any} */ function (_depth, options) {
    const facts = Object.entries(factsOf(this)).map(([name, value]) => `${name}: ${inspect(value, options)}`);
    return `${Class.name} { ${facts.join(', ')} }`;
  });
  define(Class, 'toJSON', /** @this {any} */ function () {
    return factsOf(this);
  });
}

/** Has `using` call a method of a class at the end of the block, where the runtime knows that. */
function disposable(Class, method) {
  if (disposeSymbol !== undefined) define(Class, disposeSymbol, Class.prototype[method]);
}

function define(Class, name, value) {
  Object.defineProperty(Class.prototype, name, { value, configurable: true, writable: true });
}

module.exports = { disposable, showFacts };
