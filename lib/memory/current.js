'use strict';
// Whether memory is still what its key leads to: something may have removed or replaced the key while the memory is
// in use.

const { isAttached, wholeOf } = require('../arrays/buffers');
const { isView } = require('../arrays/intrinsics');
const { invalidType, invalidValue, replaced } = require('../errors');
const binding = require('../runtime/binding');

/** Structure → an array over its memory, or null after its detach. @type {WeakMap<object, any>} */
const arrays = new WeakMap();

/** Has `isCurrent` take a structure for the memory that an array is over; null: it has none any more. */
function standFor(structure, array) {
  arrays.set(structure, array);
}

/** Whether the key of an array, or of a structure, still leads to the very memory that it has attached. */
function isCurrent(arrayOrStructure) {
  const known = arrays.get(arrayOrStructure);
  if (known === null) return false;
  const array = known || arrayOrStructure;
  if (!isView(array)) {
    throw invalidType('arrayOrStructure', 'an array over shared memory, or a structure in it', arrayOrStructure);
  }
  const current = binding.isCurrent(wholeOf(array));
  if (current !== undefined) return current;
  if (!isAttached(array)) return false;
  throw invalidValue('arrayOrStructure', 'must be over memory that this thread has attached', arrayOrStructure);
}

/** Throws if the array's key leads elsewhere by now. An array that is detached has its own error. */
function checkCurrent(array) {
  if (binding.isCurrent(array) === false) throw replaced(binding.keyOf(array));
}

module.exports = { checkCurrent, isCurrent, standFor };
