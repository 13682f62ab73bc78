'use strict';
// Locks by name as a program meets them: requestSync and a thief, and `shm.locks`, which belong to the user.

const test = require('tape');
const { skip } = require('./messages');
const { freshName, shm } = require('./support');

async function withManager(use, options) {
  const key = freshName();
  const manager = new shm.LockManager(key, options);
  try {
    await use(manager, key);
  } finally {
    manager.destroy();
  }
}

test('requestSync throws after its callback if the lock was stolen', { skip }, (t) => withManager((manager, key) => {
  const other = new shm.LockManager(key);
  const steal = () => other.requestSync('a', { steal: true }, () => 'stolen');
  const log = [];
  const use = (options, callback) => {
    try {
      log.push(manager.requestSync('a', options, callback));
    } catch (error) {
      log.push(error.name);
    }
  };
  use({}, () => 'kept');
  use({}, steal);
  use({ mode: 'shared' }, steal);
  use({}, () => {
    steal();
    throw new RangeError('of the callback');
  });
  use({}, () => 'kept');
  t.deepEqual(log, ['kept', 'AbortError', 'AbortError', 'RangeError', 'kept']);
  other.detach();
}));
