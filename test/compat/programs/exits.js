'use strict';
// Ways to exit: by itself, by process.exit, by signals with and without a handler, by an exception, with an exit handler

const { spawn } = require('child_process');
const shm = require('shm-typed-array');

const key = +process.env.SHM_KEY;
const name = process.env.SHM_NAME;

const ways = {
  itself() {},
  exit: () => process.exit(4),
  exception() {
    throw new Error('on purpose');
  },
  killed: () => process.kill(process.pid, 'SIGKILL'),
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  handled() {
    process.on('SIGTERM', () => {
      console.log('detached', shm.detachAll());
      process.exit(5);
    });
    process.kill(process.pid, 'SIGTERM');
    setInterval(() => {}, 1000);
  },
  handler() {
    process.on('exit', () => {
      console.log('handler', shm.destroy(key), shm.destroy(name), shm.getTotalSize());
    });
  },
};

async function main() {
  for (const way of Object.keys(ways)) {
    const child = spawn(process.execPath, [__filename, way], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    const [code, signal] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
    const segment = shm.get(key);
    const object = shm.get(name);
    console.log(way, code, signal, JSON.stringify(output), 'segment', segment && segment[0], 'object', object && object[0]);
    shm.destroy(key);
    shm.destroy(name);
  }
}

if (process.argv[2] === undefined) {
  main();
} else {
  shm.create(100, 'Buffer', key)[0] = 1;
  shm.create(100, 'Buffer', name)[0] = 2;
  ways[process.argv[2]]();
}
