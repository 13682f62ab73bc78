'use strict';
// What `top` shows: again and again what there is, what it holds, and what it has passed on since the last look.

const shm = require('../index');
const { withProcesses } = require('./inventory');
const { findProcesses, identityOf } = require('./processes');
const { passedBetween, structureOf } = require('./structures');

/** To look into all processes of a large machine takes long: that is done in at most this part of the time. */
const PART_FOR_PROCESSES = 0.1;

class Samples {
  /**
   * @param {(string | number)[]} keys only these; none for all
   * @param {{ mine?: boolean }} flags `mine`: only what belongs to this user
   */
  constructor(keys, { mine }) {
    this.keys = keys;
    this.uid = mine ? /** @type {any} */ (process).getuid() : null;
    this.time = 0;
    /** @type {Map<string, any>} the structures of the last look, by what tells their memory */
    this.structures = new Map();
    this.processes = findProcesses();
    this.nextProcesses = 0;
  }

  /** The next look: what `list` tells of each, with `processes`, `orphan`, `structure` and what passes `perSecond`. */
  next() {
    const now = Date.now();
    if (now >= this.nextProcesses) {
      this.processes = findProcesses();
      this.nextProcesses = now + (Date.now() - now) / PART_FOR_PROCESSES;
    }
    const [before, seconds] = [this.structures, (now - this.time) / 1000];
    this.time = now;
    this.structures = new Map();
    const entries = this.statuses().map((status) => {
      const entry = withProcesses(status, this.processes.of, () => {});
      const structure = structureOf(entry, entry.processes);
      const memory = `${status.key} ${identityOf(status)}`;
      this.structures.set(memory, structure);
      const passed = passedBetween(before.get(memory) || null, structure);
      return Object.assign(entry, { structure, perSecond: passed === null ? null : perSecond(passed, seconds) });
    });
    return { time: new Date(now), entries };
  }

  statuses() {
    if (this.keys.length > 0) return this.keys.map((key) => shm.stat(key)).filter((status) => status !== null);
    return shm.list().filter((status) => this.uid === null || status.uid === this.uid);
  }
}

function perSecond(passed, seconds) {
  const rates = {};
  for (const name of Object.keys(passed)) rates[name] = Math.round(passed[name] / seconds);
  return rates;
}

module.exports = { Samples };
