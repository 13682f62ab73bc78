'use strict';
// Two tiers of a cache: a SharedMap for the processes of a machine, in front of Redis for all machines.
// Here two "machines" of two processes each are on one, with a map each. It needs `npm install redis` and a server.
//
//   node examples/two-tiers.js redis://127.0.0.1:6379

const { fork } = require('child_process');
const { createClient } = require('redis');
const shm = require('shm-typed-array');

const CHANNEL = 'changed';

/** Stores a value, counts its version and tells all machines, in one step of the server. */
const STORE = `
  local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
  redis.call('HSET', KEYS[1], 'value', ARGV[1])
  redis.call('PUBLISH', ARGV[2], KEYS[1] .. ' ' .. version)
  return version`;

class TwoTiers {
  /** `ttl`: for so many milliseconds at most a machine that misses a message has an old value. */
  constructor(name, redis, { bytes = 16e6, ttl = 10000 } = {}) {
    this.map = new shm.SharedMap(name, { bytes, evict: true, transient: true });
    this.redis = redis;
    this.ttl = ttl;
  }

  /** Hears of changes by other machines. One process of each machine is enough; more do no harm. */
  async follow() {
    this.subscriber = this.redis.duplicate();
    this.subscriber.on('error', () => {}); // it connects again
    this.subscriber.on('ready', () => this.map.clear()); // what was missed meanwhile is not known
    await this.subscriber.connect();
    await this.subscriber.subscribe(CHANNEL, (message) => {
      const [key, version] = message.split(' ');
      this.forget(key, Number(version));
    });
  }

  /** From the map; if it is not there, one process of the machine asks Redis, and the others wait for it. */
  async get(key) {
    for (let tries = 1; ; tries++) {
      const found = await this.load(key);
      // An older one was read before the change that this machine has heard of, and stored after it. (Where Redis
      // itself has lost changes, at a failover, there is nothing newer to be had.)
      if (found.version >= (this.map.get(`version:${key}`) || 0) || tries === 3) return found.value;
      this.map.delete(key);
    }
  }

  load(key) {
    return this.map.compute(key, async () => {
      const { version = 0, value = 'null' } = await this.redis.hGetAll(key);
      return { version: Number(version), value: JSON.parse(value) };
    }, { ttl: this.ttl });
  }

  /** When it resolves, all processes of this machine see the value; those of others when the message is there. */
  async set(key, value) {
    const version = await this.redis.eval(STORE, { keys: [key], arguments: [JSON.stringify(value), CHANNEL] });
    this.forget(key, version);
  }

  /** The value before that version is not to be given any more. */
  forget(key, version) {
    this.map.update(`version:${key}`, (known = 0) => Math.max(known, version));
    this.map.delete(key);
  }

  async close() {
    if (this.subscriber) await this.subscriber.close();
    this.map.detach();
  }
}

/** A process of a machine: reads until it sees the last price. */
async function read(url, name, leads) {
  const redis = await createClient({ url }).on('error', () => {}).connect();
  const cache = new TwoTiers(name, redis);
  if (leads) await cache.follow();
  process.send('ready');
  let [reads, last] = [0, -1];
  for (; last < 9; reads++) {
    const price = (await cache.get('price')) || { euros: 0 };
    if (price.euros < last) throw new Error(`${price.euros} after ${last}`);
    last = price.euros;
    if (reads % 1000 === 0) await new Promise(setImmediate); // let messages in
  }
  await new Promise((resolve) => process.send({ name, reads, euros: last }, resolve));
  await cache.close();
  await redis.close();
  process.disconnect();
}

async function main(url) {
  const redis = await createClient({ url }).on('error', () => {}).connect();
  await redis.del('price');
  const machines = ['a', 'b'].map((machine) => `/two-tiers-${machine}-${process.pid}`);
  const readers = machines.concat(machines).map((name, index) => fork(__filename, [url, name, index < 2 ? 'leads' : '']));
  await Promise.all(readers.map((reader) => new Promise((resolve) => reader.once('message', resolve))));
  const ends = Promise.all(readers.map((reader) => new Promise((resolve) => reader.once('message', resolve))));
  const writer = new TwoTiers(machines[0], redis);
  for (let euros = 1; euros < 10; euros++) {
    await writer.set('price', { euros });
    if ((await writer.get('price')).euros !== euros) throw new Error('a machine does not see what it has stored');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const seen = await ends;
  const commands = /cmdstat_hgetall:calls=(\d+)/.exec(await redis.info('commandstats'))[1];
  console.log(`4 processes of 2 machines saw ${seen.map(({ euros }) => euros)}`);
  console.log(`${seen.reduce((sum, { reads }) => sum + reads, 0)} reads took ${commands} of Redis`);
  await writer.close();
  await redis.close();
}

if (require.main === module) {
  const [url = 'redis://127.0.0.1:6379', name, leads] = process.argv.slice(2);
  (name ? read(url, name, leads === 'leads') : main(url)).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

module.exports = { TwoTiers };
