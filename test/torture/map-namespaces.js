'use strict';
// A SharedMap between containers, in which all processes have the same pids: those who change it are killed, and
// the others take the dead for dead and the living for living.

const { hammer, killAll } = require('./support/hammer');
const { amount } = require('./support/harness');
const { runApart, startIn } = require('./support/containers');

async function all(counts) {
  Object.assign(counts, { kills: 0, operations: 0, repairs: 0, 'keys lost': 0, 'values torn': 0 });
  const kinds = ['host', 'pid', 'container', 'container'];
  let started = 0;
  await killAll(counts, amount(300, 6), (args) => startIn(kinds[started++ % kinds.length], __filename, args.concat('--role=hammer')));
}

runApart(__filename, all, { hammer: () => new Promise(hammer) });
