'use strict';
// Messages from any number of processes and threads to any number of others, each to one of them. What the calls
// promise is written, for editors, in lib/types/channel.d.ts. sender.js and receiver.js decide when to wait and when to
// look for the dead, queue.js has the protocol.

const { kind } = require('./layout');
const { consume } = require('./consume');
const { Queue } = require('./queue');
const { Receiver } = require('./receiver');
const { Sender } = require('./sender');
const { standFor } = require('../memory/current');
const { callback, flag, integer, oneOf, optionsReader, permissions, signal } = require('../options');
const { deadlineAfter } = require('../structures/condition');
const { fieldReaders } = require('../structures/geometry');
const { disposable, showFacts } = require('../structures/inspect');
const { Iteration, iterationOptionsReader } = require('../structures/iterator');
const { payloadOf } = require('../structures/payload');
const { BUSY } = require('../structures/results');
const { opening } = require('../structures/opening');
const { timeoutReader, waitOptionsReader } = require('../wait/arguments');

const readOptions = optionsReader('a Channel', {
  ...fieldReaders(kind),
  perm: permissions,
  transient: flag,
  overflow: oneOf('wait', 'drop-oldest'),
});

/** What reads the options of the calls that return a promise, and the timeouts of those that block. */
const readWait = readersOf(['send', 'loan', 'receive', 'receiveInto'], (call) => waitOptionsReader(`Channel.${call}`));
const readTimeout = readersOf(['send', 'loan', 'receive', 'receiveInto'], (call) => timeoutReader(`Channel.${call}Sync`));
const readLoop = iterationOptionsReader('Channel.messages');
const readConsumeOptions = optionsReader(
  'Channel.consume',
  { signal, concurrency: integer(1, 2 ** 20), retries: retriesOf, onFailure: callback },
  [[({ retries = Infinity, onFailure }) => retries !== Infinity && onFailure === undefined, '"retries" takes "onFailure", or messages would be lost']],
);

function retriesOf(value, argument) {
  return value === Infinity ? value : integer(0, Number.MAX_SAFE_INTEGER)(value, argument);
}

function readersOf(calls, readerOf) {
  return Object.fromEntries(calls.map((call) => [call, readerOf(call)]));
}

/** What an attempt gave, for calls that do not wait. */
const orNull = (result) => (result === undefined || result === BUSY ? null : result);

class Channel {
  #queue;
  #sender;
  #receiver;

  constructor(key, options) {
    const checked = readOptions(options);
    this.#queue = opening(key, (attempt) => new Queue(key, checked, attempt));
    standFor(this, this.#queue.words);
    this.#sender = new Sender(this.#queue, checked.overflow === 'drop-oldest');
    this.#receiver = new Receiver(this.#queue);
  }

  get key() {
    return this.#queue.key;
  }

  get slots() {
    return this.#queue.slots;
  }

  get size() {
    return this.#queue.size;
  }

  get closed() {
    return this.#queue.closed;
  }

  async send(data, options) {
    await this.#sender.send(payloadOf(data, this.#queue.size), readWait.send(options));
  }

  sendSync(data, options) {
    this.#sender.sendSync(payloadOf(data, this.#queue.size), readTimeout.send(options));
  }

  trySend(data) {
    return this.#sender.trySend(payloadOf(data, this.#queue.size));
  }

  async loan(options) {
    return this.#queue.freeSlots.wait(this.#sender.loan, readWait.loan(options));
  }

  loanSync(options) {
    return this.#sender.loanSync(readTimeout.loan(options));
  }

  tryLoan() {
    return orNull(this.#queue.freeSlots.attempt(this.#sender.loan, 0));
  }

  async receive(options) {
    return this.#queue.messages.wait(this.#receiver.message, readWait.receive(options));
  }

  receiveSync(options) {
    const timeout = readTimeout.receive(options);
    return this.#queue.messages.waitSync(this.#receiver.message, timeout, deadlineAfter(timeout));
  }

  tryReceive() {
    return orNull(this.#queue.messages.attempt(this.#receiver.message, 0));
  }

  async receiveInto(buffer, options) {
    return this.#queue.messages.wait(this.#receiver.into(buffer), readWait.receiveInto(options));
  }

  receiveIntoSync(buffer, options) {
    const timeout = readTimeout.receiveInto(options);
    return this.#queue.messages.waitSync(this.#receiver.into(buffer), timeout, deadlineAfter(timeout));
  }

  tryReceiveInto(buffer) {
    return orNull(this.#queue.messages.attempt(this.#receiver.into(buffer), 0));
  }

  async consume(handler, options) {
    callback(handler, 'handler');
    await consume(this.#receiver, handler, readConsumeOptions(options));
  }

  messages(options) {
    return new Iteration(this.#receiver.source(), readLoop(options));
  }

  [Symbol.asyncIterator]() {
    return this.messages();
  }

  close() {
    this.#queue.close();
  }

  detach() {
    standFor(this, null);
    this.#queue.detach();
  }

  destroy() {
    standFor(this, null);
    return this.#queue.destroy();
  }

  static {
    showFacts(this, (channel) => channel.#queue.facts());
    disposable(this, 'detach');
  }
}

module.exports = { Channel };
