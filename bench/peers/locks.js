'use strict';
// A free lock by name: `node locks.js this|web CALLS` prints nanoseconds of a request and its release.

const shm = require('../..');

const [, , which, calls] = process.argv;
const locks = which === 'web' ? navigator.locks : new shm.LockManager(`/shm-bench-locks-${process.pid}`);

async function play(count) {
  for (let i = 0; i < count; i++) await locks.request('free', () => {});
}

async function main() {
  await play(2000);
  const start = process.hrtime();
  await play(Number(calls));
  const [seconds, nanoseconds] = process.hrtime(start);
  console.log((seconds * 1e9 + nanoseconds) / Number(calls));
  if (which === 'this') locks.destroy();
}

main();
