'use strict';
// A limit of requests by address, exact across all workers of a cluster: none of them asks the master.
//
//   node examples/rate-limit.js [port] [requests] [milliseconds]

const cluster = require('cluster');
const http = require('http');
const shm = require('..');

const [port = '8080', limit = '100', window = '60000'] = process.argv.slice(2);
const name = `/rate-limit-${port}`;

/** Whether an address may have one more answer within this window. */
function mayPass(requests, address) {
  return requests.increment(address, 1, { ttl: Number(window) }) <= Number(limit);
}

if (cluster.isMaster) {
  shm.destroy(name); // what a run that was killed has left
  const requests = new shm.SharedMap(name, { evict: true });
  for (let worker = 0; worker < 4; worker++) cluster.fork();
  cluster.on('exit', () => cluster.fork());
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      requests.destroy();
      process.exit();
    });
  }
} else {
  const requests = new shm.SharedMap(name);
  const server = http.createServer((request, response) => {
    const address = request.headers['x-forwarded-for'] || request.socket.remoteAddress;
    response.writeHead(mayPass(requests, address) ? 200 : 429).end();
  });
  server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
}
