'use strict';
// Two processes share a Buffer and an array of 100 million floats.
//
//   node examples/cluster.js          as System V segments
//   node examples/cluster.js posix    as POSIX objects

const cluster = require('cluster');
const shm = require('shm-typed-array');

const STEP = 500; // milliseconds

if (cluster.isMaster) master();
else worker();

function master() {
  const keys = process.argv[2] === 'posix' ? [`/example-buf-${process.pid}`, `/example-arr-${process.pid}`] : [];
  const buf = shm.create(4096, 'Buffer', keys[0]); // 4 KB
  const arr = shm.create(1000000 * 100, 'Float32Array', keys[1]); // 100M floats
  buf[0] = 1;
  arr[0] = 10.0;
  console.log('Two processes share a Buffer and 100 million floats.');
  // Later than what the package prints at exit, whose listener is there since the first create.
  process.on('exit', () => console.log('The worker shows null where it has detached arr: an array is empty from then on.'));
  console.log('[Master] Typeof buf:', buf.constructor.name, 'Typeof arr:', arr.constructor.name);

  const child = cluster.fork();
  child.on('online', () => child.send({ msg: 'shm', bufKey: keys[0] || buf.key, arrKey: keys[1] || arr.key }));
  // The worker has both now.
  child.once('message', () => {
    let i = 0;
    const timer = setInterval(() => {
      buf[0] += 1;
      arr[0] /= 2;
      console.log(`${i} [Master] Set buf[0]=`, buf[0], ' arr[0]=', arr[0]);
      i++;
      if (i < 5) {
        child.send({ msg: 'look' });
      } else {
        clearInterval(timer);
        child.send({ msg: 'exit' });
      }
    }, STEP);
  });
  // The worker leaves first, so that this process is the last one attached and its exit destroys
  // the segments. Objects stay until somebody destroys them.
  child.on('exit', () => {
    keys.forEach((key) => shm.destroy(key));
    process.exit();
  });
}

function worker() {
  let buf, arr, arrKey;
  let i = 0;
  process.on('message', (data) => {
    if (data.msg === 'shm') {
      arrKey = data.arrKey;
      buf = shm.get(data.bufKey);
      arr = shm.get(arrKey, 'Float32Array');
      console.log('[Worker] Typeof buf:', buf.constructor.name, 'Typeof arr:', arr.constructor.name);
      process.send({ msg: 'got' });
    } else if (data.msg === 'look') {
      console.log(`${i} [Worker] Get buf[0]=`, buf[0], ' arr[0]=', arr ? arr[0] : null);
      i++;
      if (i === 2) {
        shm.detach(arrKey);
        arr = null; // it is empty by now
      }
    } else {
      process.exit();
    }
  });
}
