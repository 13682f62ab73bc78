'use strict';
// What detach, destroy and detachAll return, with and without other processes

const { fork } = require('child_process');
const shm = require('shm-typed-array');

const key = +process.env.SHM_KEY;
const name = process.env.SHM_NAME;

if (process.argv[2] === 'other') {
  const arrays = [shm.get(key), shm.get(name)];
  process.send(arrays.map((array) => array.length));
  process.on('message', () => {});
} else {
  console.log(shm.detach(key), shm.detach(name), shm.destroy(key), shm.destroy(name), shm.detachAll());
  shm.create(10, 'Buffer', key);
  shm.create(10, 'Buffer', name);
  console.log(shm.getTotalSize(), shm.getTotalCreatedSize());
  const other = fork(__filename, ['other']);
  other.on('message', (lengths) => {
    console.log(lengths, 'detach', shm.detach(key), shm.detach(name));
    console.log('destroy', shm.destroy(key), shm.destroy(name), shm.get(key), shm.get(name));
    shm.create(20, 'Float64Array', key);
    shm.create(20, 'Float64Array', name);
    console.log('detachAll', shm.detachAll(), shm.get(key), shm.get(name).length);
    console.log(shm.detach(name, true), shm.detachAll());
    other.kill();
  });
  other.on('exit', () => console.log('left', shm.get(key), shm.get(name)));
}
