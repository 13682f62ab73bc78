'use strict';
// A FUSE driver: inodes in one object, files in others; a file that grows is destroyed and made anew

const shm = require('shm-typed-array');

const ENOENT = -2;
const name = process.env.SHM_NAME;
const inodes = shm.create(64, 'Uint32Array', name) || shm.get(name, 'Uint32Array');
const files = new Map();
let next = 1;

function open(path) {
  if (!files.has(path)) return null;
  const { key } = files.get(path);
  return shm.get(key, 'Buffer');
}

const operations = {
  create(path, mode, done) {
    const key = `${name}-${next}`;
    const content = shm.create(16, 'Buffer', key, mode);
    files.set(path, { key, number: next });
    inodes[next++] = 0;
    done(content === null ? ENOENT : 0);
  },
  write(path, buffer, position, done) {
    const file = files.get(path);
    let content = open(path);
    if (position + buffer.length > content.length) {
      const old = Buffer.from(content);
      shm.detach(file.key, true);
      content = shm.create(2 * (position + buffer.length), 'Buffer', file.key, '600');
      old.copy(content);
    }
    buffer.copy(content, position);
    inodes[file.number] = Math.max(inodes[file.number], position + buffer.length);
    done(buffer.length);
  },
  read(path, buffer, length, position, done) {
    const content = open(path);
    if (content === null) return done(ENOENT);
    const end = Math.min(inodes[files.get(path).number], position + length);
    return done(content.copy(buffer, 0, position, Math.max(position, end)));
  },
  unlink(path, done) {
    const file = files.get(path);
    if (file === undefined) return done(ENOENT);
    files.delete(path);
    return done(shm.destroy(file.key) ? 0 : ENOENT);
  },
};

const print = (what) => (result) => console.log(what, result);
operations.create('/a', '600', print('create'));
operations.write('/a', Buffer.from('hello'), 0, print('write'));
operations.write('/a', Buffer.from('a world that is larger'), 6, print('write more'));
const buffer = Buffer.alloc(40);
operations.read('/a', buffer, 40, 0, print('read'));
console.log(JSON.stringify(buffer.toString('latin1', 0, 28)), open('/a').length);
operations.read('/b', buffer, 40, 0, print('read nothing'));
operations.unlink('/a', print('unlink'));
operations.unlink('/a', print('unlink again'));
console.log(shm.get(`${name}-1`), shm.detach(name), shm.destroy(name), shm.destroy(name), shm.detachAll());
