'use strict';
// A process that kills itself before its N-th step: every access by Atomics and every call of `wait` and `notify`
// is one. Nothing in lib/ knows of it: the functions are replaced before it is loaded.

const names = ['load', 'store', 'compareExchange', 'exchange', 'and', 'or', 'add'];

/** What counts steps: `arm(n)` kills the process before the n-th from now on; `taken()` is how many there were. */
function countSteps() {
  let taken = 0;
  let last = Infinity;
  const step = () => {
    if (++taken >= last) process.kill(process.pid, 'SIGKILL');
  };
  const replace = (object, name) => {
    const original = object[name];
    object[name] = (...args) => {
      step();
      return original.apply(object, args);
    };
  };
  names.forEach((name) => replace(Atomics, name));
  const binding = require('../../../lib/runtime/binding');
  ['notify', 'wait'].forEach((name) => replace(binding, name));
  return {
    arm(n) {
      taken = 0;
      last = n;
    },
    disarm() {
      last = Infinity;
      return taken;
    },
  };
}

module.exports = { countSteps };
