'use strict';
// Calls that fail at their N-th step: every access by Atomics, every question to the kernel, and every call of a method
// inside, where a stack can overflow and a script be terminated. Nothing in lib/ knows of it: what is replaced here is
// replaced before lib/ looks it up, so this file has to be loaded first.

const atomics = ['load', 'store', 'compareExchange', 'exchange', 'and', 'or', 'xor', 'add'];

let left = Infinity;
let fail = null;

function step() {
  if (--left > 0) return;
  left = Infinity;
  fail();
}

function replace(object, name) {
  const original = object[name];
  object[name] = function (...args) {
    step();
    return original.apply(this, args);
  };
}

atomics.forEach((name) => replace(Atomics, name));

/** Makes steps of what a loaded class and the kernel do. @param {any[]} classes */
function addSteps(classes) {
  const binding = require('../lib/runtime/binding');
  ['notify', 'wait', 'isOwnerAlive'].forEach((name) => replace(binding, name));
  for (const { prototype } of classes) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const { value } = Object.getOwnPropertyDescriptor(prototype, name);
      if (name !== 'constructor' && typeof value === 'function') replace(prototype, name);
    }
  }
}

/** Has `action` called before the N-th step from now on. */
function failAt(step, action) {
  left = step;
  fail = action;
}

/** No step fails any more; whether one has failed. */
function disarm() {
  const hasFailed = left === Infinity;
  left = Infinity;
  return hasFailed;
}

module.exports = { addSteps, disarm, failAt };
