'use strict';
// What `for await` goes through. By hand: an async generator takes twice as many promises, and its `return` waits for a
// `next` that may never end.

const clock = require('../runtime/clock');
const { reasonOf } = require('../wait/arguments');
const { flag, optionsReader, signal: signalOf } = require('../options');
const { isResult } = require('./results');

/** The event loop has a turn after so many, or so many milliseconds: promises alone would not let it. */
const RECEIVED_PER_TURN = 64;
const MILLISECONDS_PER_TURN = 2;

/** What reads the options of a loop: those of its calls, which have no timeout. */
function iterationOptionsReader(call) {
  const read = optionsReader(call, { signal: signalOf, ref: flag });
  return (given) => {
    const { signal, ref = true } = read(given);
    return { timeout: Infinity, signal, ref };
  };
}

const turn = () => new Promise((resolve) => clock.setImmediate(resolve));

/** What a channel or topic receives, until it is closed; each is given back when the loop goes on or ends. */
class Iteration {
  #source;
  #options;
  /** What the loop has now. @type {{ release(): void } | null} */
  #received = null;
  /** The call that waits for the next. @type {any} */
  #call = null;
  #isOver = false;
  #receivedInTurn = 0;
  #turnBegan = clock.now();
  /** How many calls of `next` have not been answered. */
  #unanswered = 0;
  /** @type {Promise<any>} */
  #lastAnswer = Promise.resolve();

  /**
   * @param {{ condition: any, attempt: () => any, putBack: (received: any) => void }} source what to wait for; what there
   *   is at once, without blocking: null at the end, undefined or BUSY for nothing; and what undoes that
   * @param {any} options of the calls that wait
   */
  constructor(source, options) {
    this.#source = source;
    this.#options = options;
  }

  next() {
    // One after the other, if somebody does not wait for the answer.
    const isAlone = this.#unanswered++ === 0;
    const answer = () => this.#goOn();
    return (this.#lastAnswer = isAlone ? answer() : this.#lastAnswer.then(answer, answer));
  }

  /** Ends it at once: a `next` that waits is told so, and takes nothing any more. */
  async return(value) {
    this.#isOver = true;
    this.#release();
    if (this.#call !== null) this.#call.succeed(null);
    return { value, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async #goOn() {
    try {
      if (this.#received !== null) {
        this.#release();
        await this.#giveTurn();
      }
      let received = this.#now();
      if (!isResult(received)) received = await this.#later();
      if (received === null) this.#isOver = true;
      else if (this.#isOver) this.#source.putBack(received); // it was ended when the message was on its way
      else this.#received = received;
      return { value: this.#isOver ? undefined : received, done: this.#isOver };
    } catch (error) {
      this.#isOver = true;
      throw error;
    } finally {
      this.#unanswered--;
    }
  }

  /** What there is at once, as a rule without a promise. */
  #now() {
    if (this.#isOver) return null;
    const { signal } = this.#options;
    if (signal !== undefined && signal.aborted) throw reasonOf(signal);
    return this.#source.condition.attempt(this.#source.attempt);
  }

  async #later() {
    this.#call = this.#source.condition.calls.add(this.#source.attempt, this.#options);
    try {
      return await this.#call.promise;
    } finally {
      this.#call = null;
    }
  }

  async #giveTurn() {
    if (++this.#receivedInTurn < RECEIVED_PER_TURN && clock.now() - this.#turnBegan < MILLISECONDS_PER_TURN) return;
    await turn();
    this.#receivedInTurn = 0;
    this.#turnBegan = clock.now();
  }

  #release() {
    const received = this.#received;
    this.#received = null;
    if (received !== null) received.release();
  }
}

module.exports = { Iteration, iterationOptionsReader };
