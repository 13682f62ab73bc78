'use strict';
// The newest frame, from one writer at a time to any number of readers. What the calls promise is written, for
// editors, in lib/types/topic.d.ts. reader.js and writer.js decide what is read and written, frames.js knows where.

const { standFor } = require('../memory/current');
const { flag, optionsReader, permissions } = require('../options');
const { deadlineAfter } = require('../structures/condition');
const { fieldReaders } = require('../structures/geometry');
const { disposable, showFacts } = require('../structures/inspect');
const { Iteration, iterationOptionsReader } = require('../structures/iterator');
const { opening } = require('../structures/opening');
const { payloadOf } = require('../structures/payload');
const { timeoutReader, waitOptionsReader } = require('../wait/arguments');
const { Frames } = require('./frames');
const { kind } = require('./layout');
const { Reader } = require('./reader');
const { Writer } = require('./writer');

const readOptions = optionsReader('a Topic', { ...fieldReaders(kind), perm: permissions, transient: flag });

const asynchronous = Object.fromEntries(['loan', 'publish', 'receive'].map((call) => [call, waitOptionsReader(`Topic.${call}`)]));
const readLoop = iterationOptionsReader('Topic.frames');
const blocking = Object.fromEntries(['loanSync', 'publishSync', 'receiveSync'].map((call) => [call, timeoutReader(`Topic.${call}`)]));

class Topic {
  #frames;
  #reader;
  #writer;

  constructor(key, options) {
    const read = readOptions(options);
    this.#frames = opening(key, (attempt) => new Frames(key, read, attempt));
    standFor(this, this.#frames.words);
    this.#reader = new Reader(this.#frames);
    this.#writer = new Writer(this.#frames);
  }

  get key() {
    return this.#frames.key;
  }

  get size() {
    return this.#frames.size;
  }

  get history() {
    return this.#frames.history;
  }

  get readers() {
    return this.#frames.readers;
  }

  get closed() {
    return this.#frames.closed;
  }

  async loan(options) {
    return this.#writer.wait(this.#writer.loan, asynchronous.loan(options));
  }

  loanSync(options) {
    return this.#writer.waitSync(this.#writer.loan, blocking.loanSync(options));
  }

  tryLoan() {
    return this.#writer.attemptInTurn(this.#writer.loan) || null;
  }

  async publish(data, options) {
    await this.#writer.wait(this.#publication(data), asynchronous.publish(options));
  }

  publishSync(data, options) {
    this.#writer.waitSync(this.#publication(data), blocking.publishSync(options));
  }

  tryPublish(data) {
    return this.#writer.attemptInTurn(this.#publication(data)) !== undefined;
  }

  async receive(options) {
    return this.#frames.newFrames.wait(this.#reader.next, asynchronous.receive(options));
  }

  receiveSync(options) {
    const timeout = blocking.receiveSync(options);
    return this.#frames.newFrames.waitSync(this.#reader.next, timeout, deadlineAfter(timeout));
  }

  tryReceive() {
    return this.#frames.newFrames.attempt(this.#reader.next) || null;
  }

  latest() {
    return this.#reader.newest();
  }

  frames(options) {
    return new Iteration(this.#reader.source(), readLoop(options));
  }

  [Symbol.asyncIterator]() {
    return this.frames();
  }

  leave() {
    this.#reader.leave();
  }

  close() {
    this.#frames.close();
  }

  detach() {
    standFor(this, null);
    this.#leave();
    this.#frames.detach();
  }

  destroy() {
    standFor(this, null);
    this.#leave();
    return this.#frames.destroy();
  }

  /** Ends what this object has lent. */
  #leave() {
    this.#reader.leave();
    this.#writer.leave();
  }

  #publication(data) {
    return this.#writer.publication(payloadOf(data, this.#frames.size));
  }

  static {
    showFacts(this, (topic) => topic.#frames.facts());
    disposable(this, 'detach');
  }
}

module.exports = { Topic };
