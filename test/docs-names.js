'use strict';
// The documentation's keys, replaced by ones that nobody else uses: a block must not meet, and never
// destroy, what a user of this machine has under the same name.

const { freshName } = require('./support');

// A name stands in quotes, after a space, or behind the directory of objects.
const NAME = /(^|['"`\s]|\/dev\/shm)(\/[a-z][\w-]*)(?=['"`\s)]|$)/gm;
// Python's own class takes it without the slash.
const PYTHON_NAME = /(SharedMemory\(["'])([a-z][\w-]*)/g;

/** The names in these texts, each with a fresh one. */
function fresh(...texts) {
  const names = new Map();
  const add = (name) => {
    if (!names.has(name)) names.set(name, freshName());
  };
  texts.filter(Boolean).forEach((text) => {
    text.replace(NAME, (_, before, name) => add(name));
    text.replace(PYTHON_NAME, (_, before, name) => add(`/${name}`));
  });
  return names;
}

/** The text with the fresh names. */
function freshly(text, names) {
  return text
    .replace(NAME, (_, before, name) => before + names.get(name))
    .replace(PYTHON_NAME, (_, before, name) => before + names.get(`/${name}`).slice(1));
}

module.exports = { fresh, freshly };
