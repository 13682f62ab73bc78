'use strict';
// A primary hands the key to a worker by its environment, and ends it with SIGINT

const cluster = require('cluster');
const shm = require('shm-typed-array');

if (cluster.isMaster) {
  const buffer = shm.create(4096);
  const child = cluster.fork({ KEY_OF_SHM: buffer.key });
  child.on('message', (message) => {
    console.log(message, buffer.toString('utf8', 0, 8), buffer[4095]);
    child.process.kill('SIGINT');
  });
  child.on('exit', (code, signal) => {
    console.log(code, signal);
    console.log(shm.detach(buffer.key), shm.get(buffer.key));
  });
  buffer.write('hi there');
} else {
  const key = parseInt(process.env.KEY_OF_SHM, 10);
  const buffer = shm.get(key);
  buffer[4095] = 7;
  process.send(`${buffer.toString('utf8', 0, 8)}, ${buffer.length}, ${shm.getTotalSize()}, ${shm.getTotalCreatedSize()}`);
  setInterval(() => {}, 1000);
}
