'use strict';
// The same by Redis over a Unix socket, one request after the other: `node redis.js get CALLS` prints nanoseconds a call.

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const KEYS = 100000;
const [, , , calls] = process.argv;
const text = 'x'.repeat(100);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-bench-'));
const place = path.join(folder, 'socket');
const server = spawn('redis-server', ['--port', '0', '--unixsocket', place, '--save', '', '--dir', folder], { stdio: 'ignore' });

const request = (...words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** Sends something, and waits until so many bytes have come back. */
const exchange = (socket, data, bytes) =>
  new Promise((resolve) => {
    let missing = bytes;
    socket.on('data', function hear(chunk) {
      missing -= chunk.length;
      if (missing > 0) return;
      socket.removeListener('data', hear);
      resolve();
    });
    socket.write(data);
  });

async function main() {
  while (!fs.existsSync(place)) await new Promise((resolve) => setTimeout(resolve, 10));
  const socket = net.connect(place);
  const keyOf = (index) => `user:${index}:session`;
  const sets = Array.from({ length: KEYS }, (_, index) => request('SET', keyOf(index), text));
  await exchange(socket, sets.join(''), KEYS * '+OK\r\n'.length);
  const answer = `$${text.length}\r\n${text}\r\n`.length;
  const get = () => exchange(socket, request('GET', keyOf(Math.floor(Math.random() * KEYS))), answer);
  for (let i = 0; i < 1000; i++) await get();
  const start = process.hrtime();
  for (let i = 0; i < Number(calls); i++) await get();
  const [seconds, nanoseconds] = process.hrtime(start);
  console.log((seconds * 1e9 + nanoseconds) / Number(calls));
  socket.destroy();
}

main().finally(() => {
  server.once('exit', () => fs.rmSync(folder, { recursive: true }));
  server.kill();
});
