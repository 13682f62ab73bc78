'use strict';
// Random sequences of all public calls, by three processes and two worker threads, against a simple
// model of what must come out. A difference is shrunk to the shortest sequence that shows it, and
// `--seed=N` repeats a run.

const fc = require('fast-check');
const path = require('path');
const { amount, check, freshKey, freshName, run, seed, start } = require('./support/harness');
const { KEYS, calls, command } = require('./support/calls');

const keys = Array.from({ length: KEYS }, (_, index) => (index % 2 === 0 ? freshKey() : freshName()));

/** Actors 0, 1, 2 are processes; 3 and 4 are worker threads of the third. */
const processes = [];
const actors = [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2]];

function ask(number, message) {
  const [index, thread] = actors[number];
  const child = processes[index];
  return new Promise((resolve, reject) => {
    const end = (code, signal) => reject(new Error(`actor ${number} ended: ${code} ${signal}`));
    child.once('exit', end);
    child.once('message', (result) => {
      child.removeListener('exit', end);
      resolve(result);
    });
    child.send(Object.assign({ thread }, message));
  });
}

function modelActors() {
  const system = new Array(KEYS).fill(null);
  return actors.map(() => ({
    system,
    attached: Array.from({ length: KEYS }, () => []),
    created: new Array(KEYS).fill(null),
    views: [],
  }));
}

/** Starts the processes that do not run, or no longer. */
function startActors() {
  for (let index = 0; index < 3; index++) {
    if (processes[index] !== undefined && processes[index].connected) continue;
    processes[index] = start(path.join(__dirname, 'support', 'actor.js'), []);
    processes[index].on('error', () => {}); // it has ended, which `ask` tells
  }
}

async function sequence(commands, counts) {
  startActors();
  for (let number = 0; number < actors.length; number++) await ask(number, { keys });
  const models = modelActors();
  for (const { actor, calls: todo } of commands) {
    const results = await ask(actor, { todo });
    todo.forEach(({ name, args }, index) => {
      const expected = calls[name].model(models[actor], ...args);
      const found = JSON.stringify(results[index]);
      counts.calls++;
      check(found === JSON.stringify(expected), `actor ${actor}: ${name}(${args.join(', ')}) gave ${found} instead of ${JSON.stringify(expected)}`);
    });
  }
}

run(async (counts) => {
  counts.calls = 0;
  const wanted = amount(1000000, 20000);
  const property = fc.asyncProperty(
    fc.array(command, { minLength: 20, maxLength: 150, size: 'max' }),
    (commands) => sequence(commands, counts),
  );
  console.log(`seed ${seed}`);
  try {
    // About 85 commands of 5.5 calls are a sequence.
    await fc.assert(property, { seed, numRuns: Math.ceil(wanted / 400), endOnFailure: false });
    counts.differences = 0;
    counts.signals = 0;
    counts.seed = seed;
  } finally {
    for (const child of processes) if (child.connected) child.disconnect();
  }
});
