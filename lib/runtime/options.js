'use strict';
// Options objects: what a call was given, whatever somebody has put on Object.prototype.

const { invalidType, invalidValue } = require('../errors');

/**
 * The own, enumerable options of a call as an object without a prototype, each read once: a getter
 * may give something else the next time.
 *
 * @param {any} options undefined for none
 * @param {string[]} known the names that the call has
 * @returns {Record<string, any>}
 */
function ownOptions(options, known) {
  const own = Object.create(null);
  if (options === undefined) return own;
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  for (const name of Object.keys(options)) {
    const value = options[name];
    if (!known.includes(name)) {
      throw invalidValue(`options.${name}`, `is not an option; the options are ${known.join(', ')}`, value);
    }
    own[name] = value;
  }
  return own;
}

module.exports = { ownOptions };
