'use strict';
// A Python program (examples/python/shared_map.py) reads the maps of Node.js.

const test = require('tape');
const { freshName, shm } = require('../support');
const { lacks, pythonScript, pythonWithPackages, run } = require('./programs');

const options = { skip: lacks('python3') };

const entries = {
  '': 'an empty key',
  a: 1.5,
  'seven77': 'x'.repeat(3000),
  'größe': 'ö',
  '🗝': [0, 255, 7],
  ['k'.repeat(300)]: -0.25,
  session: { user: 'ada', roles: ['admin'], name: 'Ä' },
  none: null,
};

let resolveIt;

function freshMap() {
  const map = new shm.SharedMap(freshName(), { bytes: 300000 });
  for (const key of Object.keys(entries)) map.set(key, key === '🗝' ? Buffer.from(entries[key]) : entries[key]);
  map.set('expired', 1, { ttl: 0.001 });
  return map;
}

test('shared_map.py gets what Node.js has set', options, async (t) => {
  const map = freshMap();
  const computing = map.compute('computing', () => new Promise((resolve) => (resolveIt = resolve)));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const get = (key) => JSON.parse(run(pythonWithPackages(), pythonScript('shared_map'), 'get', map.key, key));
  for (const key of Object.keys(entries)) t.deepEqual(get(key), entries[key], key.slice(0, 20));
  t.equal(get('expired'), null);
  t.equal(get('missing'), null);
  t.equal(get('computing'), null, 'what somebody computes is not there yet');
  resolveIt(5);
  await computing;
  t.equal(get('computing'), 5);
  map.destroy();
});

test('shared_map.py sees all entries, after many changes, too', options, (t) => {
  const map = freshMap();
  for (let index = 0; index < 20000; index++) {
    map.set(`passing ${index % 50}`, 'y'.repeat(index % 1000));
    map.delete(`passing ${(index * 7) % 50}`);
  }
  const lines = run(pythonWithPackages(), pythonScript('shared_map'), 'entries', map.key).trim().split('\n');
  const found = JSON.parse(`{${lines.join(',')}}`);
  const expected = {};
  for (const [key, value] of map) expected[key] = Buffer.isBuffer(value) ? Array.from(value) : value;
  t.deepEqual(found, expected);
  map.destroy();
  t.end();
});
