'use strict';
// A telemetry reader: polls until the game has made its memory, then reads fields through a DataView

const { fork } = require('child_process');
const shm = require('shm-typed-array');

const name = process.env.SHM_NAME;

if (process.argv[2] === 'game') {
  const page = shm.create(64, 'Uint8Array', name, '666');
  const fields = new DataView(page.buffer, page.byteOffset, page.byteLength);
  fields.setInt32(4, 7250, true);
  fields.setFloat32(8, 61.5, true);
  fields.setFloat64(16, 0.1 + 0.2, true);
  page.set(Buffer.from('spa\0'), 32);
  Atomics.store(page, 0, 1);
  process.on('message', () => {
    console.log('game', fields.getInt32(4, true), shm.destroy(name));
    process.disconnect();
  });
} else {
  const game = fork(__filename, ['game']);
  let polls = 0;
  (function poll() {
    polls++;
    const page = shm.get(name, 'Uint8Array');
    if (page === null || Atomics.load(page, 0) === 0) return setTimeout(poll, 10);
    const fields = new DataView(page.buffer, page.byteOffset, page.byteLength);
    console.log(polls > 1, fields.getInt32(4, true), fields.getFloat32(8, true), fields.getFloat64(16, true));
    console.log(Buffer.from(page.buffer, page.byteOffset + 32, 4).toString().split('\0')[0]);
    fields.setInt32(4, 9000, true);
    game.on('exit', () => console.log('reader', page[32], shm.detach(name), shm.get(name, 'Uint8Array')));
    return game.send('end');
  })();
}
