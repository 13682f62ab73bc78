'use strict';
// Locks by name, for all processes of a machine, as the Web Locks specification has them for the pages of a browser.
// What the calls promise is written, for editors, in lib/types/locks.d.ts; docs/locks.md tells when to use which.

const { detached, invalidType, systemError } = require('../errors');
const { flag, integer, oneOf, optionsReader, permissions, signal, timeout } = require('../options');
const { fieldReaders } = require('../structures/geometry');
const { disposable, showFacts } = require('../structures/inspect');
const { openStructure, opening } = require('../structures/opening');
const { User } = require('../structures/user');
const { standFor } = require('../memory/current');
const { stat } = require('../memory/stat');
const { reasonOf } = require('../wait/arguments');
const { notSupported, stolen } = require('./errors');
const { EXCLUSIVE, SHARED, kind } = require('./layout');
const { keyOfUser, uid } = require('./key');
const looks = require('./looks');
const { checkName } = require('./name');
const { Requests } = require('./requests');
const { requestsIn } = require('./describe');
const { Table } = require('./table');

const readOptions = optionsReader('LockManager', { ...fieldReaders(kind), perm: permissions, transient: flag });

const ofRequest = { mode: oneOf('exclusive', 'shared'), permits: integer(1, 2 ** 31 - 1), ifAvailable: flag, steal: flag, timeout, signal };
const readRequest = optionsReader('LockManager.request', ofRequest);
const readSync = optionsReader('LockManager.requestSync', { mode: ofRequest.mode, permits: ofRequest.permits, ifAvailable: flag, steal: flag, timeout }, [], { signal: 'LockManager.request' });

/** Whether requests of a manager can still meet those of others; looks at most once a second. */
let isUsable;

/** A lock, as its callback sees it. */
class Lock {
  #name;
  #mode;
  #ownerDied;

  constructor({ name, options, ownerDied }) {
    this.#name = name;
    this.#mode = options.mode === SHARED ? 'shared' : 'exclusive';
    this.#ownerDied = ownerDied;
  }

  get name() {
    return this.#name;
  }

  get mode() {
    return this.#mode;
  }

  get ownerDied() {
    return this.#ownerDied;
  }
}

class LockManager {
  #key;
  #requests;
  #table;
  #user;

  /** @param {any} [options] */
  constructor(key = undefined, options = undefined) {
    const given = readOptions(options);
    const { table, user, requests } = key === undefined ? openOfUser(given) : opening(key, (attempt) => open(key, given, attempt));
    this.#key = table.key;
    this.#table = table;
    this.#user = user;
    this.#requests = requests;
    user.endWith(this);
    standFor(this, user.array);
  }

  get key() {
    return this.#key;
  }

  async request(name, options, callback) {
    if (callback === undefined) [options, callback] = [undefined, options];
    const checked = checkedRequest(name, readRequest(options), callback);
    if (checked.signal !== undefined && checked.signal.aborted) throw reasonOf(checked.signal);
    const requests = this.#requests;
    this.#user.checkAttached();
    looks.begin(this, requests);
    const request = await requests.ask(name, checked);
    if (request === null) return callback(null);
    if (!requests.desk.has(request)) throw detached(this.#key); // between the grant and this moment
    return new Promise((resolve, reject) => {
      request.stolen = () => reject(stolen(name));
      if (request.isOver) request.stolen();
      const release = async (settle, value) => {
        try {
          await requests.release(request);
          settle(value);
        } catch (error) {
          reject(error);
        }
      };
      call(callback, new Lock(request)).then((value) => release(resolve, value), (error) => release(reject, error));
    });
  }

  requestSync(name, options, callback) {
    if (callback === undefined) [options, callback] = [undefined, options];
    const checked = checkedRequest(name, readSync(options), callback);
    this.#user.checkAttached();
    looks.begin(this, this.#requests);
    const request = this.#requests.askSync(name, checked);
    if (request === null) return callback(null);
    let value;
    try {
      value = callback(new Lock(request));
    } finally {
      this.#requests.releaseSync(request);
    }
    if (request.isOver) throw stolen(name);
    return value;
  }

  async query() {
    this.#user.checkAttached();
    const living = new Map();
    const found = await this.#requests.run(() => requestsIn(this.#table.words, this.#table.requests));
    const shown = (state) =>
      found.filter((request) => request.state === state && this.#table.isLiving(request.owner, living)).map(({ name, mode, owner, pid }) => ({ name, mode, clientId: String(owner), pid }));
    return { held: shown('held'), pending: shown('pending') };
  }

  detach() {
    standFor(this, null);
    this.#user.detach();
  }

  destroy() {
    standFor(this, null);
    return this.#user.destroy();
  }

  static {
    isUsable = (manager) => manager.#user.isAttached() && manager.#user.isCurrent();
    showFacts(LockManager, (manager) => {
      const { size, pending } = manager.#requests.desk;
      return { key: manager.#key, requests: manager.#table.requests, held: size - pending, pending };
    });
    disposable(LockManager, 'detach');
  }
}

/** The parts of a manager; none of them refers to it, so that it can be collected. */
function open(key, options, attempt, check = (_key) => {}) {
  const { words, values } = openStructure(attempt, key, kind, options);
  check(key);
  const table = new Table(words, values.requests, key);
  const user = new User(key, words, () => requests.close());
  const requests = new Requests(table, user);
  return { table, user, requests };
}

/** What a callback returns, as a promise; also of what it throws. */
async function call(callback, lock) {
  return callback(lock);
}

function checkedRequest(name, given, callback) {
  const { mode = 'exclusive', permits = 1, ifAvailable = false, steal = false, timeout: milliseconds = Infinity, signal: abort } = given;
  if (typeof callback !== 'function') throw invalidType('callback', 'a function', callback);
  checkName(name);
  for (const [isGiven, message] of [
    [steal && ifAvailable, '"steal" takes the lock from its holder, "ifAvailable" only from nobody'],
    [steal && mode === 'shared', 'a lock can only be stolen with { mode: "exclusive" }'],
    [steal && permits > 1, 'a lock with "permits" cannot be stolen'],
    [permits > 1 && mode === 'shared', '"permits" is for exclusive locks: shared ones can be held by any number'],
    [abort !== undefined && (steal || ifAvailable), 'a request with "steal" or "ifAvailable" does not wait, so it cannot be aborted by a "signal"'],
  ]) {
    if (isGiven) throw notSupported(`The options of a lock request contradict each other: ${message}`);
  }
  return { mode: mode === 'shared' ? SHARED : EXCLUSIVE, permits: mode === 'shared' ? 0 : permits, ifAvailable, steal, timeout: milliseconds, signal: abort };
}

/** The locks of this user on this machine. Somebody else may have taken the name first. */
function openOfUser(given) {
  const key = keyOfUser();
  checkOwner(key);
  return opening(key, (attempt) => open(key, { perm: 0o600, transient: true, ...given }, attempt, checkOwner));
}

function checkOwner(key) {
  const status = stat(key);
  if (status === null || status.uid === uid()) return;
  const message = `${key} belongs to user ${status.uid}, not to user ${uid()}, so it cannot be the locks of this user. Have it removed, or use a LockManager with a name of its own`;
  throw Object.assign(systemError('EACCES', 'open', message), { key });
}

module.exports = { LockManager, isUsable };
