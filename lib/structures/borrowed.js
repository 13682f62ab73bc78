'use strict';
// What a thread holds for a while: a place of a channel or topic. It shows nothing after its end; a view that
// somebody has kept shows the place, whatever is in it by then.

const { withCode } = require('../errors');
const { EMPTY, checkLoan } = require('./payload');

/** The place of what is over. */
const OVER = -1;

/** @type {any} */
const disposeSymbol = Symbol.dispose;

class Held {
  constructor(structure, place, length) {
    const start = structure.start(place);
    this.structure = structure;
    this.place = place;
    this.data = structure.bytes.subarray(start, start + length);
    this.length = length;
  }

  release() {
    const { structure, place } = this;
    if (place === OVER) return;
    end(this);
    if (structure.isAttached()) this.giveBack(structure, place);
  }

  /** What there is to do about the place. */
  giveBack(_structure, _place) {}
}

/** A place to be filled. */
class HeldLoan extends Held {
  constructor(structure, place) {
    super(structure, place, structure.size);
    this.tag = 0;
  }
}

/** Throws unless a loan can be handed on. */
function checkReady(loan) {
  if (loan.place === OVER) throw withCode(new Error('This loan is over: it was handed on or released'), 'ERR_SHM_RELEASED');
  loan.structure.checkOpen();
  checkLoan(loan, loan.structure.size);
}

function end(held) {
  held.place = OVER;
  held.data = EMPTY;
  held.length = 0;
}

if (disposeSymbol !== undefined) {
  Object.defineProperty(Held.prototype, disposeSymbol, { value: Held.prototype.release, configurable: true, writable: true });
}

module.exports = { Held, HeldLoan, checkReady, end };
