'use strict';
// The examples of two tiers, with a Redis server and its own client: what is consistent, and what is not.

const path = require('path');
const test = require('tape');
const { redisServer, startRedis } = require('../../scripts/redis');
const { freshName, isBun, isDeno, nodeMajor, runScript, until } = require('../support');

const server = nodeMajor < 20 || isBun || isDeno ? { reason: "Redis's client needs Node.js 20" } : redisServer();
const options = { skip: server.reason };
const example = (name) => path.join(__dirname, '..', '..', 'examples', `${name}.js`);

let port = 20000 + (process.pid % 40000);

/** A test with a server of its own, and with what makes clients of it. */
function withRedis(name, run) {
  test(name, options, async (t) => {
    const { url, stop } = await startRedis(server, port++);
    const { createClient } = require('redis');
    const { TwoTiers } = require(example('two-tiers'));
    const opened = [];
    const connect = async () => {
      const client = await createClient({ url }).on('error', () => {}).connect();
      opened.push(() => client.close());
      return client;
    };
    const machine = async (settings, redis) => {
      const tiers = new TwoTiers(freshName(), redis || (await connect()), settings);
      opened.unshift(() => tiers.close());
      return tiers;
    };
    try {
      await run(t, { url, connect, machine });
    } finally {
      for (const close of opened) await close().catch(() => {});
      await stop();
    }
  });
}

withRedis('two-tiers: all processes of two machines see the last value, and few ask Redis', async (t, { url }) => {
  const { code, stdout, stderr } = await runScript(example('two-tiers'), [url]);
  t.equal(code, 0, stderr);
  const [, reads, commands] = /^4 processes of 2 machines saw 9,9,9,9\n(\d+) reads took (\d+) of Redis\n$/.exec(stdout) || [];
  t.ok(Number(reads) >= 4 && Number(commands) < 200, stdout);
});

withRedis('jobs-from-redis: every job is done, though a worker is killed', async (t, { url }) => {
  const { code, stdout, stderr } = await runScript(example('jobs-from-redis'), [url]);
  t.equal(code, 0, stderr);
  t.equal(stdout, '100 jobs done, 0 pending\n');
});

withRedis('a machine that follows sees the change of another; one that does not, after its ttl', async (t, { machine }) => {
  const [writer, follower, other] = [await machine(), await machine({ ttl: 60000 }), await machine({ ttl: 500 })];
  await follower.follow();
  await writer.set('a', 1);
  for (const tiers of [writer, follower, other]) t.equal(await tiers.get('a'), 1);
  await writer.set('a', 2);
  t.equal(await writer.get('a'), 2, 'the machine that has stored it, at once');
  for (const tiers of [follower, other]) await eventually(() => tiers.get('a'), 2);
  t.equal(await writer.get('none'), null);
});

withRedis('what was missed while the connection was lost is read again', async (t, { machine, connect }) => {
  const [writer, follower, admin] = [await machine(), await machine({ ttl: 60000 }), await connect()];
  await follower.follow();
  await writer.set('a', 1);
  t.equal(await follower.get('a'), 1);
  const { map } = follower;
  const clear = map.clear.bind(map);
  let cleared = 0;
  map.clear = () => {
    clear();
    cleared++;
  };
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
  await writer.set('a', 2);
  await until(() => cleared > 0, 'it is connected again');
  t.equal(await follower.get('a'), 2);
});

withRedis('a value that was read before a change is not given after it', async (t, { machine, connect }) => {
  const redis = await connect();
  let goOn = null;
  const slow = {
    eval: (...args) => redis.eval(...args),
    async hGetAll(key) {
      const found = await redis.hGetAll(key);
      if (goOn === null) await new Promise((resolve) => (goOn = resolve));
      return found;
    },
  };
  const tiers = await machine({ ttl: 60000 }, slow);
  await (await machine({}, redis)).set('a', 'old');
  const reading = tiers.get('a');
  await until(() => goOn !== null, 'it has read the old one');
  await tiers.set('a', 'new');
  goOn();
  t.equal(await reading, 'new');
  t.equal(await tiers.get('a'), 'new');
});

withRedis('while Redis is away, what is in the map is read on', async (t, { machine, connect }) => {
  const redis = await connect();
  const tiers = await machine({ ttl: 60000 }, redis);
  await tiers.set('a', 1);
  t.equal(await tiers.get('a'), 1);
  redis.destroy();
  t.equal(await tiers.get('a'), 1);
  const failed = await tiers.get('b').then(() => null, (error) => error);
  t.ok(failed instanceof Error, String(failed));
});

/** Asks again until that is the answer. */
async function eventually(ask, expected) {
  const deadline = Date.now() + 20000;
  while ((await ask()) !== expected) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${expected}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
