'use strict';
// What is to be done about the dead, for who holds the mutex: their requests are ended, what they held is granted to the
// next ones, and lists that were left half changed are made anew.

const { FREE, HELD, BROKEN, MODE, OF_MAILBOX, ORDER, OWNER, PENDING, STATE } = require('./layout');
const { nameOf } = require('./name');

/** After the death of a mutex's owner: makes the lists anew, from the states. */
function repair(table) {
  const { words } = table;
  table.clear();
  const pending = [];
  const names = new Set();
  for (let request = table.used() - 1; request >= 0; request--) {
    const at = table.at(request);
    const state = words[at + STATE] & ~OWNER;
    if (words[at + STATE] === FREE) table.free(request);
    else if (words[at + MODE] !== OF_MAILBOX && state === HELD) table.link(request, HELD);
    else if (state === PENDING) pending.push(request);
  }
  pending.sort((a, b) => (words[table.at(a) + ORDER] - words[table.at(b) + ORDER]) | 0);
  for (const request of pending) {
    table.link(request, PENDING);
    names.add(nameOf(words, table.at(request)));
  }
  for (const name of names) table.grantNext(name, true);
}

/** Owners of requests, of whom some may be dead: a look without the mutex. */
function ownersSeen(table) {
  const seen = new Set();
  for (let request = 0, used = table.used(); request < used; request++) {
    const word = table.words[table.at(request) + STATE];
    if (word !== FREE) seen.add(word & OWNER);
  }
  return seen;
}

/** Ends the requests of the dead, and grants what they held, or what others wait for behind them. */
function sweep(table, dead) {
  const { words } = table;
  const names = new Set();
  for (let request = 0, used = table.used(); request < used; request++) {
    const word = words[table.at(request) + STATE];
    if (word === FREE || !dead.has(word & OWNER)) continue;
    const state = word & ~OWNER;
    if (words[table.at(request) + MODE] === OF_MAILBOX || state === BROKEN) {
      table.free(request);
      continue;
    }
    names.add(nameOf(words, table.at(request)));
    if (state === PENDING) table.remove(request, PENDING);
  }
  for (const name of names) table.grantNext(name, true);
}

/** Frees what the dead have held that nobody has asked for since: nobody will be told. */
function forgetDead(table) {
  const living = new Map();
  for (let request = 0, used = table.used(); request < used; request++) {
    const at = table.at(request);
    const isHeld = (table.words[at + STATE] & ~OWNER) === HELD && table.words[at + MODE] !== OF_MAILBOX;
    if (isHeld && table.isDead(request, living)) table.remove(request, HELD);
  }
}

module.exports = { forgetDead, ownersSeen, repair, sweep };
