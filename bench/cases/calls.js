'use strict';
// What create, get, detach and destroy cost, for memory of 4 KB.

const { compare } = require('../works');

const bars = { floor: 1.25, 'Node-API': null, '0.1.1': 0.85 };

const works = [
  { work: 'sysv-create-detach', label: 'System V `create` + `detach`', keys: 'new', bars },
  { work: 'posix-create-destroy', label: 'POSIX `create` + `destroy`', keys: 'new', bars: { floor: 1.25, 'Node-API': null, '0.1.1': 1 } },
  { work: 'sysv-get', label: 'System V `get`, attached already', keys: 'attached', bars },
  { work: 'posix-get', label: 'POSIX `get`, attached already', keys: 'attached', bars },
  { work: 'sysv-get-detach', label: "System V `get` + `detach`, another process's", keys: 'existing', bars },
  { work: 'posix-get-detach', label: "POSIX `get` + `detach`, another process's", keys: 'existing', bars },
];

async function run(bench) {
  const rows = [];
  for (const { label, bars, ...options } of works) {
    const numbers = await compare(bench, { count: 1000, passes: 20, rounds: 15, withNodeApi: true, ...options });
    rows.push({ label, unit: 'µs', scale: 1e3, numbers, bars });
  }
  return rows;
}

module.exports = {
  name: 'calls',
  title: 'Calls, 4 KB',
  note: 'The floor makes the same system calls in C; “Node-API” makes them in the least addon that hands the memory to JavaScript and back. 0.1.1 neither reserves a POSIX object nor makes it atomically.',
  run,
};
