'use strict';
// The calls that 0.1.0 had for objects: createPosix, getPosix, detachPosix; names without a slash; permissions

const fs = require('fs');
const shm = require('shm-typed-array');

const name = process.env.SHM_NAME;
const array = shm.createPosix(name, 5, 'Int16Array', '640');
const mode = () => (fs.existsSync('/dev/shm') ? (fs.statSync(`/dev/shm${name}`).mode & 0o777).toString(8) : null);
console.log(array.length, shm.createPosix(name, 5, 'Int16Array'), mode());
shm.getPosix(name, 'Int16Array')[4] = -3;
console.log(array[4], shm.getPosix(name).length, shm.getPosix(`${name}-none`));
console.log(shm.detachPosix(name), shm.detachPosix(name, true), shm.detachPosix(name), shm.getPosix(name));
const plain = shm.create(4, 'Buffer', name.slice(1), '600');
console.log(plain.length, mode(), shm.get(name).length, shm.destroy(name.slice(1)));
shm.create(4, 'Buffer', name, 600);
console.log(mode(), shm.destroy(name));
shm.create(4, 'Buffer', name, undefined);
console.log(mode(), shm.destroy(name));
