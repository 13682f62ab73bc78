'use strict';
// What the processes of one run share: memory, the time, which of them live, and who sleeps in the kernel.

const { Process } = require('./process');
const { Sequential } = require('./orders');
const { results } = require('./library');

class World {
  constructor(order = new Sequential()) {
    this.order = order;
    /** @type {ArrayBuffer | null} */
    this.buffer = null;
    this.time = 1e6;
    this.alive = new Set();
    this.processes = [];
    /** Who sleeps, the longest first. @type {any[]} */
    this.sleepers = [];
    /** Whether what a sleeper waits for is there: the class tells. */
    this.isDue = (_sleeper) => false;
    /** @type {((process: any, kind: string) => void) | null} */
    this.trace = null;
    this.waits = 0;
    this.deaths = 0;
    /** Whether all who sleep have looked for the dead. */
    this.hasLooked = false;
    /** Whether processes load all files anew: so nothing of an earlier run is left. */
    this.isFresh = false;
  }

  /** After the run. */
  end(leave = (_object) => {}) {
    this.buffer = null;
    for (const process of this.processes) process.end(leave);
  }

  process(name, open) {
    return new Process(this, name, open);
  }

  create(bytes) {
    if (this.buffer !== null) return false;
    this.buffer = new ArrayBuffer(bytes);
    return true;
  }

  /** The shared words, for who looks at them from outside of all processes. */
  words() {
    return new Int32Array(this.buffer);
  }

  /** A process is dead, or taken for dead: then it still sleeps where it does. */
  died(process, isGone = true) {
    this.deaths++;
    this.alive.delete(process.number);
    if (isGone) this.sleepers = this.sleepers.filter((sleeper) => sleeper.process !== process);
    // Whom it should have woken: a look-up finds those.
    for (const sleeper of this.sleepers) sleeper.isExcused = sleeper.isExcused || this.isDue(sleeper);
  }

  sleep(process, words, index, timeout, isAsync = false) {
    const sleeper = { process, address: words.byteOffset + 4 * index, index, id: ++this.waits, until: this.time + timeout, isAsync, isNotified: false, isExcused: false };
    // It was about to sleep when somebody died who may have been about to wake it: it looks up, too.
    sleeper.isExcused = process.deathsBefore !== this.deaths && this.isDue(sleeper);
    this.sleepers.push(sleeper);
    return sleeper;
  }

  wake(words, index, count) {
    const address = words.byteOffset + 4 * index;
    const woken = this.sleepers.filter((sleeper) => sleeper.address === address && !sleeper.isNotified).slice(0, count);
    for (const sleeper of woken) this.endWait(sleeper, results.OK);
    return woken.length;
  }

  cancel(process, id, result) {
    const sleeper = this.sleepers.find((other) => other.process === process && other.id === id && !other.isNotified);
    if (sleeper !== undefined) this.endWait(sleeper, result);
  }

  endWait(sleeper, result) {
    sleeper.isNotified = true;
    sleeper.result = result;
  }

  /** Lets those go on who have been woken, and others whom these wake. @param {(sleeper: any, outcome: any) => void} ended */
  resumeWoken(ended) {
    for (let next = this.woken(); next !== undefined; next = this.woken()) {
      this.sleepers.splice(this.sleepers.indexOf(next), 1);
      ended(next, next.process.resume(next.result));
    }
  }

  woken() {
    return this.sleepers.find((sleeper) => sleeper.isNotified && !sleeper.isAsync);
  }

  hasEvents() {
    return this.sleepers.some(({ isNotified, isAsync }) => isNotified && isAsync) || this.processes.some(({ immediates, unwinding }) => immediates.length > 0 && unwinding === null);
  }

  /** Tells those who wait without blocking what has ended their waits. */
  bringEvents() {
    const ended = this.sleepers.filter(({ isNotified, isAsync }) => isNotified && isAsync);
    this.sleepers = this.sleepers.filter((sleeper) => !ended.includes(sleeper));
    for (const { process, id, result } of ended) process.turn(() => process.library.onWaitEnded(id, result));
    for (const process of this.processes) process.turn(() => {});
  }

  /** Has who sleeps look up, as it does from time to time. */
  lookUp(sleeper, ended) {
    const at = this.sleepers.indexOf(sleeper);
    if (at < 0 || sleeper.isNotified) return;
    this.sleepers.splice(at, 1);
    ended(sleeper.process.resume(results.TIMED_OUT));
  }

  /** Those for whom something is there that nobody has woken them for. */
  forgotten() {
    return this.sleepers.filter((sleeper) => !sleeper.isNotified && !sleeper.isExcused && this.isDue(sleeper));
  }
}

module.exports = { World };
