'use strict';
// What the tests of locks by name share.

const { freshName, shm } = require('./support');

/** Does `use(manager, key, words)` with a LockManager that is destroyed afterwards. */
async function withManager(use, options) {
  const key = freshName();
  const manager = new shm.LockManager(key, options);
  try {
    await use(manager, key, shm.get(key, 'Int32Array'));
  } finally {
    manager.destroy();
  }
}

/** How a promise ends: 'fulfilled', or its error's code or name. */
const codeOf = (promise) => promise.then(() => 'fulfilled', (error) => error.code || error.name);

module.exports = { codeOf, withManager };
