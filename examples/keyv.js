'use strict';
// A store for keyv (https://www.npmjs.com/package/keyv): what one process has put there, all of them get.
//
//   npm install keyv && node examples/keyv.js

const { fork } = require('child_process');
const { default: Keyv } = require('keyv');
const shm = require('shm-typed-array');

/** keyv makes text of values, puts its namespace before keys, and counts in milliseconds, as the map does. */
class SharedStore extends shm.SharedMap {
  set(key, text, ttl) {
    return super.set(key, text, { ttl });
  }

  /** Only what belongs to the namespace, which keyv tells its store. */
  clear() {
    if (this.namespace === undefined) return super.clear();
    for (const key of this.keys()) if (key.startsWith(`${this.namespace}:`)) this.delete(key);
  }
}

if (require.main === module) {
  const name = process.argv[2] || `/keyv-${process.pid}`;
  const store = new SharedStore(name, { bytes: 64e6, evict: true });
  const users = new Keyv({ store, namespace: 'users' });
  if (process.argv[2] === undefined) {
    fork(__filename, [name]).on('exit', async () => {
      console.log(await users.get('ada'));
      store.destroy();
    });
  } else users.set('ada', { born: 1815 }, 60000);
}

module.exports = { SharedStore };
