'use strict';
// SharedMap by itself: `node map.js get|set|increment CALLS` prints nanoseconds a call, over 100,000 keys with 100 bytes.

const shm = require('../..');

const [, , call, calls] = process.argv;
const KEYS = Math.min(100000, Number(calls));
const text = 'x'.repeat(100);

const map = new shm.SharedMap(`/shm-bench-map-${process.pid}`, { bytes: 2 * KEYS * 180, entries: KEYS + 1 });
const works = {
  get: (keys) => keys.forEach((key) => map.get(key)),
  set: (keys) => keys.forEach((key) => map.set(key, text)),
  increment: (keys) => keys.forEach((key) => map.increment(key)),
};

try {
  const keyOf = (index) => `user:${index}:session`;
  for (let index = 0; index < KEYS; index++) map.set(keyOf(index), call === 'increment' ? 0 : text);
  const keys = Array.from({ length: Number(calls) }, () => keyOf(Math.floor(Math.random() * KEYS)));
  works[call](keys);
  const start = process.hrtime();
  works[call](keys);
  const [seconds, nanoseconds] = process.hrtime(start);
  console.log((seconds * 1e9 + nanoseconds) / keys.length);
} finally {
  map.destroy();
}
