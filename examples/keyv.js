'use strict';
// A store for keyv 5 and 6 (https://www.npmjs.com/package/keyv): what one process has put there, all of them get.
//
//   npm install keyv && node examples/keyv.js

const { fork } = require('child_process');
const { Keyv } = require('keyv');
const shm = require('shm-typed-array');

/**
 * keyv makes text of values, puts its namespace before keys, and counts in milliseconds, as the map does. The methods
 * are async: keyv 6 takes a store whose methods are not for a Map, and hands it objects without their time to live.
 */
class SharedStore {
  constructor(name, options) {
    this.map = new shm.SharedMap(name, options);
  }

  async get(key) {
    return this.map.get(key);
  }

  async has(key) {
    return this.map.has(key);
  }

  async set(key, text, ttl) {
    this.map.set(key, text, { ttl });
    return true;
  }

  async delete(key) {
    return this.map.delete(key);
  }

  /** keyv 5 tells its store the namespace, and wants only that to go. keyv 6 does so by `iterator` and `delete`. */
  async clear() {
    if (this.namespace === undefined) return this.map.clear();
    for (const key of this.map.keys()) if (key.startsWith(`${this.namespace}:`)) this.map.delete(key);
  }

  async *iterator() {
    yield* this.map;
  }
}

if (require.main === module) {
  const name = process.argv[2] || `/keyv-${process.pid}`;
  const store = new SharedStore(name, { bytes: 64e6, evict: true });
  const users = new Keyv({ store, namespace: 'users' });
  if (process.argv[2] === undefined) {
    fork(__filename, [name]).on('exit', async () => {
      console.log(await users.get('ada'));
      store.map.destroy();
    });
  } else users.set('ada', { born: 1815 }, 60000);
}

module.exports = { SharedStore };
