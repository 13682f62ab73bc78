'use strict';
// Calls that fail at their N-th step: every access by Atomics, every question to the kernel, and every call of a method
// inside, where a stack can overflow and a script be terminated. Nothing in lib/ knows of it: what is replaced here is
// replaced before lib/ looks it up, so this file has to be loaded first.

const vm = require('vm');

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

/** Has timers run at once, among them the one that looks for what was left behind: there are hundreds of failures. */
function hurry() {
  const clock = require('../lib/runtime/clock');
  const { setTimeout: later } = clock;
  clock.setTimeout = (callback, _delay, ...args) => later(callback, 1, ...args);
}

/** How a step can fail: `fail()` makes it, `run(act)` calls `act` with it; false if the machine was too slow for that. */
const ways = {
  'an exception': {
    fail() {
      throw new RangeError('a failing step');
    },
    run(act) {
      try {
        act();
      } catch (error) {
        if (error.message !== 'a failing step') throw error;
      }
      return true;
    },
  },
  'a terminated script': {
    fail() {
      for (;;);
    },
    run(act) {
      global.actOfThisTest = act;
      try {
        vm.runInThisContext('actOfThisTest()', { timeout: 10 });
        return true;
      } catch (error) {
        if (error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
        return false;
      }
    },
  },
};

/** Why a way is not tested. */
function isMissing(way) {
  const { bun, deno } = process.versions;
  return way === 'a terminated script' && (bun !== undefined || deno !== undefined) && 'this runtime does not terminate scripts';
}

module.exports = { addSteps, disarm, failAt, hurry, isMissing, ways };
