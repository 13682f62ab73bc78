'use strict';
// npm run test:model: explores the models of the lock and of waiting, and tells how many states
// there are. An error shows the way to a state that must not be.

const { explore } = require('./explore');
const { mutexModel } = require('./mutex');
const { threadsModel } = require('./threads');

const models = {
  'lock, no wakeup lost without timeouts': mutexModel({ rounds: [2, 2, 1], deaths: 0, timeouts: false, countsTurns: false }),
  'lock, turns counted, with timeouts': mutexModel({ rounds: [4, 2], deaths: 0, timeouts: true, countsTurns: true }),
  'lock, two of three die': mutexModel({ rounds: [1, 1, 1], deaths: 2, timeouts: true, countsTurns: true }),
  'waits of a watching thread': threadsModel,
};

for (const name of Object.keys(models)) console.log(`${name}: ${explore(models[name])} states, all right`);
