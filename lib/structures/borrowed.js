'use strict';
// What a thread has for a while: a place of a channel or topic. It shows nothing after its end; a view that somebody
// has kept shows the place, whatever is in it by then.

const { outOfRange, withCode } = require('../errors');
const { disposable } = require('./inspect');

/** The place of what is over. */
const OVER = -1;

const EMPTY = Buffer.alloc(0);

// What the rooms do with the private parts.
/** @type {(borrowed: any) => any} */
let structureOf;
/** @type {(borrowed: any) => number} */
let placeOf;
/** @type {(borrowed: any, place: number) => void} */
let move;
/** @type {(borrowed: any) => void} */
let end;

class Borrowed {
  #structure;
  #place;
  #giveBack;
  /** How many bytes `data` shows, and the view of them, which is made when it is first wanted. */
  #shown;
  /** @type {Buffer | null} */
  #data = null;

  /** @param {(borrowed: any) => void} giveBack ends it and gives its place back, as long as the memory is attached */
  constructor(structure, place, length, giveBack) {
    this.#structure = structure;
    this.#place = place;
    this.#giveBack = giveBack;
    this.length = length;
    this.#shown = length;
  }

  /** @returns {any} */
  get data() {
    if (this.#place === OVER) return EMPTY;
    if (this.#data === null) {
      const start = this.#structure.start(this.#place);
      this.#data = this.#structure.bytes.subarray(start, start + this.#shown);
    }
    return this.#data;
  }

  release() {
    if (this.#place === OVER) return;
    if (this.#structure.isAttached()) this.#giveBack(this);
    else end(this);
  }

  static {
    structureOf = (borrowed) => borrowed.#structure;
    placeOf = (borrowed) => borrowed.#place;
    move = (borrowed, place) => {
      borrowed.#place = place;
    };
    end = (borrowed) => {
      borrowed.#place = OVER;
      borrowed.#data = null;
      borrowed.length = 0;
    };
  }
}

/** A place to be filled. */
class BorrowedToFill extends Borrowed {
  constructor(structure, place, giveBack) {
    super(structure, place, structure.size, giveBack);
    this.tag = 0;
  }
}

/** Throws unless a place to be filled can be handed on. */
function checkReady(loan) {
  const structure = structureOf(loan);
  if (placeOf(loan) === OVER) throw withCode(new Error('This loan is over: it was handed on or released'), 'ERR_SHM_RELEASED');
  structure.checkOpen();
  const { length, tag } = loan;
  if (!Number.isInteger(length) || length < 0 || length > structure.size) throw outOfRange('length', `an integer from 0 to ${structure.size}`, length);
  if (!Number.isInteger(tag) || tag !== (tag | 0)) throw outOfRange('tag', 'an integer of 32 bits, from −2³¹ to 2³¹ − 1', tag);
}

disposable(Borrowed, 'release');

module.exports = { Borrowed, BorrowedToFill, OVER, checkReady, end, move, placeOf, structureOf };
