'use strict';
// A camera server: a recorder writes frames, HTTP clients get the newest one whole, a signal ends it

const { fork } = require('child_process');
const http = require('http');
const shm = require('shm-typed-array');

const SIZE = 320 * 240;
const key = +process.env.SHM_KEY;

function record() {
  const image = shm.get(key, shm.SHMBT_BUFFER);
  let number = 0;
  process.on('message', () => {
    image.fill(++number);
    image.writeUInt32BE(number, 0);
    process.send(number);
  });
  process.on('SIGTERM', () => {
    console.log('recorder', shm.detach(key));
    process.exit(0);
  });
  process.send('ready');
}

function serve() {
  const frame = shm.create(SIZE, 'Buffer', key);
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'image/x-raw', 'content-length': frame.length });
    response.end(request.url === '/whole' ? Buffer.from(frame.buffer, frame.byteOffset) : frame);
  });
  const fetch = (path) =>
    new Promise((resolve) => {
      http.get({ port: server.address().port, path, agent: false }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks)));
      });
    });
  const recorder = fork(__filename, ['record']);
  recorder.on('message', async (message) => {
    if (message === 'ready') return recorder.send('next');
    const [image, whole] = [await fetch('/frame'), await fetch('/whole')];
    console.log(message, image.length, image.readUInt32BE(0), image[SIZE - 1], whole.equals(image));
    if (message < 3) return recorder.send('next');
    return recorder.kill('SIGTERM');
  });
  recorder.on('exit', (code, signal) => {
    console.log('recorder ended', code, signal);
    server.close();
    process.kill(process.pid, 'SIGINT');
  });
  process.on('SIGINT', () => {
    console.log('SIGINT', shm.detachAll(), shm.getTotalSize());
    process.exit(3);
  });
  server.listen(0);
}

if (process.argv[2] === 'record') record();
else serve();
