'use strict';
// A limit of requests by address, exact across all workers of a cluster: none of them asks the master.
//
//   node examples/rate-limit.js [port] [requests] [milliseconds] [proxies]
//
// `proxies` are the addresses of your own reverse proxies, such as 127.0.0.1,10.0.0.5. Only they are believed when they
// say in X-Forwarded-For whose request it is: every client can send that header, with another address each time.

const cluster = require('cluster');
const http = require('http');
const { isIP } = require('net');
const shm = require('shm-typed-array');

const [port = '8080', limit = '100', window = '60000', proxies = ''] = process.argv.slice(2);
const name = `/rate-limit-${port}`;
const trusted = new Set(proxies.split(',').filter(Boolean));

const plain = (address) => address.replace(/^::ffff:/, '');

/** The client's address: the last one that was not added by a proxy of ours. */
function addressOf(request) {
  let address = plain(request.socket.remoteAddress || '');
  const forwarded = String(request.headers['x-forwarded-for'] || '').split(',');
  while (trusted.has(address) && forwarded.length > 0) {
    const next = plain(forwarded.pop().trim());
    if (isIP(next) === 0) break; // not an address, whatever it is: the proxy's own counts
    address = next;
  }
  return address;
}

/** Whether an address may have one more answer within this window. */
function mayPass(requests, address) {
  return requests.increment(address, 1, { ttl: Number(window) }) <= Number(limit);
}

if (cluster.isMaster) {
  const requests = new shm.SharedMap(name, { evict: true });
  requests.clear(); // what a run that was killed has left
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
    response.writeHead(mayPass(requests, addressOf(request)) ? 200 : 429).end();
  });
  server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
}
